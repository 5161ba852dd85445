"""Palettes in Postgres: which products have a colour, which are nearest to one, and how many have each named colour.

Only whole numbers are compared there, in ten-thousandths: the same for a filter, its count, and Milvus' list of products.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_

import numpy as np
from django.db.models import Count, F, OrderBy, Q, QuerySet
from django.db.models.expressions import CombinedExpression, Expression, RawSQL, Value
from django.db.models.functions import Least, Sqrt
from django.db.models.lookups import GreaterThan, LessThanOrEqual

from catalog.models import Product
from search.colour import oklab
from search.colour.bins import ANCHORS, BIN_OF_ANCHOR, BINS, BY_NAME, SUBSTANTIAL_SHARE
from search.colour.records import PLACES, UNITS
from search.colour.terms import DEFAULT_CLOSENESS

# In sorting, a colour that is all of a product is this much nearer than one that is next to nothing of it.
SHARE_WEIGHT = 0.1
# The fourth colour of a product is at most a quarter of it, and costs as much time as the first.
SORTED_PLACES = PLACES[:3]


def with_colours(products: QuerySet[Product], terms: Sequence[str], closeness: float | None) -> QuerySet[Product]:
    """Those of `products` that have any of these colours (`search.colour.terms`) as a substantial share.

    A named colour counts as its facet does; a hexadecimal one where a colour of the product is at most `closeness` away.
    """
    named = sum(1 << BY_NAME[term].bit for term in terms if term in BY_NAME)
    is_named = [_has_bin(named)] if named else []
    near = [_is_near(term, closeness or DEFAULT_CLOSENESS) for term in terms if term not in BY_NAME]
    return products.filter(reduce(or_, [*is_named, *near]), palette__isnull=False)


def nearest_first(code: str, *, is_descending: bool = False) -> OrderBy:
    """The order of products by how near their colours are to "#1b2a49"; those without colours come last either way."""
    colour = _whole(code)
    away = [
        Sqrt(_squared(place, colour)) - F(f"palette__share{place}") / round(1 / SHARE_WEIGHT) for place in SORTED_PLACES
    ]
    # Of Postgres: LEAST passes over nulls.
    closeness = Least(*away)
    return closeness.desc(nulls_last=True) if is_descending else closeness.asc(nulls_last=True)


def count_bins(products: QuerySet[Product], *, shown_as: RawSQL | None = None) -> dict[str, int]:
    """How many of the products have each named colour as a substantial share. Few sets of colours occur: they are counted.

    With `shown_as`, the text that products share which are shown as one, it is how many groups have a member that does.
    """
    coloured = products.order_by().filter(palette__isnull=False)
    counts = dict.fromkeys(BY_NAME, 0)
    if shown_as is not None:
        masks: dict[str, int] = {}
        for key, mask in coloured.annotate(shown_as=shown_as).values_list("shown_as", "palette__bins"):
            masks[key] = masks.get(key, 0) | mask
        rows: Iterable[tuple[int, int]] = Counter(masks.values()).items()
    else:
        rows = coloured.values_list("palette__bins").annotate(n=Count("pk"))
    for mask, n in rows:
        for found in BINS:
            if mask & 1 << found.bit:
                counts[found.name] += n
    return counts


def _has_bin(mask: int) -> Q:
    return Q(GreaterThan(_masked(mask), 0))


def _masked(mask: int) -> CombinedExpression:
    return F("palette__bins").bitand(mask)


def _is_near(code: str, closeness: float) -> Q:
    """Where a substantial colour of the product is near; a look at the named ones passes most of the others over."""
    colour, limit = _whole(code), round(closeness * UNITS) ** 2
    share = round(SUBSTANTIAL_SHARE * UNITS)
    near = [
        Q(**{f"palette__share{place}__gte": share}) & Q(LessThanOrEqual(_squared(place, colour), limit))
        for place in PLACES
    ]
    return _has_bin(_mask_around(code, closeness)) & reduce(or_, near)


def _squared(place: int, colour: Sequence[int]) -> Expression:
    """The squared distance of the product's colour at this place."""
    apart = [F(f"palette__{axis}{place}") - Value(value) for axis, value in zip("lab", colour, strict=True)]
    return apart[0] * apart[0] + apart[1] * apart[1] + apart[2] * apart[2]


def _whole(code: str) -> tuple[int, ...]:
    return tuple(round(part * UNITS) for part in oklab.from_hex(code))


def _mask_around(code: str, closeness: float) -> int:
    """The named colours that anything this near can belong to.

    A point within `reach` of the colour may be nearest to an anchor only if, for every other anchor, the plane halfway
    between the two is within reach, or the colour lies on the anchor's side of it already.
    """
    colour = np.array(oklab.from_hex(code), np.float32)
    reach = closeness + 4 / UNITS
    away = ((ANCHORS - colour) ** 2).sum(axis=1)
    between = oklab.distances(ANCHORS, ANCHORS)
    beyond = (away[:, None] - away[None]) / np.maximum(2 * between, 1e-6)
    return _mask(BIN_OF_ANCHOR[(beyond <= reach).all(axis=1)].tolist())


def _mask(bits: Iterable[int]) -> int:
    return sum(1 << bit for bit in set(bits))
