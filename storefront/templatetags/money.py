"""Prices as a shopper reads them."""

from __future__ import annotations

from decimal import Decimal

from django import template

from catalog.models import Store

SYMBOLS = {
    "EUR": "€",
    "USD": "$",
    "GBP": "£",
    "JPY": "¥",
    "CNY": "CN¥",
    "INR": "₹",
    "KRW": "₩",
    "CHF": "CHF ",
    "PLN": "PLN ",
}

register = template.Library()


@register.filter
def money(amount: Decimal, store: Store) -> str:
    """The amount with the store's currency and its minor unit: €1,249.90, ¥3,200."""
    return f"{SYMBOLS.get(store.currency, f'{store.currency} ')}{amount:,.{store.minor_unit_digits}f}"
