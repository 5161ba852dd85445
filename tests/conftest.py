"""Options and fixtures of every test, and their order: an empty cache, and the slow files first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.db.backends.base.operations import BaseDatabaseOperations
from psycopg.errors import DeadlockDetected

from search import breakers, seldom

pytest_plugins = ["tests.index_fixtures", "tests.api_fixtures", "tests.version_fixtures"]

# The slow ones, slowest first: two processes share the files out in order, and one begun last would run alone.
SLOW_FILES = (
    "faults",
    "test_evaluation_gate",
    "test_embedded",
    "test_milvus_contract",
    "test_schema",
    "test_totals",
    "test_demo",
    "test_onnx",
    "test_benchmarks",
    "test_calibration",
    "test_supervisor",
    "test_two_workers",
    "test_browser",
    "test_browser_answers",
    "test_browser_playground",
    "test_browser_rules",
    "test_browser_events",
    "test_browser_products",
    "test_browser_suggestions",
    "test_instantsearch_browser",
    "test_admin",
    "test_colour_search",
    "test_training",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the slow files (or folders) first; within one, and among the others, the random order stays.

    The long fault run is `make faults` alone: of three runs of two minutes beside the other tests one failed, by what is open.
    """
    if not config.option.fault_minutes:
        long = [item for item in items if item.name == "test_nothing_is_lost_stale_or_wrong_under_faults"]
        items[:] = [item for item in items if item not in long]
        config.hook.pytest_deselected(items=long)
    places = {name: place for place, name in enumerate(SLOW_FILES)}
    here = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        return places.get(Path(item.path.relative_to(here).parts[0]).stem, len(places))

    items.sort(key=place)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--renew-quality-baseline",
        action="store_true",
        dest="renew_quality_baseline",
        help="write the quality gate's baseline anew (make baseline)",
    )
    parser.addoption(
        "--schema-examples",
        type=int,
        default=8,
        dest="schema_examples",
        help="requests made up for each operation, each kind of data and each kind of path (make schema)",
    )
    parser.addoption("--fault-seed", type=int, default=1, help="the fault run's seed (make faults SEED=)")
    parser.addoption("--fault-minutes", type=float, default=0.0, help="how long it lasts (make faults MINUTES=)")


@pytest.fixture(autouse=True, scope="session")
def flush_beside_a_last_request() -> Iterator[None]:
    """Empty the tables once more where Postgres ended that: the last request of a closed page may still be committing."""
    plain = BaseDatabaseOperations.execute_sql_flush

    def flush(operations: BaseDatabaseOperations, sql_list: list[str]) -> None:
        for _ in range(5):
            try:
                return plain(operations, sql_list)
            except OperationalError as error:
                if not isinstance(error.__cause__, DeadlockDetected):
                    raise
        return plain(operations, sql_list)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", flush)
        yield


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """Start each test with an empty Redis, so that throttles, pools and query photos never leak, and with parts that nobody
    found fault with."""
    breakers.forget()
    seldom.forget()
    cache.clear()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tables that tests recorded with `record_property("table", ...)`, from whatever process they ran in."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, table in report.user_properties:
                if name == "table":
                    terminalreporter.section(report.nodeid)
                    terminalreporter.line(str(table))
