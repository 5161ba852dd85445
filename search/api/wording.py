"""Synonyms and presets over REST."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from search.api.fields import StrictSerializer
from search.api.presets import check_parameters
from search.api.record_docs import described_item, described_list
from search.api.records import ItemView, ListView, RecordsOfStore
from search.errors import InvalidQuery
from search.rules.records import MAX_PHRASE, MAX_PHRASES, Preset, Synonym, SynonymDirection
from search.rules.synonyms import checked

MAX_SYNONYMS = 10_000


class SynonymIn(StrictSerializer):
    """Phrases that find the same; the first of `phrases` is the one that photos are compared with."""

    direction = serializers.ChoiceField(choices=SynonymDirection.choices, default=SynonymDirection.TWO_WAY)
    typed = serializers.CharField(
        max_length=MAX_PHRASE, default="", allow_blank=True, help_text="one_way: what shoppers type."
    )
    phrases = serializers.ListField(
        child=serializers.CharField(max_length=MAX_PHRASE), min_length=1, max_length=MAX_PHRASES
    )
    is_enabled = serializers.BooleanField(default=True)


class SynonymOut(SynonymIn):
    id = serializers.IntegerField()


class SynonymListOut(serializers.Serializer[Any]):
    found = serializers.IntegerField()
    page = serializers.IntegerField()
    per_page = serializers.IntegerField()
    synonyms = SynonymOut(many=True)


class PresetIn(StrictSerializer):
    """A name, and the fields of a search that it stands for."""

    name = serializers.CharField(max_length=60)
    description = serializers.CharField(max_length=200, default="", allow_blank=True)
    parameters = serializers.DictField(help_text="Any fields of a search but q, image, parts, page and search_id.")


class PresetOut(PresetIn):
    id = serializers.IntegerField()


class PresetListOut(serializers.Serializer[Any]):
    found = serializers.IntegerField()
    page = serializers.IntegerField()
    per_page = serializers.IntegerField()
    presets = PresetOut(many=True)


class _Synonyms(RecordsOfStore[Synonym]):
    name, plural, max_records = "synonym", "synonyms", MAX_SYNONYMS

    def rows(self) -> QuerySet[Synonym]:
        return Synonym.objects.filter(store=self.store()).select_related("store")

    def shown(self, row: Synonym) -> dict[str, Any]:
        return {
            "id": row.pk,
            "direction": row.direction,
            "typed": row.typed,
            "phrases": row.phrases,
            "is_enabled": row.is_enabled,
        }

    def written(self, data: Mapping[str, Any], row: Synonym | None, *, is_partial: bool = False) -> Synonym:
        stated = _valid(SynonymIn, data, is_partial=is_partial)
        row = row or Synonym(store=self.store())
        for name, value in stated.items():
            setattr(row, name, value)
        row.full_clean(exclude=["store"])
        checked(row).save()
        return row


class _Presets(RecordsOfStore[Preset]):
    name, plural = "preset", "presets"

    def rows(self) -> QuerySet[Preset]:
        return Preset.objects.filter(store=self.store())

    def shown(self, row: Preset) -> dict[str, Any]:
        return {"id": row.pk, "name": row.name, "description": row.description, "parameters": row.parameters}

    def written(self, data: Mapping[str, Any], row: Preset | None, *, is_partial: bool = False) -> Preset:
        stated = _valid(PresetIn, data, is_partial=is_partial)
        if "parameters" in stated:
            try:
                check_parameters(self.store(), stated["parameters"])
            except InvalidQuery as error:
                field = f"parameters.{error.field}" if error.field else "parameters"
                raise ValidationError({field: [error.message]}) from error
        row = row or Preset(store=self.store())
        for name, value in stated.items():
            setattr(row, name, value)
        row.full_clean(exclude=["store"])
        row.save()
        return row


def _valid(shape: type[StrictSerializer], data: Mapping[str, Any], *, is_partial: bool) -> dict[str, Any]:
    serializer = shape(data=data, partial=is_partial)
    serializer.is_valid(raise_exception=True)
    stated: dict[str, Any] = serializer.validated_data
    return stated


_SYNONYM = {"direction": "two_way", "phrases": ["sneakers", "running shoes", "trainers"]}
_PRESET = {"name": "summer-sale", "parameters": {"filter_by": "price:[..50]", "facet_by": "color", "per_page": 48}}


@described_list("synonym", stated=SynonymIn, shown=SynonymOut, listed=SynonymListOut, example=_SYNONYM)
class SynonymListView(_Synonyms, ListView[Synonym]):
    """The store's synonyms, and a new one."""


@described_item("synonym", stated=SynonymIn, shown=SynonymOut)
class SynonymView(_Synonyms, ItemView[Synonym]):
    """One synonym."""


@described_list("preset", stated=PresetIn, shown=PresetOut, listed=PresetListOut, example=_PRESET)
class PresetListView(_Presets, ListView[Preset]):
    """The store's presets, and a new one."""


@described_item("preset", stated=PresetIn, shown=PresetOut)
class PresetView(_Presets, ItemView[Preset]):
    """One preset."""
