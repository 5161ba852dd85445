"""Products and their photos. A database trigger numbers every change that a search index would have to follow.

`revision` is drawn from one sequence when a watched column changes, by whatever means (ORM, `update()`, raw SQL),
and never otherwise: a feed that rewrites unchanged rows, or moves stock from 7 to 6, leaves it alone.
"""

from __future__ import annotations

import pgtrigger
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.lookups import Exact

from catalog.models.store import Store
from catalog.models.taxonomy import AttributeValue, Brand, Category

MAX_ATTRIBUTE_VALUES = 128
"""Values that one product may have in all; the index's array has this capacity."""


def revision_trigger(*, watched: dict[str, str]) -> pgtrigger.Trigger:
    """A trigger that draws a new revision when any watched SQL expression (in terms of `{row}`) changes.

    Anything else that writes `revision`, such as a stale instance's `save()`, is put right.
    """
    old, new = (", ".join(sql.format(row=row) for sql in watched.values()) for row in ("OLD", "NEW"))
    return pgtrigger.Trigger(
        name="draw_revision",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update,
        func=f"""
            IF TG_OP = 'INSERT' THEN
                NEW.revision = nextval('catalog_revision');
            ELSIF ROW({old}) IS DISTINCT FROM ROW({new}) THEN
                NEW.revision = nextval('catalog_revision');
            ELSE
                NEW.revision = OLD.revision;
            END IF;
            RETURN NEW;
        """,
    )


class ProductQuerySet(models.QuerySet["Product"]):
    def published(self) -> ProductQuerySet:
        return self.filter(is_published=True)

    def with_facts(self) -> ProductQuerySet:
        """Everything that a result card or an API answer shows, in a fixed number of queries."""
        return self.select_related("store", "brand", "category").prefetch_related("images")


class Product(models.Model):
    """One sellable thing. `attributes` maps an attribute's code to a list of its values' codes."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="products")
    sku = models.CharField(max_length=120)
    title = models.CharField(max_length=300)
    description = models.TextField(blank=True)
    category = models.ForeignKey(Category, on_delete=models.RESTRICT, null=True, blank=True, related_name="products")
    brand = models.ForeignKey(Brand, on_delete=models.RESTRICT, null=True, blank=True, related_name="products")
    price = models.DecimalField(
        max_digits=14,
        decimal_places=3,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="In the store's currency. Empty means no price, which matches no price filter.",
    )
    quantity = models.IntegerField(default=0, validators=[MinValueValidator(0)])
    margin = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text="The share of the price that the shop keeps, 0 to 1. Ranking may use it; shoppers never see it.",
    )
    attributes = models.JSONField(default=dict, blank=True)
    style_code = models.CharField(max_length=120, blank=True, db_index=True)
    url = models.URLField(max_length=500, blank=True)
    is_published = models.BooleanField(default=True)
    revision = models.BigIntegerField(default=0, editable=False, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ProductQuerySet.as_manager()
    # Whoever reads a product together with its photos puts them here.
    photos_read: list[ProductImage] | None = None

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["store", "sku"], name="product_sku_unique_in_store"),
            models.CheckConstraint(
                condition=Q(price__isnull=True) | Q(price__gte=0), name="product_price_not_negative"
            ),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="product_quantity_not_negative"),
            models.CheckConstraint(
                condition=Q(margin__isnull=True) | Q(margin__gte=0, margin__lte=1), name="product_margin_is_share"
            ),
            models.CheckConstraint(
                condition=Exact(
                    models.Func(F("attributes"), function="jsonb_typeof", output_field=models.TextField()),
                    "object",
                ),
                name="product_attributes_is_object",
            ),
        ]
        indexes = [
            GinIndex(fields=["attributes"], name="product_attributes_gin", opclasses=["jsonb_path_ops"]),
            models.Index(fields=["store", "category"], name="product_store_category"),
            models.Index(fields=["store", "price"], name="product_store_price"),
        ]
        triggers = [
            revision_trigger(
                watched={
                    "store": "{row}.store_id",
                    "category": "{row}.category_id",
                    "brand": "{row}.brand_id",
                    "price": "{row}.price",
                    "published": "{row}.is_published",
                    "attributes": "{row}.attributes",
                    "in stock": "({row}.quantity > 0)",
                }
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def photos(self) -> list[ProductImage]:
        """The photos in their order: those that were read with the product, else read now."""
        return list(self.images.all()) if self.photos_read is None else self.photos_read

    @property
    def is_in_stock(self) -> bool:
        return self.quantity > 0

    def clean(self) -> None:
        """Refuse attributes that the store does not have, and a category or brand of another store."""
        super().clean()
        if self.store_id is None:
            return
        errors: dict[str, str] = {}
        for name in ("category", "brand"):
            row: Category | Brand | None = getattr(self, name)
            if row is not None and row.store_id != self.store_id:
                errors[name] = f"{row} belongs to another store. Choose a {name} of {self.store}."
        problem = self._attributes_problem()
        if problem:
            errors["attributes"] = problem
        if errors:
            raise ValidationError(errors)

    def _attributes_problem(self) -> str:
        """What is wrong with `attributes`, or an empty string."""
        stated = self.attributes
        if not isinstance(stated, dict):
            return 'Give an object of value codes, such as {"color": ["red"]}.'
        if not all(
            isinstance(codes, list) and all(isinstance(code, str) for code in codes) for codes in stated.values()
        ):
            return 'Give each attribute a list of value codes, such as {"color": ["red"]}.'
        pairs = {(name, code) for name, codes in stated.items() for code in codes}
        if len(pairs) > MAX_ATTRIBUTE_VALUES:
            return f"The product has {len(pairs)} attribute values; at most {MAX_ATTRIBUTE_VALUES} are kept."
        known = set(
            AttributeValue.objects.filter(attribute__store=self.store_id, attribute__code__in=stated).values_list(
                "attribute__code", "code"
            )
        )
        unknown = sorted(f"{name}: {code}" for name, code in pairs - known)
        return f"Unknown attribute values: {', '.join(unknown)}. Make them first." if unknown else ""


class ImageKind(models.TextChoices):
    CATALOG = "catalog", "catalogue photo"
    LIFESTYLE = "lifestyle", "lifestyle photo"


class ProductImage(models.Model):
    """A photo of a product. `sha256` is of the stored bytes; `width` and `height` are in pixels."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="images")
    # Empty while the photo is known by its `source_url` only and has not been fetched yet.
    file = models.FileField(upload_to="products", max_length=300, blank=True)
    kind = models.CharField(max_length=12, choices=ImageKind.choices, default=ImageKind.CATALOG)
    position = models.PositiveSmallIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True, editable=False)
    width = models.PositiveIntegerField(editable=False, default=0)
    height = models.PositiveIntegerField(editable=False, default=0)
    source_url = models.URLField(max_length=2000, blank=True)
    fetch_attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    fetch_error = models.TextField(blank=True, editable=False)
    # When the photo at `source_url` may be asked for (again); also the claim of whoever is fetching it.
    fetch_after = models.DateTimeField(null=True, blank=True, editable=False)
    revision = models.BigIntegerField(default=0, editable=False, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["position", "id"]
        indexes = [models.Index(fields=["id"], condition=Q(file=""), name="image_without_file")]
        triggers = [
            revision_trigger(
                watched={
                    "file": "{row}.file",
                    "sha256": "{row}.sha256",
                    "kind": "{row}.kind",
                    "product": "{row}.product_id",
                }
            )
        ]

    def __str__(self) -> str:
        return self.file.name or f"image {self.pk}"
