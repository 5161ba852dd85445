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
    """SIGTERM while searches run: each is answered whole or was never taken, and the next server takes over."""
    address = f"{site.address}/api/v1/search?q=red+dress&facet_by=category"
    outcomes: list[str] = []
    ended = threading.Event()

    def shop() -> None:
        with requests.Session() as session:
            while not ended.is_set():
                try:
                    answer = session.get(address, headers={"X-API-Key": PUBLISHABLE_KEY}, timeout=60)
                    outcomes.append(str(answer.status_code))
                except requests.ConnectionError as error:
                    outcomes.append("refused" if "refused" in str(error) else repr(error))
                    time.sleep(0.1)

    shoppers = [threading.Thread(target=shop) for _ in range(4)]
    for shopper in shoppers:
        shopper.start()
    wait_until(lambda: len(outcomes) >= 8, lambda: f"shoppers are answered: {outcomes}", timeout_s=240)
    stopped = site.pid("web")
    os.kill(stopped, signal.SIGTERM)
    wait_until(
        lambda: site.pid("web") not in (stopped, -1) and outcomes[-1] == "200",
        lambda: f"another web server answers: {outcomes[-8:]}",
        timeout_s=240,
    )
    ended.set()
    for shopper in shoppers:
        shopper.join(90)
    # 503: more shoppers at once than a loaded machine answers in time.
    assert set(outcomes) <= {"200", "503", "refused"}


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
