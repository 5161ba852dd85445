"""What the clients know of each product: every state that it may be in, and since when. Postgres must agree at the end.

One client alone writes a product, so its states follow each other. A write whose answer never came may or may not have
happened; then both states stay possible until a later answer says which.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class State:
    """A product as its client stated it. `photo` is the SHA-256 of its only photo, empty where it has none."""

    title: str
    price: str
    quantity: int
    color: str
    is_published: bool = True
    photo: str = ""


# None stands for a product that is not there.
States = frozenset[State | None]
Change = Callable[[State | None], State | None]
NOTHING: States = frozenset([None])


class WrongAnswer(AssertionError):
    """An answer that no possible state explains."""


@dataclass(slots=True)
class Account:
    """One product's possible states, each set with the moment from which it held."""

    store: str
    history: list[tuple[float, States]] = field(default_factory=lambda: [(0.0, NOTHING)])
    # An unanswered write may still arrive: nobody writes this product any more.
    is_retired: bool = False

    @property
    def now(self) -> States:
        return self.history[-1][1]


@dataclass(slots=True)
class Write:
    """A write under way. Say how it was answered; one that is never told keeps both ways open and retires the product."""

    before: States
    after: States
    account: Account
    change: Change
    outcome: States | None = None

    def accepted(self, *, given: States | None = None) -> None:
        """Answered 2xx. `given` narrows what was there before."""
        before = self.before if given is None else self.before & given
        if not before:
            raise WrongAnswer(f"accepted, where only {set(self.before)} was possible")
        self.outcome = frozenset(self.change(state) for state in before)

    def refused(self, *, given: States | None = None) -> None:
        """Answered 4xx: nothing happened."""
        before = self.before if given is None else self.before & given
        if not before:
            raise WrongAnswer(f"refused, where only {set(self.before)} was possible")
        self.outcome = before

    def failed(self) -> None:
        """Answered 503: a commit may have been under way, but nothing arrives later."""
        self.outcome = self.before | self.after


class Ledger:
    """All accounts, shared by writers and readers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._accounts: dict[tuple[str, str], Account] = {}

    def account(self, store: str, sku: str) -> Account:
        with self._lock:
            return self._accounts.setdefault((store, sku), Account(store))

    @contextmanager
    def writing(self, store: str, changes: dict[str, Change]) -> Iterator[dict[str, Write]]:
        """Note writes before they are sent and what became of them afterwards."""
        writes: dict[str, Write] = {}
        with self._lock:
            for sku, change in changes.items():
                account = self._accounts.setdefault((store, sku), Account(store))
                after = frozenset(change(state) for state in account.now)
                writes[sku] = Write(account.now, after, account, change)
                account.history.append((time.monotonic(), account.now | after))
        try:
            yield writes
        finally:
            with self._lock:
                for write in writes.values():
                    if write.outcome is None:
                        write.account.is_retired = True
                    else:
                        write.account.history.append((time.monotonic(), write.outcome))

    def allowed(self, store: str, sku: str, *, since: float) -> States | None:
        """Every state that the product may have been in since that moment; None for one that no client ever wrote."""
        with self._lock:
            account = self._accounts.get((store, sku))
            if account is None:
                return None
            found: set[State | None] = set()
            for moment, states in reversed(account.history):
                found |= states
                if moment < since:
                    break
            return frozenset(found)

    def accounts(self) -> dict[tuple[str, str], Account]:
        with self._lock:
            return dict(self._accounts)


def becomes(state: State) -> Change:
    """The whole product is stated."""
    return lambda before: state


def changes(**facts: object) -> Change:
    """Some fields of a product that is there."""
    return lambda before: None if before is None else replace(before, **facts)  # type: ignore[arg-type]


def vanishes(before: State | None) -> State | None:
    return None
