"""What the machine is and what it spends: processor time of our own process and of the services beside it, and memory."""

from __future__ import annotations

import json
import os
import platform
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import torch
from django.conf import settings

from search import milvus

SELF = "this process"
_SETTLE_STEP_S = 0.3
_SETTLED_BELOW = 0.1
_SETTLE_AT_MOST_S = 30.0


@dataclass(slots=True)
class Cost:
    """What a stage cost: wall seconds of its calls, and processor seconds by process, what they left to do included."""

    images: int = 0
    wall_s: float = 0.0
    cpu_s: dict[str, float] = field(default_factory=dict)
    # What the rest of the machine ran meanwhile: a busy neighbour makes every figure here worse.
    others_cpu_s: float = 0.0

    @property
    def images_per_s(self) -> float:
        return self.images / self.wall_s if self.wall_s else 0.0

    def cpu_per_image(self, name: str | None = None) -> float:
        """Processor seconds of one image, in one process or (by default) in all."""
        spent = sum(self.cpu_s.values()) if name is None else self.cpu_s.get(name, 0.0)
        return spent / self.images if self.images else 0.0


class Meter:
    """Reads processor time of this process and of the services that run in the data folder.

    A service with an address of its own is not seen here: `unseen` names it.
    """

    def __init__(self) -> None:
        self._processes: dict[str, psutil.Process] = {SELF: psutil.Process()}
        for name in ("milvus", "postgres", "redis"):
            process = _service(settings.DATA_DIR, name) if name in settings.EMBEDDED_SERVICES else None
            if process is not None:
                self._processes[name] = process
        self.unseen = tuple(name for name in ("milvus", "postgres", "redis") if name not in self._processes)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._processes)

    @contextmanager
    def measured(self, cost: Cost, images: int) -> Iterator[None]:
        """Add the block to `cost`: its wall time, and the processor time until the services have come to rest."""
        before, busy_before = self._read(), _machine_busy_s()
        started = time.perf_counter()
        yield
        cost.wall_s += time.perf_counter() - started
        cost.images += images
        ours = sum(self._read().values()) - sum(before.values())
        cost.others_cpu_s += max(0.0, _machine_busy_s() - busy_before - ours)
        self.settle()
        for name, seconds in self._read().items():
            cost.cpu_s[name] = cost.cpu_s.get(name, 0.0) + seconds - before[name]

    def settle(self) -> None:
        """Wait until the services are quiet, so that what a stage left to do in the background is counted as its own."""
        deadline = time.monotonic() + _SETTLE_AT_MOST_S
        before = self._services_s()
        while time.monotonic() < deadline:
            time.sleep(_SETTLE_STEP_S)
            now = self._services_s()
            if now - before < _SETTLED_BELOW * _SETTLE_STEP_S:
                return
            before = now

    def _services_s(self) -> float:
        return sum(seconds for name, seconds in self._read().items() if name != SELF)

    def _read(self) -> dict[str, float]:
        return {name: _cpu_s(process, is_alone=name == SELF) for name, process in self._processes.items()}


@contextmanager
def peak_memory(record: Callable[[int], None]) -> Iterator[None]:
    """Give `record` the highest resident memory of this process in the block, in bytes, looked at 20 times a second."""
    process, ended, peak = psutil.Process(), threading.Event(), 0

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.05):
            peak = max(peak, process.memory_info().rss)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
        record(max(peak, process.memory_info().rss))


def core_count() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def describe(facts: Mapping[str, object]) -> str:
    """One line that says on what, and with what, the figures were measured; Milvus included."""
    found = milvus.engine()
    return describe_machine({"Milvus": f"{found.version}{' (Lite)' if found.is_lite else ''}", **facts})


def describe_machine(facts: Mapping[str, object]) -> str:
    """The same line for what needs no service."""
    stated = {
        "measured on": f"{time.strftime('%Y-%m-%d')}, {_processor()}, {core_count()} cores",
        "Python": platform.python_version(),
        "torch": torch.__version__,
        **facts,
    }
    return "; ".join(f"{name} {value}" for name, value in stated.items())


def _service(data_dir: Path, name: str) -> psutil.Process | None:
    """The process of an embedded service, by the record that its supervisor keeps."""
    with suppress(FileNotFoundError, ValueError, KeyError, psutil.NoSuchProcess):
        return psutil.Process(int(json.loads((data_dir / "pids" / f"{name}.json").read_text())["pid"]))
    return None


def _cpu_s(process: psutil.Process, *, is_alone: bool) -> float:
    """User and system time; of a service with its living children and with those that it has waited for."""
    times = process.cpu_times()
    total = times.user + times.system
    if is_alone:
        return float(total)
    total += times.children_user + times.children_system
    for child in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            times = child.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return float(total)


def _machine_busy_s() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system)


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
