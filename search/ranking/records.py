"""What a store declares and what was learned for its ranking, as rows. Django finds these models through `search.models`."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from catalog.models import Product, Store

# A modifier multiplies a score by 1 + weight * value: between a tenth and three times.
MIN_WEIGHT, MAX_WEIGHT = -0.9, 2.0
MIN_HALF_LIFE_DAYS, MAX_HALF_LIFE_DAYS = 0.5, 3650.0


class SignalName(models.TextChoices):
    POPULARITY = "popularity", "Popularity: what shoppers click and buy"
    FRESHNESS = "freshness", "Freshness: new products, fading"
    MARGIN = "margin", "Margin, as the products state it"
    STOCK = "stock", "Stock: plenty, few left, sold out"


class RankingModifier(models.Model):
    """A signal that moves a store's products in every search by relevance: the score times 1 + weight * value (0 to 1)."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    signal = models.CharField(max_length=12, choices=SignalName.choices)
    weight = models.FloatField(
        default=0.2,
        validators=[MinValueValidator(MIN_WEIGHT), MaxValueValidator(MAX_WEIGHT)],
        help_text="0.2 lifts a product with the full signal by a fifth of its score; below 0 it sinks instead.",
    )
    half_life_days = models.FloatField(
        default=30.0,
        validators=[MinValueValidator(MIN_HALF_LIFE_DAYS), MaxValueValidator(MAX_HALF_LIFE_DAYS)],
        help_text="Of freshness: after so many days a product counts as half as new.",
    )
    is_active = models.BooleanField("active", default=True)

    class Meta:
        ordering = ["store", "signal"]
        constraints = [models.UniqueConstraint(fields=["store", "signal"], name="modifier_unique_in_store")]

    def __str__(self) -> str:
        return f"{self.signal} {self.weight:+g}"


class RankingWeights(models.Model):
    """How much each feature of the second stage counts in a store, learned from judged queries for one encoder's vectors.

    `figures` holds what was measured on the held-out half: the stage is used only while such a row exists.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    fingerprint = models.CharField(max_length=64)
    weights = models.JSONField()
    figures = models.JSONField(default=dict)
    fitted_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "ranking weights"
        ordering = ["store", "-fitted_at"]
        constraints = [models.UniqueConstraint(fields=["store", "fingerprint"], name="ranking_weights_unique_in_store")]

    def __str__(self) -> str:
        return f"ranking weights of {self.store_id} for {self.fingerprint}"


class ProductTwin(models.Model):
    """A product that looks the same as others. Kept by `search.ranking.twins`; a product without a row has no twin.

    `group` is the lowest product id among the look-alikes. `family` is the lowest among all that hang together by looks or
    by style code; it has rows for variants of a twin too, whose `group` is null.
    """

    product = models.OneToOneField(Product, on_delete=models.CASCADE, primary_key=True, related_name="+")
    group = models.BigIntegerField(null=True)
    family = models.BigIntegerField()

    def __str__(self) -> str:
        return f"product {self.product_id} looks like {self.group}"
