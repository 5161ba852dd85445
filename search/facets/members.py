"""How a query's match set is told from other products, whatever the filters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from catalog.models import Product


@dataclass(frozen=True, slots=True)
class Members:
    """Everything, or the products of `ids` (n,), or those of a queryset. With `is_exact` false there may be more."""

    ids: NDArray[np.int64] | None = None
    products: QuerySet[Product] | None = None
    is_exact: bool = True

    @property
    def is_everything(self) -> bool:
        return self.ids is None and self.products is None
