"""What the copy in Milvus holds, said by Postgres: the versions, an entry per image, words per product, query photos."""

from __future__ import annotations

import secrets
from pathlib import Path

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from catalog.models import Attribute, AttributeValue, Category, Product, ProductImage, Store
from search.colour.records import ImagePalette
from search.evaluation.records import JudgedQueryRow, JudgedSetRow, JudgmentRow
from search.events.records import PopularQuery, ProductPopularity, SearchEvent, SearchLog
from search.facets.records import ProductFacts, StoreChange
from search.ranking.records import ProductTwin, RankingModifier, RankingWeights
from search.rules.records import Preset, Rule, RuleAction, RuleTrigger, StoreValue, Synonym
from search.upgrading.records import VersionChange, VersionComparison
from search.words.records import VocabularyLabel, VocabularyState, VocabularyWord


def public_model_name(encoder: str) -> str:
    """A hub's name, or a folder's last part and not where it lies."""
    return encoder if encoder.count("/") <= 1 and not encoder.startswith((".", "/")) else Path(encoder).name


class VersionState(models.TextChoices):
    BUILDING = "building", "building"
    LIVE = "live", "live"
    # Was live before: it still follows the catalogue, so that going back loses nothing.
    STANDBY = "standby", "standby"
    # Follows nothing any more, and is dropped when no request can need it.
    RETIRED = "retired", "retired"


class IndexVersion(models.Model):
    """One Milvus collection and the encoder whose vectors it holds. Exactly one is live; a request reads it once."""

    collection = models.CharField(max_length=120, unique=True)
    encoder = models.CharField(max_length=300)
    fingerprint = models.CharField(max_length=64)
    dimension = models.PositiveIntegerField()
    index_type = models.CharField(max_length=20)
    index_params = models.JSONField(default=dict)
    search_params = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=VersionState.choices, default=VersionState.BUILDING)
    sweep_floor = models.BigIntegerField(default=0, editable=False)
    sweep_ceiling = models.BigIntegerField(default=0, editable=False)
    sweep_ceiling_at = models.DateTimeField(null=True, editable=False)
    # All that was committed before this moment is in the collection.
    synced_at = models.DateTimeField(null=True, editable=False)
    # Milvus failed under a write, or lost rows: the next sweep compares the collection row by row first.
    is_doubted = models.BooleanField(default=False, editable=False)
    # How far a build has come: every image up to this id was looked at, and when it had looked at all.
    fill_after_id = models.BigIntegerField(default=0, editable=False)
    filled_at = models.DateTimeField(null=True, editable=False)
    # When calibrations and the like were made for its encoder (search.upgrading.readiness).
    prepared_at = models.DateTimeField(null=True, editable=False)
    # The share of a worker's time that the build may take now, and the searches' p95 (ms) before it began.
    build_share = models.FloatField(null=True, editable=False)
    search_ms_before = models.FloatField(null=True, editable=False)
    # Since when searching processes are asked to have the encoder in memory.
    warm_since = models.DateTimeField(null=True, editable=False)
    # Counts doubts, so that a comparison clears none that came while it went on.
    doubt_count = models.BigIntegerField(default=0, db_default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    promoted_at = models.DateTimeField(null=True, blank=True)
    demoted_at = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        # Versions are shared by all stores: no permission on a store's things reaches them.
        permissions = [("manage_indexversions", "Can build, promote and retire index versions of all stores")]
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="live"), name="one_live_version"),
            models.UniqueConstraint(fields=["state"], condition=Q(state="standby"), name="one_standby_version"),
        ]

    def __str__(self) -> str:
        return f"{self.collection} ({self.state})"

    @property
    def model_name(self) -> str:
        """The encoder as the public may know it."""
        return public_model_name(self.encoder)

    @property
    def lag_seconds(self) -> float | None:
        """All that was committed this many seconds ago is searchable; None before the first complete sweep."""
        return None if self.synced_at is None else max(0.0, (timezone.now() - self.synced_at).total_seconds())


class IndexEntry(models.Model):
    """What one version's collection holds of one image. No foreign key to the image, so it outlives a deleted image.

    The pair of revisions is what was read when the row was written, compared for equality and never by order.
    A permanent `error` (a photo that cannot be decoded) stands with its revisions until the image changes.
    """

    version = models.ForeignKey(IndexVersion, on_delete=models.CASCADE, related_name="entries")
    image_id = models.BigIntegerField()
    store_id = models.BigIntegerField(null=True)
    image_revision = models.BigIntegerField(null=True)
    product_revision = models.BigIntegerField(null=True)
    content_hash = models.CharField(max_length=64, blank=True)
    claim_token = models.UUIDField(null=True)
    claimed_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    # Set by a database trigger when the image is deleted, so that the fast sweep finds it at once.
    is_orphaned = models.BooleanField(default=False)
    indexed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "index entries"
        constraints = [models.UniqueConstraint(fields=["version", "image_id"], name="entry_unique_in_version")]
        indexes = [
            models.Index(fields=["image_id"], name="entry_image"),
            models.Index(fields=["version", "image_id"], condition=~Q(error=""), name="entry_with_error"),
            models.Index(fields=["version", "image_id"], condition=Q(is_orphaned=True), name="entry_orphaned"),
        ]

    def __str__(self) -> str:
        return f"image {self.image_id} in version {self.version_id}"


