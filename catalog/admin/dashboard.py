"""The admin's first page: the user's stores at a glance, and what was imported lately."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.admin.scope import own_stores, within_own_stores
from catalog.models import ImportJob, Product, ProductImage, Store

MAX_STORES = 20
RECENT_IMPORTS = 6
_HAS_PHOTO = Exists(ProductImage.objects.filter(product=OuterRef("pk")))
# Each column: its heading, the product list's filter, and what is counted.
_COLUMNS: tuple[tuple[str, str, Any], ...] = (
    ("products", "", Q()),
    ("hidden", "is_published__exact=0", Q(is_published=False)),
    ("out of stock", "in_stock=no", Q(quantity=0)),
    ("without a price", "has_price=no", Q(price__isnull=True)),
    ("without a photo", "has_image=no", ~_HAS_PHOTO),
)


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the tables to the first page's context. Named in the settings as Unfold's dashboard callback."""
    if not request.user.has_perm("catalog.view_product"):
        return context
    return {**context, "store_table": _stores(request), "import_table": _imports(request)}


def _stores(request: HttpRequest) -> dict[str, Any]:
    stores = list(own_stores(request)[:MAX_STORES])
    counted = {f"count_{index}": Count("pk", filter=rule) for index, (_, _, rule) in enumerate(_COLUMNS)}
    found = Product.objects.filter(store__in=stores).order_by().values("store").annotate(**counted)
    counts: dict[int, Any] = {row["store"]: row for row in found}
    rows = [
        [
            store.name,
            *(
                _link(store, shown_by, counts.get(store.pk, {}).get(f"count_{index}", 0))
                for index, (_, shown_by, _) in enumerate(_COLUMNS)
            ),
        ]
        for store in stores
    ]
    return {"headers": ["store", *(heading for heading, _, _ in _COLUMNS)], "rows": rows}


def _link(store: Store, shown_by: str, count: int) -> SafeString | str:
    if not count:
        return "–"
    address = f"{reverse('admin:catalog_product_changelist')}?store__id__exact={store.pk}&{shown_by}"
    return format_html(
        '<a class="text-primary-600 dark:text-primary-500 tabular-nums" href="{}">{}</a>',
        address,
        number_format(count, use_l10n=True, force_grouping=True),
    )


def _imports(request: HttpRequest) -> dict[str, Any] | None:
    if not request.user.has_perm("catalog.view_importjob"):
        return None
    jobs = within_own_stores(ImportJob.objects.select_related("store"), request)[:RECENT_IMPORTS]
    rows = [
        [
            format_html(
                '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>',
                reverse("admin:catalog_importjob_change", args=[job.pk]),
                (job.file.name or "").rsplit("/", 1)[-1],
            ),
            job.store.name,
            job.get_state_display(),
            *(
                number_format(count, use_l10n=True, force_grouping=True)
                for count in (job.created_count, job.updated_count, job.unchanged_count, job.refused_count)
            ),
        ]
        for job in jobs
    ]
    return {"headers": ["file", "store", "state", "created", "updated", "unchanged", "refused"], "rows": rows}
