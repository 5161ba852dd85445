"""The supervisor: order, restarts with back-off, giving up, signals, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from config import supervisor as supervisor_module
from config.part import Part, PartError
from config.supervisor import StopRequested, Supervisor, stop_on_signals

ROOT = Path(__file__).parent.parent
FOREVER = "import time; print('started', flush=True); time.sleep(60)"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    return tmp_path


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(said: list[str]) -> Supervisor:
    return Supervisor(say=said.append)


def _part(data_dir: Path, name: str, code: str = FOREVER, **options: object) -> Part:
    return Part(name=name, argv=[sys.executable, "-c", code], data_dir=data_dir, **options)  # type: ignore[arg-type]


def _watch_until(supervisor: Supervisor, said: list[str], text: str) -> None:
    deadline = time.monotonic() + 20
    while not any(text in line for line in said):
        assert time.monotonic() < deadline, said
        supervisor._watch()
        time.sleep(0.02)


def test_parts_stop_in_the_opposite_order(supervisor: Supervisor, data_dir: Path, said: list[str]) -> None:
    supervisor.start(_part(data_dir, "first"), _part(data_dir, "second"))
    supervisor.start(_part(data_dir, "third"))
    supervisor.stop()
    assert said == ["stopping third", "stopping second", "stopping first"]


def test_a_killed_part_is_started_again_with_its_last_words(
    supervisor: Supervisor, data_dir: Path, said: list[str]
) -> None:
    part = _part(data_dir, "worker", is_healthy=lambda: "started" in part.log.read_text())
    supervisor.start(part)
    assert part.process is not None
    killed = part.process.pid
    os.kill(killed, signal.SIGKILL)
    _watch_until(supervisor, said, "worker runs again")
    assert part.is_running
    assert part.process.pid != killed
    assert said[0].splitlines() == [
        f"worker ended (signal 9); the end of {part.log}:",
        "    started",
        "starting worker again",
    ]
    supervisor.stop()


def test_a_part_that_crashes_again_and_again_ends_everything_with_its_log(
    supervisor: Supervisor, data_dir: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    naps: list[float] = []
    monkeypatch.setattr(supervisor_module.time, "sleep", naps.append)
    supervisor.start(_part(data_dir, "web", "raise SystemExit('no such table')"))
    with pytest.raises(PartError, match=r"web ended 5 times in 120 s \(exit status 1\)[^$]*no such table"):
        supervisor.watch()
    assert [nap for nap in naps if nap not in (0.5, 0.05)] == [0.0, 1.0, 2.0, 4.0]


def test_a_part_that_lives_but_does_not_answer_is_started_again(
    supervisor: Supervisor, data_dir: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "HUNG_AFTER_S", 0.1)
    monkeypatch.setattr(supervisor_module, "HEALTH_INTERVAL_S", 0.0)
    answers = iter([True, False, False, *[True] * 1000])

    def answer() -> bool:
        time.sleep(0.1)
        return next(answers)

    part = _part(data_dir, "milvus", is_healthy=answer)
    supervisor.start(part)
    _watch_until(supervisor, said, "milvus runs again")
    assert said[0].startswith("milvus has not answered for 0 s")
    supervisor.stop()


def test_a_part_that_ends_while_starting_is_an_error_with_its_log(supervisor: Supervisor, data_dir: Path) -> None:
    part = _part(data_dir, "redis", "raise SystemExit('address in use')", is_healthy=lambda: False)
    with pytest.raises(PartError, match=r"redis ended while starting \(exit status 1\)[^$]*address in use"):
        supervisor.start(part)
    supervisor.stop()


def test_a_part_that_never_answers_is_an_error(supervisor: Supervisor, data_dir: Path) -> None:
    part = _part(data_dir, "web", is_healthy=lambda: False, start_timeout_s=0.3)
    with pytest.raises(PartError, match="web did not answer in 0 s"):
        supervisor.start(part)
    supervisor.stop()
    assert not part.is_running


def test_a_failing_step_is_an_error_and_a_good_one_is_not(supervisor: Supervisor, data_dir: Path) -> None:
    supervisor.run(_part(data_dir, "good", "pass", is_in_foreground=True))
    with pytest.raises(PartError, match=r"^migrate failed \(exit status 3\)$"):
        supervisor.run(_part(data_dir, "migrate", "raise SystemExit(3)", is_in_foreground=True))


def test_a_child_that_a_crashed_part_left_is_ended_with_it(data_dir: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid, flush=True)\n"
        "time.sleep(60)"
    )
    part = _part(data_dir, "worker", code, is_healthy=lambda: bool(part.log.read_text().strip()))
    part.start()
    part.wait_ready()
    child = psutil.Process(int(part.log.read_text()))
    assert part.process is not None
    part.process.kill()
    part.process.wait(5)
    assert child.is_running()
    part.stop()
    child.wait(5)


def test_what_a_killed_supervisor_left_is_ended_at_the_next_start(data_dir: Path) -> None:
    left = subprocess.Popen([sys.executable, "-c", FOREVER], stdout=subprocess.DEVNULL, start_new_session=True)
    created = psutil.Process(left.pid).create_time()
    (data_dir / "pids").mkdir()
    (data_dir / "pids" / "web.json").write_text(f'{{"pid": {left.pid}, "created": {created}}}')
    part = _part(data_dir, "web")
    part.start()
    left.wait(5)
    assert not psutil.pid_exists(left.pid)
    part.stop()


def test_a_recorded_pid_that_is_another_program_now_is_left_alone(data_dir: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", FOREVER], stdout=subprocess.DEVNULL, start_new_session=True)
    (data_dir / "pids").mkdir()
    later = psutil.Process(other.pid).create_time() + 3600
    (data_dir / "pids" / "web.json").write_text(f'{{"pid": {other.pid}, "created": {later}}}')
    part = _part(data_dir, "web")
    part.start()
    part.stop()
    assert other.poll() is None
    other.kill()
    other.wait(5)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_becomes_one_orderly_stop(name: str) -> None:
    number = signal.Signals[name]
    before = signal.getsignal(number)
    with stop_on_signals():
        with pytest.raises(StopRequested):
            os.kill(os.getpid(), number)
            time.sleep(5)
        os.kill(os.getpid(), number)
    assert signal.getsignal(number) == before


def test_the_services_command_starts_says_where_and_ends_on_ctrl_c(data_dir: Path) -> None:
    process = subprocess.Popen(
        ["env", f"VITRINE_DATA={data_dir}", sys.executable, "-u", "manage.py", "services"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(3)]
    assert lines[0] == f"postgres postgres://vitrine@/{data_dir}/run/postgres/vitrine\n"
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 3
    second = subprocess.run(
        ["env", f"VITRINE_DATA={data_dir}", sys.executable, "manage.py", "services"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert f"already (process {process.pid})" in second.stderr
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=40)
    assert process.returncode == 0
    assert rest.splitlines()[-3:] == ["stopping milvus", "stopping redis", "stopping postgres"]
    assert [child for child in children if child.is_running()] == []
