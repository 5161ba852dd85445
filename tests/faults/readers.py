"""Clients that search, and what makes an answer wrong: a hit that breaks its filter, is of another store, is not as any
state that its product may have been in, or is of a product that was deleted before the search was sent."""

from __future__ import annotations

import base64
from typing import Any

from tests.faults.asking import Answer
from tests.faults.ledger import State, WrongAnswer
from tests.faults.site import OTHER_STORE, WATCHED
from tests.faults.writers import COLORS, Client


class Searcher(Client):
    """Searches by words, photos, filters and pages."""

    rest_s = 0.25

    def step(self) -> None:
        self.draw.choice((self.words, self.words, self.photo, self.pages, self.browse, self.similar_photo_page))()

    def words(self) -> None:
        low, high = self.price_range()
        filters = f"price:[{low}..{high}]" + (" && in_stock:=true" if self.draw.random() < 0.5 else "")
        body = {"q": f"{self.draw.choice(COLORS)} thing", "filter_by": filters, "per_page": 30}
        self.search("words", body, low=low, high=high, in_stock="in_stock" in filters)

    def photo(self) -> None:
        self.search("photo", {"image": {"base64": self.encoded()}, "per_page": 30, "min_confidence": 0})

    def similar_photo_page(self) -> None:
        low, high = self.price_range()
        body = {
            "image": {"base64": self.encoded()},
            "q": self.draw.choice(COLORS),
            "filter_by": f"price:[{low}..{high}]",
        }
        self.search("photo and words", body, low=low, high=high)

    def browse(self) -> None:
        color = self.draw.choice(COLORS)
        body = {
            "filter_by": f"color:={color} && in_stock:=true",
            "per_page": 50,
            "sort_by": "price:asc",
            "facet_by": "color",
        }
        self.search("browse", body, in_stock=True, color=color)

    def pages(self) -> None:
        """Two pages of one list hold no product twice, as long as the list is the same one."""
        body: dict[str, Any] = {"q": "thing", "per_page": 10}
        first = self.search("page", body)
        if first is None:
            return
        second = self.search("page", {**body, "page": 2, "search_id": first.body["search_id"]})
        if second is None or second.body["pool_renewed"]:
            return
        both = [hit["product"]["sku"] for answer in (first, second) for hit in answer.body["hits"]]
        if len(both) != len(set(both)):
            raise WrongAnswer(f"a product on two pages of one list: {sorted(both)}")

    def encoded(self) -> str:
        return base64.b64encode(self.photos[self.some_photo()]).decode()

    def price_range(self) -> tuple[int, int]:
        low = self.draw.randrange(0, 150)
        return low, low + 50

    def search(self, what: str, body: dict[str, Any], **wanted: Any) -> Answer | None:
        """The answer, checked; None where none came, or it was no 200."""
        answer = self.asker.ask(what, "POST", "/api/v1/search", json=body)
        if answer is None or not answer.is_accepted:
            return None
        for hit in answer.body["hits"]:
            problem = self.problem(hit["product"], answer.sent_at, **wanted)
            if problem:
                raise WrongAnswer(f"{what} {without_photo(body)}: {hit['product']['sku']} {problem}")
        return answer

    def problem(
        self,
        shown: dict[str, Any],
        sent_at: float,
        *,
        low: int | None = None,
        high: int | None = None,
        in_stock: bool = False,
        color: str = "",
    ) -> str:
        """What is wrong with a product in an answer, or nothing."""
        sku, price = shown["sku"], shown["price"]
        is_ours = sku.startswith(f"{self.store}-")
        if sku.startswith(f"{OTHER_STORE}-") != (self.store == OTHER_STORE):
            return "belongs to another store"
        if low is not None and high is not None and not low <= float(price["amount"] or -1) <= high:
            return f"costs {price}"
        if in_stock and not shown["in_stock"]:
            return "is not in stock"
        colors = [value["code"] for value in shown["attributes"].get("color", [])]
        if color and color not in colors:
            return f"is {colors}"
        if not is_ours or sku == WATCHED:
            return ""
        allowed = self.ledger.allowed(self.store, sku, since=sent_at)
        if allowed is None:
            return "was never written"
        if not any(self.is_shown(shown, colors, state) for state in allowed):
            return f"is shown as {shown['title']}, {price}, {colors}, and may only have been {set(allowed)}"
        return ""

    def is_shown(self, shown: dict[str, Any], colors: list[str], state: State | None) -> bool:
        return state is not None and (
            (shown["title"], shown["price"]["amount"], shown["in_stock"], colors)
            == (state.title, state.price, state.quantity > 0, [state.color])
            and state.is_published
        )


def without_photo(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "image"}
