"""What product answers show beside the product's own columns: category paths and value labels, read once per answer."""

from __future__ import annotations

from collections.abc import Iterable

from catalog.models import AttributeValue, Category, Product


class Labels:
    """Names of the categories above these products, and labels of their attribute values: two queries in all."""

    def __init__(self, products: Iterable[Product]) -> None:
        listed = list(products)
        step = Category.steplen
        paths = {
            product.category.path[:end]
            for product in listed
            if product.category
            for end in range(step, len(product.category.path) + 1, step)
        }
        codes = {code for product in listed for values in product.attributes.values() for code in values}
        stores = {product.store_id for product in listed}
        self._names: dict[str, str] = (
            dict(Category.objects.filter(path__in=paths).values_list("path", "name")) if paths else {}
        )
        self._labels = (
            {
                (store_id, attribute, code): label
                for store_id, attribute, code, label in AttributeValue.objects.filter(
                    attribute__store__in=stores, code__in=codes
                ).values_list("attribute__store_id", "attribute__code", "code", "label")
            }
            if codes
            else {}
        )

    def category_path(self, category: Category) -> str:
        """ "Clothes > Trousers": the form that imports take."""
        step = Category.steplen
        names = (self._names.get(category.path[:end], "") for end in range(step, len(category.path) + 1, step))
        return " > ".join(name for name in names if name)

    def value(self, store_id: int, attribute: str, code: str) -> str:
        """The label of a value, or its code where it has none."""
        return self._labels.get((store_id, attribute, code), code)
