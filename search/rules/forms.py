"""The admin's forms of rules, synonyms and presets: lists as commas, colours as choices, a photo as a file."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelect2MultipleWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from catalog.admin.scope import FixedStoreForm
from search.api.presets import check_parameters
from search.colour.bins import BINS
from search.errors import InvalidImage, InvalidQuery
from search.images import decode_image
from search.query_images import MAX_SIDE
from search.rules.records import WEEKDAYS, Preset, Rule, RuleAction, RuleTrigger, Synonym
from search.rules.synonyms import checked
from search.rules.writing import keep_photo

ACCEPTED_TYPES = "image/jpeg,image/png,image/webp,image/gif,image/bmp,image/tiff,image/avif"


class JsonField(forms.JSONField):
    """JSON whose nothing is an empty field."""

    def prepare_value(self, value: Any) -> Any:
        return "" if value in (None, {}) else super().prepare_value(value)

    def clean(self, value: Any) -> Any:
        return super().clean(value) or {}


def _json_field(**facts: Any) -> JsonField:
    return JsonField(required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}), **facts)


class RuleForm(FixedStoreForm):
    weekdays = forms.MultipleChoiceField(
        required=False,
        choices=[(day, day.capitalize()) for day in WEEKDAYS],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="None chosen: every day. Days and hours are of the store's time zone.",
    )

    class Meta:
        model = Rule
        fields = (
            "store",
            "name",
            "is_enabled",
            "priority",
            "starts_at",
            "ends_at",
            "weekdays",
            "from_time",
            "until_time",
        )


class TriggerForm(forms.ModelForm):  # type: ignore[type-arg]
    colours = forms.MultipleChoiceField(
        required=False,
        choices=[(found.name, found.label) for found in BINS],
        widget=UnfoldAdminSelect2MultipleWidget,
        help_text="Any of them will do.",
    )
    upload = forms.FileField(
        label="photo",
        required=False,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ACCEPTED_TYPES}),
        help_text="Kept small; another file takes its place.",
    )

    class Meta:
        model = RuleTrigger
        fields = ("kind", "match", "words", "category", "brand", "value", "field", "colours", "threshold")
        widgets = {"words": UnfoldAdminTextInputWidget}

    def clean_upload(self) -> None:
        """Keep an uploaded photo with the condition."""
        file = self.cleaned_data.get("upload")
        if not isinstance(file, UploadedFile):
            return
        try:
            keep_photo(self.instance, decode_image(file.read(), max_side=MAX_SIDE))
        except InvalidImage as error:
            raise forms.ValidationError(error.message) from error

    def _update_errors(self, errors: ValidationError) -> None:
        """The model knows the photo by its column."""
        if hasattr(errors, "error_dict") and "photo" in errors.error_dict:
            errors.error_dict["upload"] = errors.error_dict.pop("photo")
        super()._update_errors(errors)  # type: ignore[misc]


class ActionForm(forms.ModelForm):  # type: ignore[type-arg]
    banner = _json_field(help_text='What the shop page shall get, such as {"title": "Sale", "url": "/sale"}.')

    class Meta:
        model = RuleAction
        fields = (
            "kind",
            "product",
            "position",
            "factor",
            "category",
            "brand",
            "value",
            "words",
            "text",
            "filter_by",
            "banner",
        )
        widgets = {"words": UnfoldAdminTextInputWidget}
        labels = {"category": "or category", "brand": "or brand", "value": "or attribute value"}


class SynonymForm(FixedStoreForm):
    class Meta:
        model = Synonym
        fields = ("store", "direction", "typed", "phrases", "is_enabled")
        widgets = {"phrases": UnfoldAdminTextInputWidget}

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        try:
            checked(self.instance)
        except ValidationError as error:
            self._update_errors(error)  # type: ignore[attr-defined]


class PresetForm(FixedStoreForm):
    parameters = _json_field(
        help_text='Fields of a search with their values, such as {"per_page": 48, "sort_by": "newest"}. What a request '
        "states itself counts before them."
    )

    class Meta:
        model = Preset
        fields = ("store", "name", "description", "parameters")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        parameters, store = cleaned.get("parameters"), cleaned.get("store")
        if store is None or parameters is None:
            return cleaned
        if not isinstance(parameters, dict):
            self.add_error("parameters", "Give a JSON object.")
            return cleaned
        try:
            check_parameters(store, parameters)
        except InvalidQuery as error:
            self.add_error("parameters", f"{error.field}: {error.message}" if error.field else error.message)
        return cleaned


class PreviewForm(forms.Form):
    """What is asked in a preview, and which rules are tried."""

    words = forms.CharField(required=False, max_length=500, widget=UnfoldAdminTextInputWidget)
    photo = forms.FileField(required=False, widget=UnfoldAdminFileFieldWidget(attrs={"accept": ACCEPTED_TYPES}))
    filter_by = forms.CharField(
        required=False,
        max_length=4000,
        label="Filters",
        widget=UnfoldAdminTextInputWidget,
        help_text="As a search's filter_by, such as category:=shoes",
    )
    rules = forms.TypedMultipleChoiceField(
        required=False, coerce=int, label="Rules to try", widget=UnfoldAdminSelect2MultipleWidget
    )

    def __init__(self, *args: Any, choices: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["rules"]
        assert isinstance(field, forms.TypedMultipleChoiceField)  # noqa: S101  (it is declared above)
        field.choices = choices
