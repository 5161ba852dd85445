"""Searches and events as rows, and what is worked out from them. Django finds these models through `search.models`."""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from catalog.models import Product, Store


class EventKind(models.TextChoices):
    IMPRESSION = "impression", "seen"
    CLICK = "click", "clicked"
    ADD_TO_CART = "add_to_cart", "put into the cart"
    PURCHASE = "purchase", "bought"
    NOT_RELEVANT = "not_relevant", "not relevant"


class SearchLog(models.Model):
    """One search as it was asked, for its first page alone. Nothing in it says who asked.

    `words` are lower case with addresses and long numbers masked (search.events.search_log). `product_id` is the
    product that a "more like this" asked by; no foreign key, so that the row outlives it.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, db_index=False, related_name="+")
    search_id = models.CharField(max_length=64)
    mode = models.CharField(max_length=20)
    words = models.CharField(max_length=500, blank=True)
    photo_digest = models.CharField(max_length=64, blank=True)
    product_id = models.BigIntegerField(null=True)
    filters = models.JSONField(default=dict)
    found = models.PositiveIntegerField()
    index_version = models.CharField(max_length=120, blank=True)
    took_ms = models.PositiveIntegerField()
    # No question of its own: "red dr" on the way to "red dress", or the same again without what was waved away.
    is_superseded = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "search"
        verbose_name_plural = "searches"
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["store", "search_id"], name="search_log_unique_in_store")]
        indexes = [
            models.Index(fields=["store", "created_at"], name="search_log_store_time"),
            # Rows come in the order of time: a few kilobytes find what has had its time.
            BrinIndex(fields=["created_at"], autosummarize=True, name="search_log_time"),
        ]

    def __str__(self) -> str:
        return self.words or f"{self.mode} search"


class SearchEvent(models.Model):
    """What a visitor did with a product. By sku, so that it outlives the product; `event_id` is the client's own."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, db_index=False, related_name="+")
    event_id = models.CharField(max_length=64)
    kind = models.CharField(max_length=12, choices=EventKind.choices)
    search_id = models.CharField(max_length=64, blank=True)
    sku = models.CharField(max_length=120)
    position = models.PositiveIntegerField(null=True, validators=[MinValueValidator(1)])
    visitor = models.CharField(max_length=64, blank=True)
    value = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    occurred_at = models.DateTimeField()

    class Meta:
        ordering = ["-occurred_at"]
        constraints = [
            models.UniqueConstraint(fields=["store", "event_id"], name="event_unique_in_store"),
            models.CheckConstraint(condition=Q(kind__in=EventKind.values), name="event_kind_is_known"),
        ]
        indexes = [
            models.Index(fields=["store", "search_id"], condition=~Q(search_id=""), name="event_search"),
            models.Index(fields=["store", "visitor"], condition=~Q(visitor=""), name="event_visitor"),
            models.Index(fields=["store", "occurred_at"], condition=~Q(kind="impression"), name="event_action_time"),
            BrinIndex(fields=["occurred_at"], autosummarize=True, name="event_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.sku}"


class ProductPopularity(models.Model):
    """How sought-after a product is: above 0, 1 for the store's most sought-after. Products without a row have 0."""

    product = models.OneToOneField(Product, on_delete=models.CASCADE, primary_key=True, related_name="popularity")
    score = models.FloatField()
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"popularity of product {self.product_id}"


class PopularQueryQuerySet(models.QuerySet["PopularQuery"]):
    def of(self, store: Store | int) -> PopularQueryQuerySet:
        """The store's popular words, the most asked first."""
        return self.filter(store=store).order_by("-count", "text")


class PopularQuery(models.Model):
    """Words that enough separate searches asked and that found something: safe to suggest to others."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, db_index=False, related_name="+")
    text = models.CharField(max_length=500)
    count = models.PositiveIntegerField()
    last_seen = models.DateTimeField()

    objects = PopularQueryQuerySet.as_manager()

    class Meta:
        verbose_name = "popular query"
        verbose_name_plural = "popular queries"
        ordering = ["-count", "text"]
        constraints = [models.UniqueConstraint(fields=["store", "text"], name="popular_query_unique_in_store")]
        indexes = [
            models.Index(fields=["store", "-count"], name="popular_query_count"),
            models.Index(
                fields=["store", "text"], opclasses=["int8_ops", "varchar_pattern_ops"], name="popular_query_prefix"
            ),
        ]

    def __str__(self) -> str:
        return self.text
