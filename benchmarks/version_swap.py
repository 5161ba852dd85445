"""A version built and promoted under a constant load of searches, over HTTP: what fails, what is wrong, how much slower it gets.

    python benchmarks/version_swap.py --store demo --url http://127.0.0.1:8000 --key pk_... [--clients 4] [--per-s 4]

Asks a running site at a fixed rate, whatever it answers, while prices of its products are edited; plans a version with
another encoder (the live one's, turned by a random rotation: as good, and its vectors mean nothing beside the others), which
the site's own workers build; compares it, promotes it, and asks on. Times run from when a request was due, not from when a
client came round to it.

Every answer is checked: its hits must be what the version that it names finds alone. An answer made of one model's query and
another's vectors would hold other products. At the end both versions must hold the whole catalogue without a difference.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import random
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


import numpy as np
import psutil
from django.conf import settings
from django.db import connection
from safetensors.numpy import load_file, save_file

import benchmarks.configured  # noqa: F401
from benchmarks.machine import describe
from catalog.models import Product, ProductImage, Store
from search import indexing
from search.api.requests import build_query
from search.images import decode_image, to_jpeg
from search.models import IndexVersion, VersionState
from search.retrieval import search
from search.upgrading import jobs
from search.upgrading.building import start_build
from search.upgrading.records import JobState
from search.versions import live_version

FIRST = 10
EDIT_EVERY_S = 0.5
TARGET_RATIO = 1.5
PHASES = ("before", "building", "comparing", "promoting", "after")
PHOTO_SIDE = 256


@dataclass(frozen=True, slots=True)
class Asked:
    """One answer: in which phase it was due, milliseconds from then, and what it said. `problem` is empty for a good one."""

    phase: str
    question: int
    took_ms: float
    version: str
    skus: tuple[str, ...]
    problem: str


@dataclass(slots=True)
class Load:
    """The clients and what they were told. `phase` is set from outside as things go on."""

    url: str
    key: str
    bodies: Sequence[bytes]
    per_s: float
    phase: str = "warm-up"
    answers: list[Asked] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def client(self, number: int, of: int) -> None:
        """Ask at this client's share of the rate, in its own order of questions."""
        chance = random.Random(number)
        host = urlsplit(self.url)
        session = http.client.HTTPConnection(host.hostname or "", host.port, timeout=60)
        every = of / self.per_s
        due = time.perf_counter() + every * number / of
        while not self.ended.is_set():
            time.sleep(max(0.0, due - time.perf_counter()))
            question, phase = chance.randrange(len(self.bodies)), self.phase
            version, skus, problem = self._ask(session, self.bodies[question])
            took_ms = (time.perf_counter() - due) * 1000
            self.answers.append(Asked(phase, question, took_ms, version, skus, problem))
            due += every

    def _ask(self, session: http.client.HTTPConnection, body: bytes) -> tuple[str, tuple[str, ...], str]:
        headers = {"X-API-Key": self.key, "Content-Type": "application/json"}
        try:
            session.request("POST", "/api/v1/search", body=body, headers=headers)
            response = session.getresponse()
            answer = json.loads(response.read())
        except (http.client.HTTPException, OSError, ValueError) as error:
            session.close()
            return "", (), f"{type(error).__name__}: {error}"
        if response.status != 200:
            return "", (), f"{response.status}: {answer.get('detail', '')}"
        problem = f"degraded: {', '.join(answer['degraded'])}" if answer["degraded"] else ""
        return answer["index"]["version"], tuple(hit["product"]["sku"] for hit in answer["hits"]), problem


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", required=True)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--key", required=True, help="a key of the store with a high enough rate")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--per-s", type=float, default=4.0, help="searches a second, of all clients together")
    parser.add_argument("--texts", type=int, default=150)
    parser.add_argument("--photos", type=int, default=30)
    parser.add_argument(
        "--before-s", type=float, default=30.0, help="seconds of load before the build and after the promotion"
    )
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    store, live = Store.objects.get(slug=options.store), live_version()
    chance = random.Random(options.seed)
    bodies = questions(store, chance, texts=options.texts, photos=options.photos)
    load = Load(options.url, options.key, bodies, options.per_s)
    print(describe({"photos": ProductImage.objects.count(), "searches a second": options.per_s}), flush=True)
    busy_before, started = psutil.cpu_times(), time.perf_counter()
    with running(load, clients=options.clients), editing(store, chance):
        time.sleep(min(10.0, options.before_s))
        version = swapped(load, live, seconds=options.before_s, seed=options.seed)
    spent = psutil.cpu_times()
    busy = (spent.user + spent.system + spent.nice) - (busy_before.user + busy_before.system + busy_before.nice)
    print(
        f"the machine's processors were busy {busy / (time.perf_counter() - started):.2f} cores of {psutil.cpu_count()}"
    )
    report(load, store, {live.collection: live, version.collection: version})


