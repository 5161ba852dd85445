"""Options and fixtures of every test: an empty cache."""

from __future__ import annotations

import pytest
from django.core.cache import cache

pytest_plugins = ["tests.index_fixtures", "tests.api_fixtures"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--renew-quality-baseline",
        action="store_true",
        dest="renew_quality_baseline",
        help="write the quality gate's baseline anew (make baseline)",
    )
    parser.addoption("--fault-seed", type=int, default=1, help="the fault run's seed (make faults SEED=)")
    parser.addoption("--fault-minutes", type=float, default=2.0, help="how long it lasts (make faults MINUTES=)")


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """Start each test with an empty Redis, so that throttles, pools and query photos never leak."""
    cache.clear()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tables that tests recorded with `record_property("table", ...)`, from whatever process they ran in."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, table in report.user_properties:
                if name == "table":
                    terminalreporter.section(report.nodeid)
                    terminalreporter.line(str(table))
