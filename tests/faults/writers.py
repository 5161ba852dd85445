"""Clients that change the catalogue, each its own products: one by one over the API, and by raw SQL."""

from __future__ import annotations

import json
import random
import threading
from typing import Any

import psycopg

from tests.faults.asking import Answer, Asker, Tally
from tests.faults.ledger import NOTHING, Ledger, State, Write, WrongAnswer, becomes, changes, vanishes
from tests.faults.site import KEYS, Site

COLORS = ("red", "green", "blue", "black", "white", "pink")
CATEGORY = "Faults"
MAX_PRODUCTS = 40


class Client(threading.Thread):
    """Does `step` again and again until told to stop, with a rest in between; what it raises is a problem of the run."""

    rest_s = 0.3

    def __init__(
        self, site: Site, store: str, *, seed: int, ledger: Ledger, tally: Tally, photos: dict[str, bytes]
    ) -> None:
        name = f"{type(self).__name__.lower()} of {store}"
        super().__init__(name=name, daemon=True)
        self.site, self.store, self.ledger, self.tally, self.photos = site, store, ledger, tally, photos
        self.draw = random.Random(f"{name} {seed}")
        self.asker = Asker(site.address, KEYS[store][0], tally)
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.wait(self.draw.uniform(0.5, 1.5) * self.rest_s):
            try:
                self.step()
            except WrongAnswer as error:
                self.tally.problem(f"{self.name}: {error}")
            except Exception as error:
                self.tally.problem(f"{self.name} broke: {error!r}")
                raise

    def step(self) -> None:
        raise NotImplementedError

    def new_state(self, photo: str = "") -> State:
        draw, color = self.draw, self.draw.choice(COLORS)
        return State(
            title=f"{color} thing {draw.randrange(1000)}",
            price=f"{draw.randrange(100, 20000) / 100:.2f}",
            quantity=draw.choice((0, 3, 9)),
            color=color,
            is_published=draw.random() > 0.1,
            photo=photo,
        )

    def some_photo(self) -> str:
        return self.draw.choice(sorted(self.photos))


def fields(state: State) -> dict[str, Any]:
    """A product's fields as the API takes them, without photos."""
    return {
        "title": state.title,
        "price": state.price,
        "quantity": state.quantity,
        "is_published": state.is_published,
        "category": CATEGORY,
        "attributes": {"color": [state.color]},
    }


def form(state: State, photo: bytes, **more: str) -> dict[str, Any]:
    """The same as a form with its photo."""
    stated = {**fields(state), **more}
    stated["attributes"] = json.dumps(stated["attributes"])
    stated["is_published"] = "true" if state.is_published else "false"
    return {"data": stated, "files": [("images", ("photo.jpg", photo, "image/jpeg"))]}


class Editor(Client):
    """Makes products with photos one by one, and edits, re-photographs, replaces and deletes them."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.skus: list[str] = []
        self.made = 0

    def step(self) -> None:
        self.skus = [sku for sku in self.skus if not self.ledger.account(self.store, sku).is_retired]
        if not self.skus or (len(self.skus) < MAX_PRODUCTS and self.draw.random() < 0.35):
            self.made += 1
            self.skus.append(f"{self.store}-edit-{self.made}")
            self.create(self.skus[-1])
            return
        sku = self.draw.choice(self.skus)
        kind = self.draw.choice((self.edit, self.edit, self.rephotograph, self.rephotograph, self.replace, self.delete))
        kind(sku)

    def create(self, sku: str) -> None:
        state = self.new_state(self.some_photo())
        with self.ledger.writing(self.store, {sku: becomes(state)}) as writes:
            answer = self.asker.ask(
                "create", "POST", "/api/v1/products", **form(state, self.photos[state.photo], sku=sku)
            )
            judge(writes[sku], answer, created=True)

    def edit(self, sku: str) -> None:
        facts: dict[str, Any] = self.draw.choice(
            (
                {"price": f"{self.draw.randrange(100, 20000) / 100:.2f}"},
                {"quantity": self.draw.choice((0, 3, 9))},
                {"title": f"changed thing {self.draw.randrange(1000)}"},
                {"is_published": self.draw.random() > 0.3},
            )
        )
        with self.ledger.writing(self.store, {sku: changes(**facts)}) as writes:
            judge(writes[sku], self.asker.ask("edit", "PATCH", f"/api/v1/products/{sku}", json=facts))

    def rephotograph(self, sku: str) -> None:
        photo = self.some_photo()
        with self.ledger.writing(self.store, {sku: changes(photo=photo)}) as writes:
            files = [("images", ("photo.jpg", self.photos[photo], "image/jpeg"))]
            judge(writes[sku], self.asker.ask("new photo", "PATCH", f"/api/v1/products/{sku}", files=files))

    def replace(self, sku: str) -> None:
        state = self.new_state(self.some_photo())
        with self.ledger.writing(self.store, {sku: becomes(state)}) as writes:
            request = form(state, self.photos[state.photo])
            judge(writes[sku], self.asker.ask("replace", "PUT", f"/api/v1/products/{sku}", **request))

    def delete(self, sku: str) -> None:
        with self.ledger.writing(self.store, {sku: vanishes}) as writes:
            judge(writes[sku], self.asker.ask("delete", "DELETE", f"/api/v1/products/{sku}"))


def judge(write: Write, answer: Answer | None, *, created: bool = False) -> None:
    """What an answer to one product's write says of its states."""
    present = write.before - NOTHING
    if answer is None:
        return
    if answer.status == 201:
        write.accepted(given=NOTHING)
    elif answer.is_accepted:
        write.accepted(given=present)
    elif answer.status == 404:
        write.refused(given=NOTHING)
    elif answer.status == 409 and created:
        write.refused(given=present)
    elif answer.status == 503:
        write.failed()


class SqlWriter(Client):
    """Changes prices and stock by raw SQL, as another program on the same database would."""

    rest_s = 0.8
    products = 30

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.known: set[str] = set()

    def step(self) -> None:
        sku = f"{self.store}-sql-{self.draw.randrange(self.products)}"
        if self.ledger.account(self.store, sku).is_retired:
            return
        if sku not in self.known:
            state = self.new_state(self.some_photo())
            with self.ledger.writing(self.store, {sku: becomes(state)}) as writes:
                request = form(state, self.photos[state.photo])
                answer = self.asker.ask("replace", "PUT", f"/api/v1/products/{sku}", **request)
                judge(writes[sku], answer)
                if answer is not None and answer.is_accepted:
                    self.known.add(sku)
            return
        price, quantity = f"{self.draw.randrange(100, 20000) / 100:.2f}", self.draw.choice((0, 3, 9))
        with self.ledger.writing(self.store, {sku: changes(price=price, quantity=quantity)}) as writes:
            try:
                self.site.rows(
                    "UPDATE catalog_product SET price = %s, quantity = %s WHERE sku = %s", (price, quantity, sku)
                )
            except psycopg.OperationalError:
                self.tally.count("raw SQL", "no database")
                writes[sku].failed()
            else:
                self.tally.count("raw SQL", "ok")
                writes[sku].accepted()
