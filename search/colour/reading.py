"""The palettes of products, as they are kept."""

from __future__ import annotations

from collections.abc import Iterable

from search.colour.palette import Swatch
from search.colour.records import ImagePalette


def product_palettes(product_ids: Iterable[int]) -> dict[int, tuple[Swatch, ...]]:
    """product id -> its colours, the largest share first, in one query. A product without any is left out.

    A product's colours are those of its first catalogue photo that has some.
    """
    rows = ImagePalette.objects.filter(product__in=list(product_ids))
    return {row.product_id: row.swatches for row in rows if row.product_id is not None}
