"""What the admin says of the index: each photo's state, a reindex, and the entries to read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest

from catalog.admin.decorators import action, display
from catalog.admin.photos import PhotoInline
from catalog.admin.products import ProductAdmin
from catalog.admin.scope import ReadOnlyAdmin, StoreScopedAdmin
from catalog.models import Product, ProductImage
from search.attributes import admin as attributes_admin
from search.evaluation import admin as evaluation_admin
from search.events import admin as events_admin
from search.indexing import clear_entries
from search.models import IndexEntry, VersionState
from search.playground import admin as playground_admin
from search.ranking import admin as ranking_admin
from search.recall import admin as recall_admin
from search.rules import admin as rules_admin
from search.upgrading import admin as upgrading_admin

__all__ = [
    "attributes_admin",
    "evaluation_admin",
    "events_admin",
    "playground_admin",
    "ranking_admin",
    "recall_admin",
    "rules_admin",
    "upgrading_admin",
]

_LABELS = {"indexed": "success", "waiting": "warning", "error": "danger", "no photo": "info"}


def with_index_state(images: QuerySet[ProductImage]) -> QuerySet[Any]:
    """Images with `index_error` (text or None), and `is_in_step`: the index holds exactly their pair of revisions."""
    entries = IndexEntry.objects.filter(version__state=VersionState.LIVE, image_id=OuterRef("pk"))
    same = entries.filter(image_revision=OuterRef("revision"), product_revision=OuterRef("product__revision"), error="")
    return images.annotate(
        index_error=entries.exclude(error="").values("error")[:1],
        is_in_step=Exists(same),
    )


class IndexedPhotoInline(PhotoInline):
    """Photos with what the index holds of them."""

    fields = [*PhotoInline.fields, "shown_index"]
    readonly_fields = [*PhotoInline.readonly_fields, "shown_index"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProductImage]:
        return with_index_state(super().get_queryset(request))

    @display(description="index", label=_LABELS)
    def shown_index(self, image: ProductImage) -> Any:
        if not image.pk or not image.file:
            return "-"
        error = getattr(image, "index_error", None)
        if error:
            return "error", f"error: {error}"
        return "indexed" if getattr(image, "is_in_step", False) else "waiting"


class IndexStateFilter(admin.SimpleListFilter):
    """Products by what the index holds of their photos."""

    title = "index"
    parameter_name = "index"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("waiting", "Waiting"), ("error", "Error")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Product]) -> QuerySet[Product]:
        images = with_index_state(ProductImage.objects.filter(product=OuterRef("pk")).exclude(file=""))
        if self.value() == "error":
            return queryset.filter(Exists(images.filter(index_error__isnull=False)))
        if self.value() == "waiting":
            return queryset.filter(Exists(images.filter(is_in_step=False, index_error__isnull=True)))
        return queryset


admin.site.unregister(Product)


@admin.register(Product)
class IndexedProductAdmin(ProductAdmin):
    """The product admin, with the index beside it."""

    list_display = [*ProductAdmin.list_display, "shown_index"]
    list_filter = [*ProductAdmin.list_filter, IndexStateFilter]
    inlines = [IndexedPhotoInline]
    actions = [*ProductAdmin.actions, "reindex"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        photos = with_index_state(ProductImage.objects.filter(product=OuterRef("pk")).exclude(file=""))
        rows: QuerySet[Product] = super().get_queryset(request)
        return rows.annotate(
            has_photo=Exists(photos),
            has_index_error=Exists(photos.filter(index_error__isnull=False)),
            has_waiting=Exists(photos.filter(is_in_step=False)),
        )

    @action(description="Reindex the photos of the selected products", permissions=["change"])
    def reindex(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        cleared = reindex_images(ProductImage.objects.filter(product__in=queryset.order_by().values("pk")))
        messages.success(request, f"{cleared:,} photos will be indexed again within moments.")

    @display(description="index", label=_LABELS)
    def shown_index(self, product: Product) -> str:
        facts: Any = product
        if not facts.has_photo:
            return "no photo"
        if facts.has_index_error:
            return "error"
        return "waiting" if facts.has_waiting else "indexed"


def reindex_images(images: QuerySet[ProductImage]) -> int:
    """Ask for a reindex of these images, some thousands at a time."""
    cleared = 0
    ids = list(images.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), 5000):
        cleared += clear_entries(ids[start : start + 5000])
    return cleared


class ErrorFilter(admin.SimpleListFilter):
    title = "error"
    parameter_name = "has_error"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "With an error"), ("no", "Without")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[IndexEntry]) -> QuerySet[IndexEntry]:
        if self.value() == "yes":
            return queryset.exclude(error="")
        return queryset.filter(error="") if self.value() == "no" else queryset


@admin.register(IndexEntry)
class IndexEntryAdmin(ReadOnlyAdmin, StoreScopedAdmin):
    """What a collection holds, image by image, within the user's stores."""

    store_path = "store_id"
    list_display = ["image_id", "version", "shown_state", "error", "attempts", "indexed_at"]
    list_filter = [ErrorFilter, "version", "is_orphaned"]
    list_select_related = ["version"]
    search_fields = ["=image_id", "error"]
    ordering = ["-id"]

    @display(description="state", label={**_LABELS, "orphaned": "danger"})
    def shown_state(self, entry: IndexEntry) -> str:
        if entry.is_orphaned:
            return "orphaned"
        if entry.error:
            return "error"
        return "indexed" if entry.image_revision is not None else "waiting"
