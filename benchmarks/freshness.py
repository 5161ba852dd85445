"""How long a committed change takes until searches show it, on a running demo (web server, one worker, beat).

    python benchmarks/freshness.py [--url http://127.0.0.1:8000] [--rate 2] [--seconds 60] [--searches 2]

Writes through the API at a steady rate: new products, price edits, replaced photos, hidden and deleted products, each in
turn, on products of its own that it deletes afterwards. Each change is looked for by photo, with a filter that only the
changed product passes, until the answer shows it: a new price or photo can only come out of the index, while what is hidden
or deleted is left out when the answer is read. Times begin when the write is sent (so they hold the write itself) and when
it was answered, and end with the first answer that shows the change; looks are `POLL_S` apart. `--searches` a second come
from other shoppers meanwhile. The demo's keys are those that everybody knows.
"""

from __future__ import annotations

import argparse
import io
import os
import platform
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np
import psutil
import requests
from PIL import Image

KEY = "sk_demo0002_anybody-may-change-the-demo-store"
POLL_S = 0.1
GIVE_UP_S = 60.0
WORDS = ("red dress", "blue jeans", "black shoes", "striped shirt", "green jacket", "white sneakers")
KINDS = ("new product", "price", "photo", "hidden", "deleted")


@dataclass(slots=True)
class Waited:
    """Seconds from sending a write, and from its answer, until a search showed it."""

    kind: str
    from_sent_s: float
    from_answer_s: float


@dataclass(slots=True)
class Probe:
    """A product of ours: what it is found by."""

    sku: str
    cents: int
    photo_id: str = ""
    image_id: int = 0


@dataclass(slots=True)
class Figures:
    """What came out; a list is appended to from many threads."""

    waited: list[Waited] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    search_s: list[float] = field(default_factory=list)


