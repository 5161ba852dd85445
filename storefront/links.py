"""Where the links of one store's page lead."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from storefront.state import PageState


@dataclass(frozen=True, slots=True)
class Links:
    """URLs of a store's pages; `store_slug` is empty where the store answers at the root."""

    store_slug: str = ""

    def _to(self, name: str, **parts: str) -> str:
        if self.store_slug:
            parts["store_slug"] = self.store_slug
        return reverse(f"storefront:{name}", kwargs=parts)

    @property
    def home(self) -> str:
        return self._to("shop")

    @property
    def photos(self) -> str:
        return self._to("photos")

    @property
    def events(self) -> str:
        return self._to("events")

    @property
    def suggestions(self) -> str:
        return self._to("suggestions")

    def values(self, code: str) -> str:
        return self._to("values", code=code)

    def shop(self, state: PageState) -> str:
        query = state.query_string()
        return f"{self.home}?{query}" if query else self.home

    def photo(self, photo_id: str) -> str:
        return self._to("photo", photo_id=photo_id)

    def product(self, sku: str) -> str:
        return self._to("product", sku=sku)

    def similar(self, sku: str) -> str:
        return self._to("similar", sku=sku)
