"""What becomes of requests when three times more are made than this machine can answer.

    python benchmarks/overload.py --store S [--seconds N] [--factor F] [--url http://127.0.0.1:8000 --key sk_...]

Measures the unloaded latency (one client), the capacity (closed loops of more and more clients), then offers `--factor` times
the capacity as an open loop. The load generator is a process of its own, and its processor time is told. Without --url a web
server like the demo's is started on the running services. Every photo is sent once, so that none is answered from the cache.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import random
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import benchmarks.configured  # noqa: F401  # isort: skip
import numpy as np
import psutil
from django.conf import settings
from PIL import Image

from benchmarks import traffic
from benchmarks.load import Outcome, Sample
from benchmarks.machine import describe
from catalog.models import ApiKey, Store
from catalog.models.keys import create_api_key
from config.programs import HOST, web

CLIENTS = (2, 4, 8, 16)
# Of a hundred requests so many are of each form.
MIX = {"words": 40, "semantic": 10, "browse, filtered": 20, "image": 15, "composed": 15}
REQUESTS = 1500
SLOWER = 3.0


@dataclass(slots=True)
class Measured:
    """All that is printed. Sizes are resident bytes of the web server's processes."""

    unloaded: Outcome
    closed: dict[int, Outcome] = field(default_factory=dict)
    offered_per_s: float = 0.0
    overload: Outcome = field(default_factory=Outcome)
    sizes: tuple[int, int] = (0, 0)

    @property
    def capacity_per_s(self) -> float:
        """The most requests answered in a second by any number of clients."""
        return max(answered_per_s(outcome) for outcome in (self.unloaded, *self.closed.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", required=True, help="the slug of a store whose catalogue is indexed")
    parser.add_argument(
        "--seconds", type=float, default=20, help="how long the overload lasts; other steps take a half"
    )
    parser.add_argument("--factor", type=float, default=3.0, help="how many times the capacity is offered")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--url", default="", help="ask this web server instead of starting one")
    options = parser.parse_args()
    store = Store.objects.filter(slug=options.store).first()
    if store is None:
        sys.exit(f"There is no store {options.store!r}.")
    row, secret = create_api_key(store=store, name="benchmark", kind="secret")
    # Without a limit of its own the throttle would refuse most of them.
    ApiKey.objects.filter(pk=row.pk).update(rate_per_minute=10_000_000)
    try:
        with serving(options.url) as (host, port):
            asked = requests_of(store, random.Random(options.seed), host=f"{host}:{port}", key=secret)
            measured = measure(options, asked, host=host, port=port)
    finally:
        row.delete()
    report(measured, options)


@contextmanager
def serving(url: str) -> Iterator[tuple[str, int]]:
    """The host and port to ask: of the URL, or of a web server that runs for the time of the block."""
    if url:
        parts = urlsplit(url)
        yield parts.hostname or HOST, parts.port or 80
        return
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = int(probe.getsockname()[1])
    # Under a name of its own: the demo's web server may be running.
    part = replace(web(settings.DATA_DIR, port=port), name="web-overload")
    part.start()
    try:
        part.wait_ready()
        yield HOST, port
    finally:
        part.stop()


def requests_of(store: Store, chance: random.Random, *, host: str, key: str) -> list[tuple[str, bytes]]:
    """Ready-made HTTP requests in the mix's proportions, in random order; every photo is other pixels."""
    samples = traffic.draw_samples(store, REQUESTS, chance)
    facets = traffic.five_facets(store)
    forms = chance.choices(list(MIX), weights=list(MIX.values()), k=REQUESTS)
    asked = []
    for sample, form in zip(samples, forms, strict=True):
        one = replace(sample, photo=varied(sample.photo, chance)) if form in ("image", "composed") else sample
        body = next(made.body for made in traffic.forms_of(one, facets, chance) if made.form == form)
        asked.append((form, http_request(body, host=host, key=key)))
    return asked


def varied(photo: bytes, chance: random.Random) -> bytes:
    """The photo as another shopper would send it: cropped a little, of 600 pixels, another JPEG."""
    image = Image.open(io.BytesIO(photo)).convert("RGB")
    left, top = (round(chance.uniform(0, 0.1) * side) for side in image.size)
    image = image.crop((left, top, image.width - left // 2, image.height - top // 2))
    image = image.resize((600, max(1, round(600 * image.height / image.width))))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=chance.randint(70, 92))
    return buffer.getvalue()


def http_request(body: dict[str, Any], *, host: str, key: str) -> bytes:
    data = json.dumps(body).encode()
    lines = (
        "POST /api/v1/search HTTP/1.1",
        f"Host: {host}",
        f"X-API-Key: {key}",
        "Content-Type: application/json",
        f"Content-Length: {len(data)}",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def measure(options: argparse.Namespace, asked: Sequence[tuple[str, bytes]], *, host: str, port: int) -> Measured:
    """Warm up, one client, more and more clients, then too much."""
    position = 0

    def load(seconds: float, **job: Any) -> Outcome:
        # Each step goes on in the list where the last one began to repeat: no photo is asked twice soon.
        nonlocal position
        rotated = [*asked[position:], *asked[:position]]
        outcome = generate(rotated, host=host, port=port, seconds=seconds, **job)
        position = (position + len(outcome.samples)) % len(asked)
        return outcome

    half = options.seconds / 2
    load(half, clients=2)
    measured = Measured(unloaded=load(options.seconds, clients=1))
    for clients in CLIENTS:
        measured.closed[clients] = load(half, clients=clients)
    measured.offered_per_s = options.factor * measured.capacity_per_s
    before = resident_bytes(port)
    measured.overload = load(options.seconds, rate=measured.offered_per_s, seed=options.seed)
    measured.sizes = (before, resident_bytes(port))
    return measured


def generate(asked: Sequence[tuple[str, bytes]], **job: Any) -> Outcome:
    """Run the load generator as a process of its own."""
    stated = {**job, "requests": [(form, base64.b64encode(request).decode()) for form, request in asked]}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(stated),
        capture_output=True,
        text=True,
        cwd=Path(__file__).resolve().parent.parent,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"The load generator failed:\n{done.stderr}")
    data = json.loads(done.stdout)
    return Outcome([Sample(**one) for one in data["samples"]], data["wall_s"], data["cpu_s"])


def resident_bytes(port: int) -> int:
    """Memory of the processes that serve this port of this machine; 0 where they are elsewhere."""
    found = {
        one.pid for one in psutil.net_connections("tcp") if one.laddr and one.laddr.port == port and one.pid is not None
    }
    return sum(
        psutil.Process(pid).memory_info().rss for pid in found if "granian" in _line(pid) or "serve" in _line(pid)
    )


def _line(pid: int) -> str:
    return " ".join(psutil.Process(pid).cmdline())


def times(outcome: Outcome, *, status: int, form: str = "") -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([s.took_ms for s in outcome.samples if s.status == status and form in ("", s.form)])


def answered_per_s(outcome: Outcome) -> float:
    return float(len(times(outcome, status=200)) / outcome.wall_s) if outcome.wall_s else 0.0


def quantiles(values: np.ndarray[Any, np.dtype[np.float64]]) -> str:
    return f"{np.percentile(values, 50):.0f} / {np.percentile(values, 99):.0f}" if len(values) else "-"


def report(measured: Measured, options: argparse.Namespace) -> None:
    """Print the tables in markdown."""
    steps = {"1 client": measured.unloaded, **{f"{n} clients": one for n, one in measured.closed.items()}}
    steps[f"open, {measured.offered_per_s:.0f}/s offered"] = measured.overload
    print(
        "\n| load | asked | answered/s | p50 / p99 ms | of them degraded | 503 | 503 p50 / p99 ms | other | generator's CPU |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for name, one in steps.items():
        other = sum(sample.status not in (200, 503) for sample in one.samples)
        degraded = sum(sample.is_degraded for sample in one.samples)
        answered, refused = times(one, status=200), times(one, status=503)
        print(
            f"| {name} | {len(one.samples)} | {answered_per_s(one):.1f} | {quantiles(answered)} | {degraded} "
            f"| {len(refused)} | {quantiles(refused)} | {other} | {one.cpu_s:.1f} s of {one.wall_s:.0f} s |"
        )
    print("\n| form | unloaded p50 / p99 ms | in overload | answered | refused |\n|---|---:|---:|---:|---:|")
    for form in MIX:
        calm, busy = times(measured.unloaded, status=200, form=form), times(measured.overload, status=200, form=form)
        refused = len(times(measured.overload, status=503, form=form))
        print(f"| {form} | {quantiles(calm)} | {quantiles(busy)} | {len(busy)} | {refused} |")
    calm_p99 = float(np.percentile(times(measured.unloaded, status=200), 99))
    busy_p99 = float(np.percentile(times(measured.overload, status=200), 99))
    late = np.percentile([sample.late_ms for sample in measured.overload.samples], 99)
    print(
        f"\nAnswered requests' p99 in overload is {busy_p99 / calm_p99:.2f} times the unloaded p99 (wanted: at most {SLOWER:.0f}). "
        f"Resident memory of the web server before and after the overload: "
        f"{measured.sizes[0] / 2**20:.0f} and {measured.sizes[1] / 2**20:.0f} MiB. "
        f"The generator began 99 % of its requests within {late:.0f} ms of their moment.\n"
    )
    print(describe({"seconds": options.seconds, "seed": options.seed}))


if __name__ == "__main__":
    main()
