"""Asks a web server as many clients do, in a process of its own: `python -m benchmarks.load`, a job as JSON in, samples out.

Imports nothing of Vitrine, so that what it spends is the asking. Closed loop: so many clients, each asks again when it was
answered. Open loop: requests begin at random moments (Poisson) whatever became of those before, as shoppers do.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
import resource
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any

# A closed-loop client that was refused comes back after this long, rather than as fast as it can be refused.
REFUSED_PAUSE_S = 0.05
TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One request. `status` is 0 where the connection failed; `late_ms` is how much after its moment it began."""

    form: str
    status: int
    took_ms: float
    late_ms: float = 0.0
    is_degraded: bool = False


@dataclass(slots=True)
class Outcome:
    """Everything that was asked, and what the asking took."""

    samples: list[Sample] = field(default_factory=list)
    wall_s: float = 0.0
    cpu_s: float = 0.0


class Asker:
    """Sends ready-made HTTP/1.1 requests over kept connections, a new one wherever none is idle."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, form: str, request: bytes, *, late_ms: float = 0.0) -> Sample:
        began = time.perf_counter()
        try:
            status, is_degraded = await asyncio.wait_for(self._exchange(request), TIMEOUT_S)
        except (TimeoutError, OSError, EOFError, ValueError):
            status, is_degraded = 0, False
        return Sample(form, status, (time.perf_counter() - began) * 1000, late_ms, is_degraded)

    async def _exchange(self, request: bytes) -> tuple[int, bool]:
        while self._idle:
            reader, writer = self._idle.pop()
            if not (reader.at_eof() or writer.is_closing()):
                break
        else:
            reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(head.split("content-length:", 1)[1].split("\r\n", 1)[0])
            body = await reader.readexactly(length)
        except BaseException:
            writer.close()
            raise
        if "connection: close" in head:
            writer.close()
        else:
            self._idle.append((reader, writer))
        status = int(head.split(" ", 2)[1])
        return status, status == 200 and b'"degraded":[]' not in body


async def closed(asker: Asker, requests: list[tuple[str, bytes]], *, clients: int, seconds: float) -> list[Sample]:
    """Samples of so many clients that each ask without a pause."""
    samples: list[Sample] = []
    until, position = time.perf_counter() + seconds, 0

    async def client() -> None:
        nonlocal position
        while time.perf_counter() < until:
            form, request = requests[position % len(requests)]
            position += 1
            sample = await asker.ask(form, request)
            samples.append(sample)
            if sample.status != 200:
                await asyncio.sleep(REFUSED_PAUSE_S)

    await asyncio.gather(*(client() for _ in range(clients)))
    return samples


async def opened(
    asker: Asker, requests: list[tuple[str, bytes]], *, rate: float, seconds: float, seed: int
) -> list[Sample]:
    """Samples of `rate` requests a second that begin at random, independent moments."""
    chance, tasks = random.Random(seed), []
    start = time.perf_counter()
    moment, position = start, 0
    while (moment := moment + chance.expovariate(rate)) < start + seconds:
        pause = moment - time.perf_counter()
        if pause > 0:
            await asyncio.sleep(pause)
        form, request = requests[position % len(requests)]
        position += 1
        late_ms = max(0.0, time.perf_counter() - moment) * 1000
        tasks.append(asyncio.create_task(asker.ask(form, request, late_ms=late_ms)))
    return list(await asyncio.gather(*tasks))


def run(job: dict[str, Any]) -> Outcome:
    """`host`, `port`, `requests` (form, base64 bytes), `seconds`, and `clients`, or `rate` and `seed`."""
    requests = [(form, base64.b64decode(request)) for form, request in job["requests"]]
    asker = Asker(job["host"], job["port"])
    before, began = _cpu_s(), time.perf_counter()
    if job.get("clients"):
        samples = asyncio.run(closed(asker, requests, clients=job["clients"], seconds=job["seconds"]))
    else:
        samples = asyncio.run(opened(asker, requests, rate=job["rate"], seconds=job["seconds"], seed=job["seed"]))
    return Outcome(samples, time.perf_counter() - began, _cpu_s() - before)


def _cpu_s() -> float:
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime


if __name__ == "__main__":
    json.dump(asdict(run(json.load(sys.stdin))), sys.stdout)