class Shop:
    """The demo's API as a merchant calls it."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._local = threading.local()

    def call(self, method: str, path: str, **content: Any) -> requests.Response:
        """An answer; `requests.HTTPError` for a refusal."""
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.headers["X-API-Key"] = KEY
        answer: requests.Response = self._local.session.request(method, self._url + path, timeout=60, **content)
        answer.raise_for_status()
        return answer

    def keep_photo(self, data: bytes) -> str:
        """The id under which a query photo is searched by."""
        answer = self.call("POST", "/api/v1/images", files={"image": ("query.png", data, "image/png")})
        return str(answer.json()["id"])

    def finds(self, probe: Probe) -> bool:
        """Whether a search by the probe's photo at the probe's price shows it."""
        price = f"{probe.cents / 100:.2f}"
        body = {"image": {"id": probe.photo_id}, "filter_by": f"price:[{price}..{price}]", "per_page": 5}
        hits = self.call("POST", "/api/v1/search", json=body).json()["hits"]
        # Until the index has a replaced photo, the product is found by one that is no longer its own.
        return any(
            hit["product"]["sku"] == probe.sku and (hit["matched_image"] or {}).get("id") == probe.image_id
            for hit in hits
        )


def photo(chance: np.random.Generator) -> bytes:
    """A picture like no other: six by six tiles of chance colours."""
    tiles = chance.integers(0, 256, (6, 6, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(tiles).resize((192, 192), Image.Resampling.NEAREST).save(buffer, "PNG")
    return buffer.getvalue()


class Changes:
    """Makes one change after the other and waits for each in a thread of its own."""

    def __init__(self, shop: Shop, figures: Figures, seed: int) -> None:
        self._shop, self._figures = shop, figures
        self._numbers, self._seeds = count(1), count(seed * 1_000_000)
        self._prefix = f"freshness-{os.getpid()}"
        self._probes: list[Probe] = []
        self._lock = threading.Lock()

    def make(self, kind: str) -> None:
        """One change of this kind, waited for."""
        probe = None if kind == "new product" else self._taken()
        try:
            self._measured(kind, probe)
        except (requests.RequestException, TimeoutError) as error:
            self._figures.failed.append(f"{kind}: {error}")

    def _taken(self) -> Probe | None:
        with self._lock:
            return self._probes.pop(0) if self._probes else None

    def _measured(self, kind: str, probe: Probe | None) -> None:
        number = next(self._numbers)
        # No product of the demo costs so much, and no two of ours the same.
        cents = 5_000_000 + number
        data = photo(np.random.default_rng(next(self._seeds)))
        is_gone = False
        if probe is None:
            kind, probe = "new product", Probe(f"{self._prefix}-{number}", cents, self._shop.keep_photo(data))
            write = self._put(probe, data)
        elif kind == "price":
            probe.cents = cents
            write = self._patch(probe, {"price": f"{cents / 100:.2f}"})
        elif kind == "photo":
            probe.photo_id = self._shop.keep_photo(data)
            write = self._patch_photo(probe, data)
        elif kind == "hidden":
            write, is_gone = self._patch(probe, {"is_published": False}), True
        else:
            write, is_gone = self._delete(probe), True
        sent = time.perf_counter()
        written = write()
        answered = time.perf_counter()
        if not is_gone:
            probe.image_id = written.json()["images"][0]["id"]
        while self._shop.finds(probe) is is_gone:
            if time.perf_counter() - answered > GIVE_UP_S:
                raise TimeoutError(f"{probe.sku} is not right after {GIVE_UP_S:.0f} s")
            time.sleep(POLL_S)
        seen = time.perf_counter()
        self._figures.waited.append(Waited(kind, seen - sent, seen - answered))
        if not is_gone:
            with self._lock:
                self._probes.append(probe)

    def _put(self, probe: Probe, data: bytes) -> Callable[[], requests.Response]:
        fields = {"title": f"Freshness {probe.sku}", "price": f"{probe.cents / 100:.2f}", "quantity": "1"}
        files = {"images": ("photo.png", data, "image/png")}
        return lambda: self._shop.call("PUT", f"/api/v1/products/{probe.sku}", data=fields, files=files)

    def _patch(self, probe: Probe, fields: dict[str, object]) -> Callable[[], requests.Response]:
        return lambda: self._shop.call("PATCH", f"/api/v1/products/{probe.sku}", json=fields)

    def _patch_photo(self, probe: Probe, data: bytes) -> Callable[[], requests.Response]:
        files = {"images": ("photo.png", data, "image/png")}
        return lambda: self._shop.call("PATCH", f"/api/v1/products/{probe.sku}", files=files)

    def _delete(self, probe: Probe) -> Callable[[], requests.Response]:
        return lambda: self._shop.call("DELETE", f"/api/v1/products/{probe.sku}")

    def clean(self) -> None:
        """Delete whatever product of ours is left, the hidden ones too."""
        for number in range(1, next(self._numbers)):
            try:
                self._shop.call("DELETE", f"/api/v1/products/{self._prefix}-{number}")
            except requests.HTTPError as error:
                if error.response.status_code != 404:
                    raise


def shoppers(shop: Shop, figures: Figures, *, rate: float, ended: threading.Event) -> None:
    """Search by words at this rate until the end."""
    while rate and not ended.wait(1 / rate):
        began = time.perf_counter()
        try:
            shop.call("GET", "/api/v1/search", params={"q": random.choice(WORDS), "per_page": "12"})
        except requests.RequestException as error:
            figures.failed.append(f"search: {error}")
        figures.search_s.append(time.perf_counter() - began)


def run(url: str, *, rate: float, seconds: float, searches: float, seed: int) -> Figures:
    """Changes at this rate for so long; then all that still wait are waited for, and ours are deleted."""
    shop, figures, ended = Shop(url), Figures(), threading.Event()
    changes = Changes(shop, figures, seed)
    for _ in range(4):
        changes.make("new product")
    figures.waited.clear()
    crowd = threading.Thread(
        target=shoppers, args=(shop, figures), kwargs={"rate": searches, "ended": ended}, daemon=True
    )
    crowd.start()
    pending: list[Future[None]] = []
    with ThreadPoolExecutor(64) as pool:
        began = time.perf_counter()
        for number in range(int(rate * seconds)):
            time.sleep(max(0.0, began + number / rate - time.perf_counter()))
            # Every deleted or hidden product is made up for by a new one.
            kind = ("new product", "price", "new product", "photo", "price", "hidden", "price", "deleted")[number % 8]
            pending.append(pool.submit(changes.make, kind))
    for one in pending:
        one.result()
    ended.set()
    crowd.join()
    changes.clean()
    return figures


def report(figures: Figures) -> None:
    """A row for each kind of change."""
    print(
        f"\n{'change':14}{'n':>5}{'from sending: p50':>20}{'p95':>8}{'p99':>8}{'from the answer: p50':>24}{'p95':>8}{'p99':>8}"
    )
    for kind in (*KINDS, "all"):
        rows = [one for one in figures.waited if kind in ("all", one.kind)]
        if not rows:
            continue
        sent = np.percentile([one.from_sent_s for one in rows], (50, 95, 99))
        answered = np.percentile([one.from_answer_s for one in rows], (50, 95, 99))
        print(
            f"{kind:14}{len(rows):5}{sent[0]:20.2f}{sent[1]:8.2f}{sent[2]:8.2f}"
            f"{answered[0]:24.2f}{answered[1]:8.2f}{answered[2]:8.2f}"
        )
    if figures.search_s:
        middle, high = np.percentile(figures.search_s, (50, 95)) * 1000
        print(f"{len(figures.search_s)} searches of others: p50 {middle:.0f} ms, p95 {high:.0f} ms")
    for one in figures.failed[:10]:
        print("failed:", one)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--rate", type=float, default=2.0, help="changes a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--searches", type=float, default=2.0, help="searches a second by others meanwhile")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    psutil.cpu_percent()
    figures = run(options.url, rate=options.rate, seconds=options.seconds, searches=options.searches, seed=options.seed)
    print(
        f"{options.rate:g} changes and {options.searches:g} searches a second for {options.seconds:g} s; {platform.machine()},"
        f" {os.cpu_count()} cores, {psutil.cpu_percent():.0f} % busy in the mean (all programs), load {os.getloadavg()[0]:.1f}"
    )
    report(figures)
    raise SystemExit(1 if figures.failed else 0)


if __name__ == "__main__":
    main()