class ProductText(models.Model):
    """A product's words as Postgres searches them. Kept by database triggers; `is_stale` rows wait for a sweep.

    A product's own change rewrites its row in the same transaction; a renamed brand, category or label only marks rows.
    `document` is in the store's language: A title and sku, B brand, categories and labels, C description. `plain` has
    words as they are written, for completing what is typed: A title, B brand, categories and labels, D other forms.
    """

    product = models.OneToOneField(Product, on_delete=models.CASCADE, primary_key=True, related_name="text")
    document = SearchVectorField()
    plain = SearchVectorField(default="")
    is_stale = models.BooleanField(default=False)

    class Meta:
        indexes = [
            GinIndex(fields=["document"], name="producttext_document_gin"),
            GinIndex(fields=["plain"], name="producttext_plain_gin"),
            models.Index(fields=["product"], condition=Q(is_stale=True), name="producttext_stale"),
        ]

    def __str__(self) -> str:
        return f"words of product {self.product_id}"


def new_query_image_id() -> str:
    return secrets.token_urlsafe(18)


class QueryImage(models.Model):
    """A shopper's photo, kept for a short time so that it can be searched again without another upload."""

    id = models.CharField(primary_key=True, max_length=40, default=new_query_image_id, editable=False)
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    data = models.BinaryField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)
    # The pseudonym that the shop's events use, where it said whose photo it is.
    visitor = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["store", "visitor"], condition=~Q(visitor=""), name="query_image_visitor")]

    def __str__(self) -> str:
        return f"query image {self.id}"

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= timezone.now()


class StoreCalibration(models.Model):
    """How sure a store's hits are with one encoder: `routes` maps a route to slope, intercept and floor (search.calibration)."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    fingerprint = models.CharField(max_length=64)
    routes = models.JSONField()
    figures = models.JSONField(default=dict)
    fitted_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "fingerprint"], name="calibration_unique_in_store")]

    def __str__(self) -> str:
        return f"calibration of {self.store_id} for {self.fingerprint}"


class FittedAttribute(models.Model):
    """What tags one store's photos with one attribute (`attribute` empty: with categories), for one encoder's vectors.

    Numbers lie in `parameters`, arrays in `arrays` as npz without pickles: a row can be read without being trusted.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    attribute = models.ForeignKey(Attribute, on_delete=models.CASCADE, null=True, related_name="+")
    fingerprint = models.CharField(max_length=64)
    parameters = models.JSONField()
    arrays = models.BinaryField()
    figures = models.JSONField()
    fitted_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["store", "attribute", "-fitted_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["store", "attribute", "fingerprint"], nulls_distinct=False, name="fitted_unique_for_encoder"
            )
        ]

    def __str__(self) -> str:
        return f"{self.attribute or 'Category'} in {self.store}"


class SuggestionKind(models.TextChoices):
    MISSING = "missing", "Not listed"
    DISAGREEMENT = "disagreement", "Listed otherwise"


class SuggestionStatus(models.TextChoices):
    WAITING = "waiting", "waiting"
    ACCEPTED = "accepted", "accepted"
    REJECTED = "rejected", "rejected"


class AttributeSuggestion(models.Model):
    """A value, or a category, that a product's photo shows, until a merchandiser decides. It changes no product itself.

    `stated` holds the value codes (of a category, the slug) that the product had then. A decided row stays, so that
    the same photo (`photo_sha256`) is not brought up again for the same product and value.
    """

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+")
    value = models.ForeignKey(AttributeValue, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    category = models.ForeignKey(Category, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=12, choices=SuggestionKind.choices)
    stated = models.JSONField(default=list)
    probability = models.FloatField()
    image = models.ForeignKey(ProductImage, on_delete=models.SET_NULL, null=True, related_name="+")
    photo_sha256 = models.CharField(max_length=64)
    status = models.CharField(max_length=10, choices=SuggestionStatus.choices, default=SuggestionStatus.WAITING)
    seen_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-probability", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(value__isnull=True) ^ Q(category__isnull=True), name="suggestion_is_value_or_category"
            ),
            models.UniqueConstraint(
                fields=["product", "photo_sha256", "value", "category"],
                nulls_distinct=False,
                name="suggestion_unique_for_photo",
            ),
        ]
        indexes = [models.Index(fields=["status", "kind"], name="suggestion_status_kind")]

    def __str__(self) -> str:
        return f"{self.value or self.category} for {self.product}"


# Declared beside what reads them; here is where Django looks.
__all__ = [
    "ImagePalette",
    "JudgedQueryRow",
    "JudgedSetRow",
    "JudgmentRow",
    "PopularQuery",
    "Preset",
    "ProductFacts",
    "ProductPopularity",
    "ProductTwin",
    "RankingModifier",
    "RankingWeights",
    "Rule",
    "RuleAction",
    "RuleTrigger",
    "SearchEvent",
    "SearchLog",
    "StoreChange",
    "StoreValue",
    "Synonym",
    "VersionChange",
    "VersionComparison",
    "VocabularyLabel",
    "VocabularyState",
    "VocabularyWord",
]
