"""The client: one method for each thing that the API does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, Unpack, cast
from urllib.parse import quote, urlencode
from uuid import uuid4

import urllib3
from urllib3.exceptions import HTTPError

from vitrine_client.answers import (
    EventsAnswer,
    Hit,
    ImportAnswer,
    Product,
    ProductList,
    SearchAnswer,
    StoredImage,
    SuggestAnswer,
)
from vitrine_client.errors import Problem, Unreachable, problem_of
from vitrine_client.requests import Event, Listing, ProductFields, Search

# The only answers that are worth another try of the same request.
RETRIED = (429, 503)


class Client:
    """Speaks for one store's key. Safe to share between threads; close it, or use it as a context manager.

    A 429 or 503 is tried again up to `retries` times, after the seconds that the server states (at most `max_wait_s`), and a
    request whose answer was lost once: a call that creates something carries an `Idempotency-Key`.
    Raises `Problem` for what the server refuses and `Unreachable` where no answer comes.
    """

    def __init__(
        self, base_url: str, key: str, *, timeout_s: float = 30.0, retries: int = 3, max_wait_s: int = 60
    ) -> None:
        self._base = base_url.rstrip("/")
        self._headers = {"X-API-Key": key, "Accept": "application/json"}
        self._pool = urllib3.PoolManager(
            timeout=timeout_s,
            retries=urllib3.Retry(
                total=retries,
                # What may have arrived is sent once more: the server knows what it did before by its Idempotency-Key.
                read=1,
                other=0,
                allowed_methods=None,
                status_forcelist=RETRIED,
                backoff_factor=0.5,
                retry_after_max=max_wait_s,
                raise_on_status=False,
            ),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    # --- search ------------------------------------------------------------------------------------------------------

    def search(self, **asked: Unpack[Search]) -> SearchAnswer:
        """Search by words, a photo, attributes, or any mix; nothing asked for browses."""
        return cast("SearchAnswer", self._json("POST", "/api/v1/search", body=asked))

    def search_photo(self, photo: bytes, **asked: Unpack[Search]) -> SearchAnswer:
        """Search by the bytes of a photo, uploaded as they are; `image` may hold its `box`."""
        fields = {"image": ("photo", photo, "application/octet-stream"), "query": json.dumps(asked)}
        return cast("SearchAnswer", self._json("POST", "/api/v1/search", form=fields))

    def hits(self, **asked: Unpack[Search]) -> Iterator[Hit]:
        """All hits in order, page by page, as far as the server pages."""
        while True:
            answer = self.search(**asked)
            yield from answer["hits"]
            if answer["next_cursor"] is None:
                return
            asked["cursor"] = answer["next_cursor"]
            asked.pop("page", None)
            asked.pop("search_id", None)

    def multi_search(self, searches: Sequence[Search], **common: Unpack[Search]) -> list[SearchAnswer | Problem]:
        """Several searches in one call, with fields that are common to them. A wrong one gives its problem, not an error."""
        body = {"searches": list(searches), "common": common}
        results = self._json("POST", "/api/v1/multi_search", body=body)["results"]
        return [Problem(one, status=one["status"]) if "code" in one else cast("SearchAnswer", one) for one in results]

    def similar(self, sku: str, **asked: Unpack[Listing]) -> SearchAnswer:
        """Products that look like this one."""
        return cast("SearchAnswer", self._json("GET", f"{_path(sku)}/similar", parameters=_plain(asked)))

    def suggest(self, q: str, *, limit: int | None = None) -> SuggestAnswer:
        """Queries, categories, brands and products that begin as typed."""
        parameters = {"q": q} if limit is None else {"q": q, "limit": limit}
        return cast("SuggestAnswer", self._json("GET", "/api/v1/suggest", parameters=parameters))

    # --- query photos ------------------------------------------------------------------------------------------------

    def upload_image(self, photo: bytes) -> StoredImage:
        """Keep a query photo for a short time, to search by its `id`."""
        form = {"image": ("photo", photo, "application/octet-stream")}
        return cast("StoredImage", self._json("POST", "/api/v1/images", form=form, is_creating=True))

    def delete_image(self, image_id: str) -> None:
        """Delete a query photo at once."""
        self._request("DELETE", f"/api/v1/images/{quote(image_id, safe='')}")

    # --- products ----------------------------------------------------------------------------------------------------

    def products(self, **filters: str | int | bool) -> ProductList:
        """A page of the store's products: `page`, `per_page`, `category`, `brand`, `in_stock` ..."""
        return cast("ProductList", self._json("GET", "/api/v1/products", parameters=_plain(filters)))

    def product(self, sku: str) -> Product:
        """One product."""
        return cast("Product", self._json("GET", _path(sku)))

    def create_product(self, **fields: Unpack[ProductFields]) -> Product:
        """A new product; a sku that is taken is a `Problem` with the code `sku_taken`."""
        return cast("Product", self._json("POST", "/api/v1/products", body=fields, is_creating=True))

    def replace_product(self, sku: str, /, **fields: Unpack[ProductFields]) -> Product:
        """Create the product, or state all of it anew: fields that are not given are emptied."""
        return cast("Product", self._json("PUT", _path(sku), body=fields))

    def update_product(self, sku: str, /, **fields: Unpack[ProductFields]) -> Product:
        """Change some fields."""
        return cast("Product", self._json("PATCH", _path(sku), body=fields))

    def delete_product(self, sku: str) -> None:
        """Delete the product and its photos."""
        self._request("DELETE", _path(sku))

    def import_products(self, products: Iterable[ProductFields]) -> ImportAnswer:
        """Write many products, each with its own result; a refused one never stops the others."""
        lines = "".join(json.dumps(product, ensure_ascii=False) + "\n" for product in products)
        return cast(
            "ImportAnswer",
            self._json(
                "POST",
                "/api/v1/products/import",
                raw=lines.encode(),
                content_type="application/x-ndjson",
                is_creating=True,
            ),
        )

    # --- events ------------------------------------------------------------------------------------------------------

    def send_events(self, events: Sequence[Event]) -> EventsAnswer:
        """Tell what shoppers saw and did: impressions, clicks, carts, purchases, "not relevant". At most 100 at once."""
        return cast("EventsAnswer", self._json("POST", "/api/v1/events", body={"events": list(events)}))

    # --- HTTP --------------------------------------------------------------------------------------------------------

    def _json(self, method: str, path: str, **sent: Any) -> Any:
        body = self._request(method, path, **sent)
        return json.loads(body) if body else {}

    def _request(
        self,
        method: str,
        path: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        form: Mapping[str, Any] | None = None,
        raw: bytes | None = None,
        content_type: str = "application/json",
        is_creating: bool = False,
    ) -> bytes:
        """The answer's body. Raises `Problem` or `Unreachable`."""
        url = f"{self._base}{path}?{urlencode(parameters)}" if parameters else f"{self._base}{path}"
        headers = dict(self._headers)
        if is_creating:
            headers["Idempotency-Key"] = str(uuid4())
        sent: dict[str, Any] = {"headers": headers}
        if form is not None:
            sent["fields"] = form
        elif body is not None or raw is not None:
            sent["body"] = raw if body is None else json.dumps(body).encode()
            headers["Content-Type"] = content_type
        try:
            answer = self._pool.request(method, url, redirect=False, **sent)
        except HTTPError as error:
            raise Unreachable(f"{method} {self._base}{path} was not answered: {error}") from error
        if answer.status >= 300:
            raise problem_of(answer.status, answer.data, retry_after=answer.headers.get("Retry-After"))
        return answer.data


def _path(sku: str) -> str:
    """A product's address; a sku may hold slashes."""
    return f"/api/v1/products/{quote(sku)}"


def _plain(values: Mapping[str, Any]) -> dict[str, str]:
    """Values as an address holds them."""
    return {name: _text(value) for name, value in values.items() if value is not None}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
