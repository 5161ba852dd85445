"""Rules, synonyms and presets as merchandisers edit them."""

from __future__ import annotations

import base64
from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import StackedInline

from catalog.admin.decorators import display
from catalog.admin.photos import thumbnail
from catalog.admin.scope import ScopedAutocompleteFilter, StoreScopedAdmin
from search.rules.forms import ActionForm, PresetForm, RuleForm, SynonymForm, TriggerForm
from search.rules.preview_page import preview_page, preview_unsaved
from search.rules.records import Preset, Rule, RuleAction, RuleTrigger, StoreValue, Synonym
from search.rules.stating import ACTION_FIELDS, TRIGGER_FIELDS
from search.rules.telling import told_action, told_trigger

_THINGS = ("category", "brand", "value__attribute")


@admin.register(StoreValue)
class StoreValueAdmin(StoreScopedAdmin):
    """Offers attribute values to rules' forms; they are edited with their attribute."""

    store_path = "attribute__store"
    search_fields = ["label", "code", "attribute__label"]
    ordering = ["attribute__label", "label"]
    list_select_related = ["attribute"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[StoreValue]:
        rows: QuerySet[StoreValue] = super().get_queryset(request)
        return rows.select_related("attribute")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("search.view_rule"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("catalog.delete_attributevalue"))


class RowInline(StackedInline):  # type: ignore[misc]
    extra = 0
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("rule__store", *_THINGS)

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """At least one row, and no buttons that lead away from the rule."""
        kwargs |= {"min_num": 1, "validate_min": True, "extra": 0}
        formset = super().get_formset(request, obj, **kwargs)
        for field in formset.form.base_fields.values():
            for button in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
                if hasattr(field.widget, button):
                    setattr(field.widget, button, False)
        return formset


class TriggerInline(RowInline):
    model = RuleTrigger
    form = TriggerForm
    verbose_name_plural = "When all of this holds"
    autocomplete_fields = ["category", "brand", "value"]
    fields = [
        "kind",
        "match",
        "words",
        "category",
        "brand",
        "value",
        "field",
        "colours",
        "upload",
        "shown_photo",
        "threshold",
    ]
    readonly_fields = ["shown_photo"]

    @display(description="reference")
    def shown_photo(self, trigger: RuleTrigger) -> SafeString | str:
        if not trigger.photo:
            return "-"
        return thumbnail(f"data:image/jpeg;base64,{base64.b64encode(bytes(trigger.photo)).decode()}", size_px=88)


class ActionInline(RowInline):
    model = RuleAction
    form = ActionForm
    verbose_name_plural = "Do all of this"
    autocomplete_fields = ["product", "category", "brand", "value"]
    fields = [
        "kind",
        "product",
        "position",
        "category",
        "brand",
        "value",
        "factor",
        "words",
        "text",
        "filter_by",
        "banner",
    ]


@admin.register(Rule)
class RuleAdmin(StoreScopedAdmin):
    """Rules with what they ask and do as rows, and a preview of what they change."""

    form = RuleForm
    store_path = "store"
    change_form_after_template = "search/rule_form_after.html"
    list_before_template = "search/rule_list_before.html"
    list_display = ["shown_name", "shown_triggers", "shown_actions", "priority", "shown_state", "store"]
    list_display_links = ["shown_name"]
    list_filter = ["is_enabled", ["store", ScopedAutocompleteFilter]]
    search_fields = ["name"]
    list_fullwidth = True
    inlines = [TriggerInline, ActionInline]
    fieldsets = [
        (None, {"fields": ["store", "name", ("priority", "is_enabled")]}),
        (
            "Only at times",
            {
                "fields": [("starts_at", "ends_at"), "weekdays", ("from_time", "until_time")],
                "classes": ["collapse"],
                "description": "Dates are in UTC.",
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rule]:
        rows: QuerySet[Rule] = super().get_queryset(request)
        triggers = RuleTrigger.objects.select_related(*_THINGS).defer("photo", "vector")
        actions = RuleAction.objects.select_related("product", *_THINGS)
        return rows.select_related("store").prefetch_related(
            Prefetch("triggers", queryset=triggers), Prefetch("actions", queryset=actions)
        )

    def get_urls(self) -> list[URLPattern]:
        own = [path("preview/", self.admin_site.admin_view(self.preview), name="search_rule_preview")]
        return [*own, *super().get_urls()]

    def preview(self, request: HttpRequest) -> HttpResponse:
        return preview_page(self, request)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        context = {
            **(extra_context or {}),
            "rule_fields": {
                "triggers": TRIGGER_FIELDS | {"similar": ("threshold", "upload", "shown_photo")},
                "actions": ACTION_FIELDS,
            },
            "preview_attrs": {"formtarget": "_blank"},
        }
        return super().changeform_view(request, object_id, form_url, context)

    def response_add(self, request: HttpRequest, obj: Rule, post_url_continue: str | None = None) -> HttpResponse:
        if "_preview" in request.POST:
            return self._preview_unsaved(request, obj)
        answer: HttpResponse = super().response_add(request, obj, post_url_continue)
        return answer

    def response_change(self, request: HttpRequest, obj: Rule) -> HttpResponse:
        if "_preview" in request.POST:
            return self._preview_unsaved(request, obj)
        answer: HttpResponse = super().response_change(request, obj)
        return answer

    def _preview_unsaved(self, request: HttpRequest, obj: Rule) -> HttpResponse:
        """The form was saved as far as this transaction goes; it is taken back when the page is made."""
        answer = preview_unsaved(self, request, obj)
        transaction.set_rollback(True)
        return answer

    @display(description="rule", ordering="name")
    def shown_name(self, rule: Rule) -> SafeString:
        return format_html('<strong class="font-medium">{}</strong>', rule.name)

    @display(description="when")
    def shown_triggers(self, rule: Rule) -> str:
        return " and ".join(told_trigger(row) for row in rule.triggers.all())

    @display(description="then")
    def shown_actions(self, rule: Rule) -> str:
        return ", ".join(told_action(row) for row in rule.actions.all())

    @display(description="state", ordering="is_enabled", label={"on": "success", "off": "info"})
    def shown_state(self, rule: Rule) -> str:
        return "on" if rule.is_enabled else "off"


@admin.register(Synonym)
class SynonymAdmin(StoreScopedAdmin):
    form = SynonymForm
    store_path = "store"
    list_display = ["shown_phrases", "direction", "is_enabled", "store", "updated_at"]
    list_display_links = ["shown_phrases"]
    list_filter = ["direction", "is_enabled", ["store", ScopedAutocompleteFilter]]
    list_select_related = ["store"]
    search_fields = ["typed", "phrases"]
    fields = ["store", "direction", "typed", "phrases", "is_enabled"]
    conditional_fields = {"typed": "direction == 'one_way'"}

    @display(description="synonym", ordering="phrases")
    def shown_phrases(self, row: Synonym) -> str:
        return str(row)


@admin.register(Preset)
class PresetAdmin(StoreScopedAdmin):
    form = PresetForm
    store_path = "store"
    list_display = ["name", "description", "store", "updated_at"]
    list_filter = [["store", ScopedAutocompleteFilter]]
    list_select_related = ["store"]
    search_fields = ["name", "description"]
    fields = ["store", "name", "description", "parameters"]
