"""Palettes as rows, one for each photo. Django finds this model through `search.models`.

A colour is four small integers, so that Postgres can filter and sort 41,000 products by distance without unpacking
anything. Largest share first; a palette of two colours leaves the rest null.
"""

from __future__ import annotations

from django.db import models

from catalog.models import Product, ProductImage
from search.colour.palette import MAX_COLOURS, Swatch

# Of L, 2a, 2b and shares.
UNITS = 10_000


def _number() -> models.SmallIntegerField[int | None, int | None]:
    return models.SmallIntegerField(null=True, editable=False)


class ImagePalette(models.Model):
    """The colours of one photo's pixels (`sha256`), in ten-thousandths. Without any, `problem` says why, until the photo changes.

    `bins` has a bit for each named colour (`search.colour.bins`). The database deletes the row with its image, however
    that is deleted, and keeps `product`: set for the product's first catalogue photo that has colours, null for others.
    """

    image = models.OneToOneField(
        ProductImage, on_delete=models.DO_NOTHING, db_constraint=False, primary_key=True, related_name="+"
    )
    product = models.OneToOneField(
        Product, on_delete=models.DO_NOTHING, db_constraint=False, null=True, editable=False, related_name="palette"
    )
    sha256 = models.CharField(max_length=64, blank=True)
    recipe = models.SmallIntegerField()
    problem = models.TextField(blank=True)
    bins = models.IntegerField(default=0)
    l1, a1, b1, share1 = _number(), _number(), _number(), _number()
    l2, a2, b2, share2 = _number(), _number(), _number(), _number()
    l3, a3, b3, share3 = _number(), _number(), _number(), _number()
    l4, a4, b4, share4 = _number(), _number(), _number(), _number()
    l5, a5, b5, share5 = _number(), _number(), _number(), _number()

    def __str__(self) -> str:
        return f"palette of image {self.image_id}"

    @property
    def swatches(self) -> tuple[Swatch, ...]:
        """The colours as `photo_palette` gives them."""
        rows = [[getattr(self, f"{name}{place}") for name in ("l", "a", "b", "share")] for place in PLACES]
        return tuple(
            Swatch((row[0] / UNITS, row[1] / UNITS, row[2] / UNITS), row[3] / UNITS)
            for row in rows
            if row[3] is not None
        )

    @swatches.setter
    def swatches(self, found: tuple[Swatch, ...]) -> None:
        for place, swatch in zip(PLACES, found, strict=False):
            values = (*swatch.colour, swatch.share)
            for name, value in zip(("l", "a", "b", "share"), values, strict=True):
                setattr(self, f"{name}{place}", round(value * UNITS))


# Of the colours among the columns.
PLACES = range(1, MAX_COLOURS + 1)