def swapped(load: Load, live: IndexVersion, *, seconds: float, seed: int) -> IndexVersion:
    """Build, compare and promote while the load goes on; the version that is live in the end."""
    _phase(load, "before")
    time.sleep(seconds)
    # A new folder each time: the live version may be what an earlier run left.
    folder = settings.DATA_DIR / f"benchmark-encoder-{int(time.time())}"
    turned_encoder(Path(live.encoder), folder, seed=seed)
    version = start_build(encoder=str(folder), index_type=live.index_type)
    _phase(load, "building")
    _wait(lambda: version.prepared_at is not None, version)
    _phase(load, "comparing")
    comparison = jobs.ask_comparison(version, by="benchmark")
    _wait(lambda: comparison.state not in (JobState.WAITING, JobState.RUNNING), comparison)
    print(f"compared: {comparison.state} {comparison.message}", flush=True)
    _phase(load, "promoting")
    change = jobs.ask_promotion(version, by="benchmark")
    _wait(lambda: change.state not in (JobState.WAITING, JobState.RUNNING), change)
    for gate in change.gates:
        print(f"  {'passed' if gate['is_passed'] else 'FAILED'} {gate['name']}: {gate['detail']}")
    if change.state != JobState.DONE:
        sys.exit(change.message)
    _phase(load, "after")
    time.sleep(seconds)
    version.refresh_from_db()
    return version


def turned_encoder(source: Path, folder: Path, *, seed: int) -> None:
    """A copy of the encoder whose vectors are all turned by one random rotation: the same answers in another space."""
    shutil.copytree(source, folder)
    turned = None
    for path in sorted(folder.glob("*_2_Dense/model.safetensors")):
        weights = load_file(path)
        size = weights["linear.weight"].shape[0]
        if turned is None:
            turned = np.linalg.qr(np.random.default_rng(seed).standard_normal((size, size)))[0]
        save_file({name: _turned(turned, value) for name, value in weights.items()}, path)
    if turned is None:
        sys.exit(f"{source} has no dense layer as the shipped encoder has: the benchmark turns that one.")


def _turned(rotation: Any, weights: Any) -> Any:
    return np.ascontiguousarray(rotation @ weights.astype(np.float64)).astype(weights.dtype)


def questions(store: Store, chance: random.Random, *, texts: int, photos: int) -> list[bytes]:
    """Bodies of searches by meaning (two words of a title) and by a product's photo."""
    titles = list(Product.objects.filter(store=store, is_published=True).order_by("pk").values_list("title", flat=True))
    pairs = {" ".join(chance.sample(title.split(), min(2, len(title.split())))).lower() for title in titles}
    asked: list[dict[str, Any]] = [
        {"q": text, "mode": "semantic"} for text in chance.sample(sorted(pairs), min(texts, len(pairs)))
    ]
    rows = list(ProductImage.objects.filter(product__store=store, kind="catalog").exclude(file="").order_by("pk"))
    for row in chance.sample(rows, min(photos, len(rows))):
        with row.file.open("rb") as file:
            photo = decode_image(file.read(), max_side=PHOTO_SIDE)
        asked.append({"image": {"base64": base64.b64encode(to_jpeg(photo)).decode()}})
    return [json.dumps({**one, "per_page": FIRST, "suggestions": False}).encode() for one in asked]


