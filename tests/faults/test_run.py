"""A fault run: clients import, edit, delete and search while parts of the whole site are killed, stopped, hung and starved.

Nothing is mended by hand. Afterwards no accepted write is lost, the index is what Postgres says, and every answer on
the way was right, said that it was degraded, or was a 503 with Retry-After. The schedule is drawn from the seed alone;
when a process is hit in its work, and so which requests meet a fault, is the machine's.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable, Iterator

import pytest

from tests.faults.report import report
from tests.faults.run import Run, come_to_rest
from tests.faults.schedule import KINDS, plan
from tests.faults.site import Site, running_site
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
