"""The run's own judgement: what it must call wrong, and what it must let pass."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from tests.faults.asking import Answer
from tests.faults.ledger import Ledger, State, WrongAnswer, becomes, changes, vanishes
from tests.faults.readers import Searcher
from tests.faults.truth import wrong_vectors
from tests.faults.writers import judge

RED = State("red thing", "10.00", 3, "red")
DEARER = State("red thing", "90.00", 3, "red")


def write(ledger: Ledger, change: Any, status: int | None, *, created: bool = False) -> None:
    with ledger.writing("demo", {"demo-a": change}) as writes:
        judge(writes["demo-a"], None if status is None else Answer(status, {}, time.monotonic()), created=created)


@pytest.mark.parametrize(
    ("before", "change", "status", "after"),
    [
        ([], becomes(RED), 201, {RED}),
        ([(becomes(RED), 201)], changes(price="90.00"), 200, {DEARER}),
        ([(becomes(RED), 201)], changes(price="90.00"), 503, {RED, DEARER}),
        ([(becomes(RED), 201)], changes(price="90.00"), None, {RED, DEARER}),
        ([(becomes(RED), 201)], vanishes, 204, {None}),
        ([(becomes(RED), 201), (vanishes, 503)], changes(price="90.00"), 200, {DEARER}),
        ([(becomes(RED), 201), (vanishes, 503)], changes(price="90.00"), 404, {None}),
    ],
)
def test_an_answer_says_which_states_are_left(
    before: list[tuple[Any, int]], change: Any, status: int | None, after: set[State | None]
) -> None:
    ledger = Ledger()
    for earlier, answered in before:
        write(ledger, earlier, answered)
    write(ledger, change, status)
    account = ledger.account("demo", "demo-a")
    assert (account.now, account.is_retired) == (after, status is None)


@pytest.mark.parametrize(
    ("before", "change", "status"),
    [
        ([(becomes(RED), 201)], changes(price="90.00"), 404),
        ([(becomes(RED), 201), (vanishes, 204)], changes(price="90.00"), 200),
        ([(becomes(RED), 201)], becomes(DEARER), 201),
        ([], vanishes, 204),
    ],
)
def test_an_answer_that_loses_a_write_or_finds_a_deleted_product_is_wrong(
    before: list[tuple[Any, int]], change: Any, status: int
) -> None:
    ledger = Ledger()
    for earlier, answered in before:
        write(ledger, earlier, answered)
    with pytest.raises(WrongAnswer):
        write(ledger, change, status)


def shown(state: State, sku: str = "demo-a") -> dict[str, Any]:
    return {
        "sku": sku,
        "title": state.title,
        "price": {"amount": state.price},
        "in_stock": state.quantity > 0,
        "attributes": {"color": [{"code": state.color}]},
    }


def searcher(ledger: Ledger) -> Searcher:
    made = Searcher.__new__(Searcher)
    made.store, made.ledger = "demo", ledger
    return made


def test_a_hit_may_be_as_it_was_at_any_moment_of_the_request_and_not_before() -> None:
    ledger = Ledger()
    write(ledger, becomes(RED), 201)
    sent_at = time.monotonic()
    write(ledger, changes(price="90.00"), 200)
    reader = searcher(ledger)
    for state in (RED, DEARER):
        assert reader.problem(shown(state), sent_at) == ""
    later = time.monotonic()
    assert reader.problem(shown(DEARER), later) == ""
    assert "may only have been" in reader.problem(shown(RED), later)
    write(ledger, vanishes, 204)
    assert "may only have been" in reader.problem(shown(DEARER), time.monotonic())


@pytest.mark.parametrize(
    ("product", "wanted", "problem"),
    [
        (shown(RED), {"low": 5, "high": 20}, ""),
        (shown(RED), {"low": 20, "high": 50}, "costs"),
        (shown(RED), {"color": "blue"}, "is ['red']"),
        (shown(State("red thing", "10.00", 0, "red")), {"in_stock": True}, "is not in stock"),
        (shown(RED, "other-a"), {}, "belongs to another store"),
        (shown(RED, "demo-b"), {}, "was never written"),
    ],
)
def test_a_hit_that_breaks_its_filter_or_is_anothers_is_wrong(
    product: dict[str, Any], wanted: dict[str, Any], problem: str
) -> None:
    ledger = Ledger()
    write(ledger, becomes(RED), 201)
    found = searcher(ledger).problem(product, time.monotonic(), **wanted)
    assert found.startswith(problem) if problem else found == ""


def test_a_row_with_the_vector_of_another_photo_is_wrong() -> None:
    right, wrong = np.eye(2, dtype=np.float32)
    unlike = {"one", "two"}
    assert wrong_vectors({"one": [(1, right), (2, right)], "two": [(3, wrong)]}, unlike=unlike) == []
    assert wrong_vectors({"one": [(1, right)], "drawn alike": [(3, right)]}, unlike=unlike) == []
    (problem,) = wrong_vectors({"one": [(1, right), (2, right), (4, wrong)]}, unlike=unlike)
    assert problem.startswith("image 4 ")
    (problem,) = wrong_vectors({"one": [(1, right), (2, right)], "two": [(3, right)]}, unlike=unlike)
    assert "two photos" in problem