@contextmanager
def running(load: Load, *, clients: int) -> Iterator[None]:
    threads = [threading.Thread(target=load.client, args=(number, clients)) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        load.ended.set()
        for thread in threads:
            thread.join()


@contextmanager
def editing(store: Store, chance: random.Random) -> Iterator[None]:
    """Another product's price every half second: work for both versions that changes no ranking."""
    ids = list(Product.objects.filter(store=store).order_by("pk").values_list("pk", flat=True))
    ended = threading.Event()

    def edit() -> None:
        while not ended.wait(EDIT_EVERY_S):
            Product.objects.filter(pk=chance.choice(ids)).update(price=chance.randrange(500, 20_000) / 100)
        connection.close()

    thread = threading.Thread(target=edit)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def report(load: Load, store: Store, known: dict[str, IndexVersion]) -> None:
    """The table of phases, and the three promises: nothing failed, nothing was wrong, nothing is missing."""
    failed = [one for one in load.answers if one.problem]
    wrong = wrong_answers(load, store, known)
    before = [one.took_ms for one in load.answers if one.phase == "before"]
    base = float(np.percentile(before, 95))
    print(f"\n{'phase':12}{'searches':>9}{'p50 ms':>9}{'p95 ms':>9}{'slowest':>9}{'p95 ratio':>11}")
    ratios = {}
    # A promotion takes seconds: a 95th percentile of its few searches alone would be the slowest of them.
    for title, phases in {**{phase: (phase,) for phase in PHASES}, "during": PHASES[1:4]}.items():
        took = [one.took_ms for one in load.answers if one.phase in phases]
        if took:
            p50, p95 = np.percentile(took, [50, 95])
            ratios[title] = p95 / base
            print(f"{title:12}{len(took):>9}{p50:>9.1f}{p95:>9.1f}{max(took):>9.1f}{ratios[title]:>11.2f}")
    named = {name: sum(one.version == name for one in load.answers) for name in known}
    print(f"\nanswers by version: {named}")
    print(f"failed requests: {len(failed)} of {len(load.answers)} {sorted({one.problem for one in failed})[:3] or ''}")
    print(f"wrong-model answers: {len(wrong)}")
    print(f"p95 ratio during {ratios['during']:.2f}, after {ratios['after']:.2f} (target {TARGET_RATIO})")
    differences = 0
    for version in IndexVersion.objects.filter(state__in=(VersionState.LIVE, VersionState.STANDBY)):
        indexing.sweep(version)
        found = list(indexing.verify(version))
        differences += len(found)
        print(f"{version}: {len(found)} differences")
    if failed or wrong or differences:
        sys.exit(1)


def wrong_answers(load: Load, store: Store, known: dict[str, IndexVersion]) -> list[Asked]:
    """The answers whose hits are not what the version that they name finds when it is asked alone, now."""
    expected: dict[tuple[str, int], set[str]] = {}
    wrong = []
    for one in load.answers:
        if one.problem:
            continue
        if one.version not in known:
            wrong.append(one)
            continue
        key = (one.version, one.question)
        if key not in expected:
            query = build_query(store, owner="benchmark", data=json.loads(load.bodies[one.question]))
            found = search(query, version=known[one.version], is_kept=False)
            expected[key] = {hit.product.sku for hit in found.hits}
        # Products that look exactly alike may change places at the end of the list.
        if len(expected[key] & set(one.skus)) < len(expected[key]) - 1:
            wrong.append(one)
    return wrong


def _phase(load: Load, name: str) -> None:
    load.phase = name
    print(f"{time.strftime('%H:%M:%S')} {name}", flush=True)


def _wait(is_done: Any, row: Any) -> None:
    while True:
        row.refresh_from_db()
        if is_done():
            return
        time.sleep(0.5)


if __name__ == "__main__":
    main()
