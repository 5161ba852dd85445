"""How a query's match set is told from other products, whatever the filters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from catalog.models import Product


@dataclass(frozen=True, slots=True)
class Members:
    """Everything, or the products of a queryset, or those of `ids` (n,). With `is_exact` false there may be more.

    Where both are known, `ids` are the members under the query's own filters, and the queryset holds whatever the filters, as
    `everywhere` (m,) does where the queryset's products are known already.
    """

    ids: NDArray[np.int64] | None = None
    products: QuerySet[Product] | None = None
    everywhere: NDArray[np.int64] | None = None
    is_exact: bool = True

    @property
    def is_bound_to_filters(self) -> bool:
        """Whether nothing is known of the members under other filters."""
        return self.ids is not None and self.products is None

    @property
    def is_everything(self) -> bool:
        return self.ids is None and self.products is None
