"""A merchandiser's yes or no to suggestions: the only way by which one reaches a product."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from catalog.importing.records import Record
from catalog.models import Category, Product, Store
from catalog.products import ProductRefused, write_product
from search.attributes.targets import CATEGORY
from search.models import AttributeSuggestion, SuggestionStatus

# Accepted together: the store's lock is held, and its imports wait, no longer than these take.
BATCH = 100


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of accepted suggestions: written, outdated because the product was changed since, or refused."""

    written: int
    outdated: int
    refused: tuple[str, ...]


def accept(suggestions: QuerySet[AttributeSuggestion], *, user: AbstractBaseUser) -> Accepted:
    """Write the waiting ones to their products, as an import would. Doing it again does nothing.

    A product that no longer says what it said then is left as it is, and the suggestion dropped.
    """
    rows = suggestions.filter(status=SuggestionStatus.WAITING).order_by("product__store", "pk")
    by_store: dict[int, list[int]] = {}
    for pk, store_id in rows.values_list("pk", "product__store"):
        by_store.setdefault(store_id, []).append(pk)
    outcomes: list[str] = []
    for store_id, pks in by_store.items():
        for start in range(0, len(pks), BATCH):
            outcomes += _accept_batch(store_id, pks[start : start + BATCH], user=user)
    refused = [outcome for outcome in outcomes if outcome not in ("written", "outdated")]
    return Accepted(outcomes.count("written"), outcomes.count("outdated"), tuple(refused))


def reject(suggestions: QuerySet[AttributeSuggestion], *, user: AbstractBaseUser) -> int:
    """Keep the products as they are; the same photo is not brought up again. Returns how many were waiting."""
    return AttributeSuggestion.objects.filter(
        pk__in=list(suggestions.order_by().values_list("pk", flat=True)), status=SuggestionStatus.WAITING
    ).update(status=SuggestionStatus.REJECTED, decided_at=timezone.now(), decided_by=user)


def reconsider(suggestions: QuerySet[AttributeSuggestion]) -> int:
    """Let rejected ones wait again."""
    return AttributeSuggestion.objects.filter(
        pk__in=list(suggestions.order_by().values_list("pk", flat=True)), status=SuggestionStatus.REJECTED
    ).update(status=SuggestionStatus.WAITING, decided_at=None, decided_by=None)


def stated_now(suggestion: AttributeSuggestion, product: Product) -> list[str]:
    """What the product says of the suggestion's attribute: value codes, or its category's slug."""
    if suggestion.value is None:
        return [product.category.slug] if product.category else []
    stated = product.attributes.get(suggestion.value.attribute.code, [])
    return list(stated) if isinstance(stated, list) else []


def _accept_batch(store_id: int, pks: Sequence[int], *, user: AbstractBaseUser) -> list[str]:
    """What became of each: "written", "outdated", or why it was refused."""
    with transaction.atomic():
        # The order of `write_product`: the store, then its products; nobody else can decide meanwhile.
        store = Store.objects.select_for_update(no_key=True).get(pk=store_id)
        rows = (
            AttributeSuggestion.objects.filter(pk__in=pks, status=SuggestionStatus.WAITING)
            .select_related("value__attribute", "category")
            .order_by("product", "pk")
            .select_for_update(of=("self",))
        )
        return [_accept_one(store, row, user=user) for row in rows]


def _accept_one(store: Store, suggestion: AttributeSuggestion, *, user: AbstractBaseUser) -> str:
    product = (
        Product.objects.select_for_update(no_key=True, of=("self",))
        .select_related("category")
        .get(pk=suggestion.product_id)
    )
    wanted = [suggestion.value.code if suggestion.value else suggestion.category.slug if suggestion.category else ""]
    now = stated_now(suggestion, product)
    if now not in (suggestion.stated, wanted):
        suggestion.delete()
        return "outdated"
    try:
        write_product(store=store, record=_record(product, suggestion))
    except ProductRefused as error:
        return f"{product.sku}: {error}"
    suggestion.status, suggestion.decided_at = SuggestionStatus.ACCEPTED, timezone.now()
    suggestion.decided_by_id = user.pk
    suggestion.save(update_fields=["status", "decided_at", "decided_by"])
    return "written"


def _record(product: Product, suggestion: AttributeSuggestion) -> Record:
    """The product with this one thing stated; all else is left as it is."""
    if suggestion.value is not None:
        pair = (suggestion.value.attribute.code, (suggestion.value.code,))
        return Record(0, product.sku, frozenset({"attributes"}), attributes=(pair,))
    assert suggestion.category is not None  # noqa: S101  # held by the table's constraint
    return Record(0, product.sku, frozenset({CATEGORY}), category=_path(suggestion.category))


def _path(category: Category) -> tuple[str, ...]:
    """The names from the root, by which records name a category."""
    ancestors: Iterable[Category] = Category.objects.get_ancestors(category)
    return (*(ancestor.name for ancestor in ancestors), category.name)
