"""What an answer says of itself: corrections, interpretations, rules, checks, and why it is as it is."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class CorrectionOut(serializers.Serializer[Any]):
    word = serializers.CharField(help_text="As typed.")
    corrected = serializers.CharField()


class SpellingOut(serializers.Serializer[Any]):
    """Words that match nothing in the store, and the nearest ones of its own vocabulary."""

    q = serializers.CharField(help_text="As asked; with typo_tolerance=false it is searched as it is.")
    corrected_q = serializers.CharField()
    is_applied = serializers.BooleanField(help_text="The hits are of corrected_q; false: it is only offered.")
    corrections = CorrectionOut(many=True)


class InterpretationOut(serializers.Serializer[Any]):
    """Words that were taken for a value of a field: such products come first, others stay."""

    field = serializers.CharField(help_text="category, brand or an attribute's code.")
    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    words = serializers.CharField(help_text="Of the query.")
    filter_by = serializers.CharField(help_text="Asks for such products alone.")


class AppliedRuleOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    actions = serializers.ListField(child=serializers.CharField(), help_text="Their kinds: pin, boost, bury, hide ...")


class RouteFactsOut(serializers.Serializer[Any]):
    route = serializers.CharField()
    size = serializers.IntegerField(help_text="Products of the pool that it found.")
    is_calibrated = serializers.BooleanField()
    floor = serializers.FloatField(
        allow_null=True, help_text="The confidence that it was cut at; null: nothing was cut."
    )


class PartFactsOut(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="text, image or product.")
    text = serializers.CharField()
    weight = serializers.FloatField()


class ExplanationOut(serializers.Serializer[Any]):
    """The search as it was understood and done; timings_ms and index are the answer's own."""

    routes = RouteFactsOut(many=True)
    parts = PartFactsOut(many=True)
    text = serializers.CharField(help_text="As it was searched, after rules and corrections.")
    words = serializers.ListField(child=serializers.CharField(), help_text="Each word or phrase looked for.")
    filter_by = serializers.CharField(help_text="The filters that were searched under.")
    pool_size = serializers.IntegerField(help_text="Products in the list that pages are read from.")
    hidden_count = serializers.IntegerField(help_text="Products that rules hide from this search.")
    pinned_count = serializers.IntegerField(help_text="Products that rules put in a place.")
    fusion = serializers.CharField(help_text="How the routes became one order: weighted or rrf.")
    rrf_constant = serializers.IntegerField(help_text="Of reciprocal rank fusion.")
    collapse = serializers.CharField()
    diversity = serializers.FloatField()


class ModifierCheckOut(serializers.Serializer[Any]):
    """Whether the best hits have what the words beside a photo ask for."""

    words = serializers.CharField()
    kind = serializers.CharField(
        help_text="attribute: by what the products state; zero-shot: by what the photos look like."
    )
    passed = serializers.IntegerField()
    checked = serializers.IntegerField()
