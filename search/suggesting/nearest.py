"""Suggestions for what is below the floor: the nearest all the same, or the category that they come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from catalog.models import Category, Product
from search.choices import Mode
from search.pools import Pool
from search.result import Suggestion
from search.suggesting.filters import in_category
from search.suggesting.trials import Trials

NEAREST = 10
"""Products that say where a photo's category is: at least half of them must agree."""


def what_is_nearest(trials: Trials) -> Iterator[Suggestion]:
    """What the floor left out, and for a photo the category that most of it belongs to."""
    asked = trials.asked
    if trials.pool.found or not trials.pool.left_out:
        return
    pool = trials.try_out(min_confidence=0.0).pool
    # Further parts may push products away, which browsing knows nothing of.
    is_plain_photo = asked.has_photo and not asked.others and not asked.filters.categories
    category = _agreed_category(pool) if is_plain_photo else None
    if category is not None:
        browsed = in_category(trials, category, mode=Mode.BROWSE, text="", image=None, image_digest="", product_id=None)
        if browsed is not None:
            yield browsed
    nearest = trials.suggestion("show_nearest", "Show the nearest, alike or not", details={}, min_confidence=0.0)
    if nearest is not None:
        yield nearest


def _agreed_category(pool: Pool) -> Category | None:
    ids = pool.products[:NEAREST].tolist()
    held = Counter(Product.objects.filter(pk__in=ids, category__isnull=False).values_list("category_id", flat=True))
    (category_id, count), *_ = [*held.most_common(1), (None, 0)]
    return Category.objects.get(pk=category_id) if count * 2 >= len(ids) > 0 else None
