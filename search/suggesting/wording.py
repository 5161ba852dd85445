"""What suggestions say, in the words of the store's own labels."""

from __future__ import annotations

from decimal import Decimal

from catalog.models import Attribute, AttributeValue, Brand, Category, Store
from search.query import Filters

MAX_NAMED = 3


def named_filter(store: Store, filters: Filters, name: str) -> str:
    """The filter of this field, such as "the brand Norrvik or Halden" or "the price limit"."""
    if name == "price":
        return "the price limit"
    if name == "in_stock":
        return "“in stock”" if filters.in_stock else "“sold out”"
    codes = sorted(filters.values_of(name))
    if name == "palette":
        return f"the colour {_listed(codes, {})}"
    if name == "category":
        return f"the category {_listed(codes, dict(_labels(Category, store, codes)))}"
    if name == "brand":
        return f"the brand {_listed(codes, dict(_labels(Brand, store, codes)))}"
    label = Attribute.objects.filter(store=store, code=name).values_list("label", flat=True).first() or name
    values = AttributeValue.objects.filter(attribute__store=store, attribute__code=name, code__in=codes)
    return f"{label}: {_listed(codes, dict(values.values_list('code', 'label')))}"


def named_price(store: Store, filters: Filters) -> str:
    """The price range, such as "From 20 to 90 EUR"."""
    low, high = _amount(filters.price_min), _amount(filters.price_max)
    if low is None:
        return f"Up to {high} {store.currency}"
    return f"From {low} {store.currency}" if high is None else f"From {low} to {high} {store.currency}"


def _labels(model: type[Category | Brand], store: Store, slugs: list[str]) -> list[tuple[str, str]]:
    return list(model.objects.filter(store=store, slug__in=slugs).values_list("slug", "name"))


def _listed(codes: list[str], labels: dict[str, str]) -> str:
    shown = [labels.get(code, code) for code in codes[:MAX_NAMED]]
    return " or ".join(shown) + (" and others" if len(codes) > MAX_NAMED else "")


def _amount(amount: Decimal | None) -> str | None:
    """Without empty cents: 90, 12.50."""
    if amount is None:
        return None
    return f"{amount:.0f}" if amount == amount.to_integral_value() else str(amount)
