"""Pytest plugin (`-p tests.services`): real Postgres, Redis and Milvus Lite in a temporary data folder.

It is loaded before Django's settings, which it points at that folder; DATABASE_URL, REDIS_URL and MILVUS_URI still
replace a service each. Sessions can run side by side: no fixed port, no fixed path.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from config.embedded.services import SERVICES, make_services, running

_URLS = {"postgres": "DATABASE_URL", "redis": "REDIS_URL", "milvus": "MILVUS_URI"}
_FREE_BYTES = 256 * 2**20
CANNOT_RUN = "this machine cannot run it: "
"""How the reason of an allowed skip begins; any other skipped test fails the run."""

_reasons: dict[str, str] = {}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """Point the settings at a fresh folder, before pytest-django reads them."""
    folder = Path(tempfile.mkdtemp(prefix="vitrine-test-"))
    folder.chmod(0o755)
    early_config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    for name in ("VITRINE_DEMO", "DEBUG", "MILVUS", "MEDIA_ROOT", "STATIC_ROOT", "S3_BUCKET"):
        os.environ.pop(name, None)
    for name in ("ENCODER_MODEL", "ENCODER_BACKEND", "ENCODER_EXPORTS"):
        os.environ.pop(name, None)
    os.environ.update(VITRINE_DATA=str(folder), SECRET_KEY="only-for-tests", HTTPS="0")
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """Make the settings quick: no manifest of static files, no slow password hashes."""
    from django.conf import settings

    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    # A test that takes a part away asks at once how it is.
    settings.HEALTH_LIFETIME_S = 0.0
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Start the services once there is a test to run; they end with pytest itself."""
    if session.config.option.collectonly or not session.items:
        return
    from django.conf import settings

    names = [name for name in SERVICES if not os.environ.get(_URLS[name])]
    stack = ExitStack()
    session.config.add_cleanup(stack.close)
    parts = make_services(settings.DATA_DIR, names, is_durable=False)
    stack.enter_context(running(settings.DATA_DIR, parts, free_bytes=_FREE_BYTES))


@pytest.fixture(scope="session")
def milvus_server_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URI of a real Milvus 2.3.5 server, started for this session (mark the test `server`)."""
    from config import embedded

    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        pytest.skip(f"{CANNOT_RUN}the Milvus 2.3.5 server needs x86-64 Linux, not {platform.machine()} {sys.platform}")
    data_dir = tmp_path_factory.mktemp("milvus-server")
    parts = make_services(data_dir, ["milvus"], milvus_engine="server")
    with running(data_dir, parts, free_bytes=_FREE_BYTES):
        yield embedded.endpoints(data_dir).milvus_uri


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium to drive (mark the test `browser`): the system's, else Playwright's own."""
    from playwright.sync_api import sync_playwright

    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    if not Path(path).exists():
        pytest.skip(f"{CANNOT_RUN}no browser: neither a system Chromium nor Playwright's could be installed")
    return path


@pytest.fixture(scope="session")
def npm_folder() -> Path:
    """The folder of the InstantSearch page, with the npm packages that `.ci/npm` fetches into it."""
    folder = Path(__file__).parent / "npm"
    if not (folder / "node_modules" / ".package-lock.json").exists():
        pytest.skip(f"{CANNOT_RUN}no npm packages: .ci/npm could not fetch them")
    return folder


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember each skipped test and its reason."""
    if report.skipped and not hasattr(report, "wasxfail") and isinstance(report.longrepr, tuple):
        _reasons[report.nodeid] = report.longrepr[2].removeprefix("Skipped: ")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run in which a test was skipped for any reason but the machine's."""
    if session.exitstatus == 0 and any(not reason.startswith(CANNOT_RUN) for reason in _reasons.values()):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what did not run, and why."""
    for title, is_allowed in (("could not run on this machine", True), ("skipped: not allowed", False)):
        rows = [(test, why) for test, why in _reasons.items() if why.startswith(CANNOT_RUN) is is_allowed]
        if rows:
            terminalreporter.section(title)
        for test, why in rows:
            terminalreporter.line(f"{test}: {why.removeprefix(CANNOT_RUN)}")
