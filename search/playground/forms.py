"""What the playground's page is asked for, in the address: the search, and one or two ways to do it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from unfold.widgets import (
    BASE_INPUT_CLASSES,
    SELECT_CLASSES,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from catalog.models import Store
from search.api.parameters import FUSIONS, MAX_FILTER_LENGTH, MAX_TEXT_LENGTH, MODES
from search.models import IndexVersion
from search.rules.records import Preset

SIDES = ("a", "b")
PER_PAGE = 24
# What the page itself states of a search; the further parameters are about how it is done.
_STATED = {"q", "image", "filters", "filter_by", "facet_by", "page", "per_page", "search_id", "explain"}
# The settings that are numbers: their steps, and what stands in an empty field.
_NUMBERS = (
    ("text_weight", "0.1", "1"),
    ("image_weight", "0.1", "1"),
    ("lexical_weight", "0.1", "as measured"),
    ("vector_weight", "0.1", "as measured"),
    ("diversity", "0.05", "0"),
    ("min_confidence", "0.01", "floor"),
)
_INPUT = {"class": " ".join(BASE_INPUT_CLASSES)}


class VersionField(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.collection} ({obj.state}, {obj.model_name})"


class SideForm(forms.Form):
    """One way to search."""

    preset = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget(), label="Preset")
    mode = forms.ChoiceField(
        choices=[(mode, mode) for mode in MODES], required=False, widget=UnfoldAdminSelectWidget(), label="Mode"
    )
    text_weight = forms.FloatField(min_value=0, max_value=10, required=False, label="Weight of words")
    image_weight = forms.FloatField(min_value=0, max_value=10, required=False, label="Weight of photo")
    fusion = forms.ChoiceField(
        choices=[("", "As usual"), *((name, name) for name in FUSIONS)],
        required=False,
        widget=UnfoldAdminSelectWidget(),
        label="Fusion",
    )
    lexical_weight = forms.FloatField(min_value=0, max_value=10, required=False, label="Words' route")
    vector_weight = forms.FloatField(min_value=0, max_value=10, required=False, label="Vectors' route")
    diversity = forms.FloatField(min_value=0, max_value=1, required=False, label="Diversity")
    min_confidence = forms.FloatField(min_value=0, max_value=1, required=False, label="Least confidence")
    version = VersionField(
        IndexVersion.objects.none(),
        required=False,
        empty_label="The live one",
        widget=UnfoldAdminSelectWidget(),
        label="Index version",
    )
    more = forms.CharField(
        max_length=2000,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": '{"match": "all"}', "spellcheck": "false"}),
        label="Further parameters",
    )

    def __init__(self, *args: Any, presets: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        preset: Any = self.fields["preset"]
        preset.choices = [("", "None"), *((name, name) for name in presets)]
        field: Any = self.fields["version"]
        field.queryset = IndexVersion.objects.order_by("-pk")
        for name, step, empty in _NUMBERS:
            self.fields[name].widget.attrs |= _INPUT | {"step": step, "placeholder": empty}

    def clean_more(self) -> dict[str, Any]:
        text = self.cleaned_data["more"].strip()
        if not text:
            return {}
        try:
            stated = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(f"This is not JSON: {error}.") from error
        if not isinstance(stated, dict):
            raise forms.ValidationError('Give an object, such as {"match": "all"}.')
        if taken := sorted(_STATED & stated.keys()):
            raise forms.ValidationError(f"{', '.join(taken)}: the page states that itself.")
        return stated

    def fields_of_request(self) -> dict[str, Any]:
        """The request's fields for this way, of a valid form."""
        plain = {name: self.cleaned_data[name] for name, _, _ in _NUMBERS}
        chosen = {name: self.cleaned_data[name] for name in ("preset", "mode", "fusion")}
        return {
            **{name: value for name, value in chosen.items() if value},
            **{name: value for name, value in plain.items() if value is not None},
            **self.cleaned_data["more"],
        }


class AskedForm(forms.Form):
    """What is searched for, and where."""

    store = forms.ModelChoiceField(
        Store.objects.none(), to_field_name="slug", empty_label=None, widget=UnfoldAdminSelectWidget(), label="Store"
    )
    q = forms.CharField(
        max_length=MAX_TEXT_LENGTH,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "search", "autocomplete": "off"}),
        label="Words",
    )
    like = forms.CharField(
        max_length=120, required=False, widget=UnfoldAdminTextInputWidget(), label="Like the product (SKU)"
    )
    filter_by = forms.CharField(
        max_length=MAX_FILTER_LENGTH,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "category:=shoes && price:[20..80]"}),
        label="Filters",
    )
    photo = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    box = forms.CharField(max_length=80, required=False, widget=forms.HiddenInput)
    into = forms.CharField(max_length=80, required=False, widget=forms.HiddenInput)
    compare = forms.BooleanField(required=False, widget=UnfoldBooleanSwitchWidget(), label="Compare with another way")

    def __init__(self, data: Mapping[str, Any], *, stores: QuerySet[Store]) -> None:
        super().__init__(data)
        field: Any = self.fields["store"]
        field.queryset = stores


@dataclass(frozen=True, slots=True)
class PlaygroundForms:
    """The page's forms over one address: what is asked, and the two ways."""

    asked: AskedForm
    sides: tuple[SideForm, SideForm]

    @property
    def is_valid(self) -> bool:
        return all([self.asked.is_valid(), self.sides[0].is_valid(), not self.is_compared or self.sides[1].is_valid()])

    @property
    def is_compared(self) -> bool:
        return self.asked.is_valid() and bool(self.asked.cleaned_data["compare"])

    @property
    def shown_sides(self) -> tuple[SideForm, ...]:
        return self.sides if self.is_compared else self.sides[:1]

    def request_of(self, side: SideForm) -> dict[str, Any]:
        """The search API's request for this way, of valid forms."""
        asked = self.asked.cleaned_data
        data: dict[str, Any] = {"per_page": PER_PAGE, "explain": True, **side.fields_of_request()}
        named: dict[str, Any] = {"id": asked["photo"]} if asked["photo"] else {"product": asked["like"]}
        photo = (
            {**named, **({"box": asked["box"]} if asked["box"] else {})} if asked["photo"] or asked["like"] else None
        )
        stated = {"q": asked["q"], "filter_by": asked["filter_by"], "image": photo}
        # Parts take the place of words and photo, and may be among the further parameters.
        return data | {name: value for name, value in stated.items() if value}


def read_forms(data: QueryDict, *, stores: QuerySet[Store]) -> PlaygroundForms:
    """The forms as the address states them; the first store where it names none."""
    stated = data.copy()
    if not stated.get("store"):
        stated["store"] = stores.values_list("slug", flat=True).first() or ""
    asked = AskedForm(stated, stores=stores)
    store = asked.cleaned_data.get("store") if asked.is_valid() else None
    presets = list(Preset.objects.filter(store=store).values_list("name", flat=True)) if store else []
    one, other = (SideForm(stated, prefix=side, presets=presets) for side in SIDES)
    return PlaygroundForms(asked, (one, other))


__all__ = ["PER_PAGE", "SELECT_CLASSES", "AskedForm", "PlaygroundForms", "SideForm", "read_forms"]
