"""One part of a running Vitrine: a child process in a session of its own, its log, its health and its end."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_PR_SET_PDEATHSIG = 1
_MAX_LOG_BYTES = 10 * 2**20


class PartError(RuntimeError):
    """A part did not start or did not stay; the message ends with its log's last lines."""


def _nothing() -> None:
    """Prepare nothing."""


def _always() -> bool:
    """Take a living process for a healthy one."""
    return True


@dataclass(slots=True)
class Part:
    """A program to run and keep running.

    `prepare` runs before each start, `after_ready` when it first answers, `become` in the child between fork and exec.
    `is_healthy` asks the program itself, so that a dead child behind a living wrapper is noticed. A part in the
    foreground writes to our own output instead of a log.
    """

    name: str
    argv: list[str]
    data_dir: Path
    is_healthy: Callable[[], bool] = _always
    prepare: Callable[[], None] = _nothing
    after_ready: Callable[[], None] = _nothing
    become: Callable[[], None] = _nothing
    environment: dict[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    is_in_foreground: bool = False
    stop_signal: signal.Signals = signal.SIGTERM
    start_timeout_s: float = 60.0
    stop_timeout_s: float = 20.0
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """The file that the program's output is appended to."""
        return self.data_dir / "logs" / f"{self.name}.log"

    @property
    def is_running(self) -> bool:
        """Whether the process lives (it may still not answer: `is_healthy`)."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start the process without waiting for it to answer; ends what an earlier, killed run left behind."""
        self._end_leftover()
        self.prepare()
        if self.log.exists() and self.log.stat().st_size > _MAX_LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        parent, libc, last_wish = os.getpid(), ctypes.CDLL(None), int(self.stop_signal)

        def in_child() -> None:
            # A shell's background job ignores SIGINT, and exec would hand that down: Postgres stops by SIGINT.
            for name in (signal.SIGINT, signal.SIGTERM):
                signal.signal(name, signal.SIG_DFL)
            self.become()
            if sys.platform == "linux":
                libc.prctl(_PR_SET_PDEATHSIG, last_wish)
                if os.getppid() != parent:
                    os._exit(1)

        variables = [f"{name}={value}" for name, value in self.environment.items()]
        with nullcontext(None) if self.is_in_foreground else self.log.open("ab") as output:
            self.process = subprocess.Popen(
                ["env", *variables, *self.argv] if variables else self.argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.cwd,
                start_new_session=True,
                preexec_fn=in_child,
            )
        self._record.parent.mkdir(exist_ok=True)
        with suppress(psutil.NoSuchProcess):
            created = psutil.Process(self.process.pid).create_time()
            self._record.write_text(json.dumps({"pid": self.process.pid, "created": created}))

    def wait_ready(self) -> None:
        """Wait until the program answers; PartError when it ends or does not answer in `start_timeout_s`."""
        deadline = time.monotonic() + self.start_timeout_s
        while not self.is_healthy():
            if not self.is_running:
                raise PartError(f"{self.name} ended while starting{self.ending()}")
            if time.monotonic() > deadline:
                raise PartError(f"{self.name} did not answer in {self.start_timeout_s:.0f} s{self.ending()}")
            time.sleep(0.05)
        self.after_ready()

    def stop(self) -> None:
        """End the program in its own way, then kill whatever of its session is left. Safe to call twice."""
        if self.process is None:
            return
        if self.is_running:
            self.process.send_signal(self.stop_signal)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(self.stop_timeout_s)
        # The pid is the session's group too: children that a crashed parent left are in it.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        self.process = None
        self._record.unlink(missing_ok=True)

    def ending(self, lines: int = 15) -> str:
        """Say how the process ended and the last lines of its log, for a message."""
        code = self.process.poll() if self.process else None
        how = "" if code is None else f" (signal {-code})" if code < 0 else f" (exit status {code})"
        if self.is_in_foreground:
            return how
        try:
            text = self.log.read_text(errors="replace").rstrip().splitlines()[-lines:]
        except FileNotFoundError:
            text = []
        return "\n".join([f"{how}; the end of {self.log}:", *(f"    {line}" for line in text)])

    @property
    def _record(self) -> Path:
        return self.data_dir / "pids" / f"{self.name}.json"

    def _end_leftover(self) -> None:
        """End what a run that was itself killed left behind: the recorded process, and the rest of its session."""
        try:
            record = json.loads(self._record.read_text())
            leader, created = int(record["pid"]), float(record["created"])
        except (FileNotFoundError, ValueError, KeyError):
            return
        # A pid is used again one day; a process of that session started at the recorded time or after it.
        left = [process for process in _session(leader) if process.create_time() > created - 1]
        for process in left:
            with suppress(psutil.NoSuchProcess):
                if process.pid == leader:
                    process.send_signal(self.stop_signal)
                    with suppress(psutil.TimeoutExpired):
                        process.wait(self.stop_timeout_s)
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._record.unlink(missing_ok=True)


def _session(leader: int) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, PermissionError):
            if os.getsid(process.pid) == leader:
                found.append(process)
    return found
