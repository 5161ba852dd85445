"""A fault run: clients import, edit, delete and search while parts of the whole site are killed, stopped, hung and starved.

Nothing is mended by hand. Afterwards no accepted write is lost, the index is what Postgres says, and every answer on
the way was right, said that it was degraded, or was a 503 with Retry-After. The schedule is drawn from the seed alone;
when a process is hit in its work, and so which requests meet a fault, is the machine's.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import requests

from catalog.management.commands.load_demo import PUBLISHABLE_KEY
from tests.faults.report import report
from tests.faults.run import Run, come_to_rest
from tests.faults.schedule import KINDS, plan
from tests.faults.site import Site, running_site, wait_until
from tests.faults.truth import lost_writes, wrong_rows

pytestmark = [pytest.mark.faults]

REST_S = 300.0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site")) as running:
        yield running


def test_a_seed_gives_one_schedule_with_every_kind_in_two_minutes() -> None:
    assert plan(7, duration_s=120) == plan(7, duration_s=120) != plan(8, duration_s=120)
    for seed in range(50):
        assert {fault.kind for fault in plan(seed, duration_s=120)} == set(KINDS)


@pytest.mark.timeout(900)
def test_the_printed_curl_works_as_it_stands(site: Site) -> None:
    (line,) = [line for line in site.output.splitlines() if "curl " in line]
    answer = subprocess.run(shlex.split(line[line.index("curl ") :]), capture_output=True, check=True, timeout=60)
    found = json.loads(answer.stdout)
    assert found["hits"]
    assert found["degraded"] == []


@pytest.mark.timeout(900)
def test_a_web_server_that_is_told_to_stop_answers_what_it_has_begun(site: Site) -> None:
    """SIGTERM while searches run: readiness says so first, and whatever was sent until then is answered whole."""
    outcomes: list[str] = []
    ready, ended = threading.Event(), threading.Event()

    def balance() -> None:
        while not ended.is_set():
            try:
                is_ready = requests.get(f"{site.address}/health/ready", timeout=10).status_code == 200
            except requests.ConnectionError:
                is_ready = False
            (ready.set if is_ready else ready.clear)()
            time.sleep(0.05)

    def shop() -> None:
        while not ended.is_set():
            if not ready.wait(1):
                continue
            try:
                answer = requests.get(
                    f"{site.address}/api/v1/search?q=red+dress&facet_by=category",
                    headers={"X-API-Key": PUBLISHABLE_KEY},
                    timeout=60,
                )
                outcomes.append(str(answer.status_code))
            except requests.ConnectionError as error:
                outcomes.append(repr(error))

    threads = [threading.Thread(target=work) for work in (balance, shop, shop, shop, shop)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(outcomes) >= 8, lambda: f"shoppers are answered: {outcomes}", timeout_s=240)
    stopped = site.pid("web")
    os.kill(stopped, signal.SIGTERM)
    wait_until(lambda: not ready.is_set(), lambda: "readiness says that it stops", timeout_s=60)
    before = len(outcomes)
    wait_until(
        lambda: site.pid("web") not in (stopped, -1) and len(outcomes) > before + 8,
        lambda: f"another web server answers: {outcomes[-8:]}",
        timeout_s=240,
    )
    ended.set()
    for thread in threads:
        thread.join(90)
    # 503: more shoppers at once than a loaded machine answers in time.
    assert set(outcomes) <= {"200", "503"}
    assert "200" in outcomes[before:]


@pytest.mark.timeout(7200)
def test_nothing_is_lost_stale_or_wrong_under_faults(
    site: Site, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    options = request.config.option
    run = Run(site, options.fault_seed, options.fault_minutes * 60.0)
    try:
        run.go()
        come_to_rest(run, timeout_s=REST_S)
        verified = site.manage("verify_index")
    finally:
        record_property("table", report(run))
    problems = [*run.tally.problems, *lost_writes(site, run), *wrong_rows(site, run.photos)]
    if verified.returncode:
        problems.append(verified.stdout + verified.stderr)
    assert not problems, "\n".join(
        [f"make faults SEED={run.seed}: {len(problems)} problems", *problems[:60], site.logs()]
    )
