"""The run itself: clients at work while faults come, then rest, then what must be true of the site."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.faults.asking import Asker, Tally
from tests.faults.importers import FileImporter, Importer
from tests.faults.injecting import CannotInject, inject
from tests.faults.ledger import Ledger
from tests.faults.photos import draw_photos
from tests.faults.readers import Searcher
from tests.faults.schedule import Fault, plan
from tests.faults.site import KEYS, OTHER_STORE, PARTS, WATCHED, Site, wait_until
from tests.faults.writers import Client, Editor, SqlWriter

STOP_S = 90.0


@dataclass
class Run:
    """A run with all that is known of it."""

    site: Site
    seed: int
    duration_s: float
    tally: Tally = field(default_factory=Tally)
    ledger: Ledger = field(default_factory=Ledger)
    photos: dict[str, bytes] = field(default_factory=draw_photos)
    # From when a fault was over until a write after it was found by its vector.
    recovered_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    injected: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    not_run: dict[str, str] = field(default_factory=dict)
    clients: list[Client] = field(default_factory=list)
    rest_s: float = 0.0

    def go(self) -> None:
        """Run clients and faults for the time, then let the site come to rest."""
        self.clients = self._clients()
        watch = Watch(self.site, self.tally)
        for thread in (*self.clients, watch):
            thread.start()
        try:
            self._inject(plan(self.seed, duration_s=self.duration_s), watch)
        finally:
            for client in self.clients:
                client.stopping.set()
            for client in self.clients:
                client.join(STOP_S)
            watch.finish()
        self.recovered_s = watch.recovered_s

    def _clients(self) -> list[Client]:
        kinds: list[tuple[type[Client], str]] = [
            (Editor, "demo"),
            (Editor, OTHER_STORE),
            (Importer, "demo"),
            (FileImporter, "demo"),
            (SqlWriter, OTHER_STORE),
            (Searcher, "demo"),
            (Searcher, OTHER_STORE),
        ]
        return [
            kind(self.site, store, seed=self.seed, ledger=self.ledger, tally=self.tally, photos=self.photos)
            for kind, store in kinds
        ]

    def _inject(self, faults: list[Fault], watch: Watch) -> None:
        began = time.monotonic()
        endings: list[tuple[float, str, Callable[[], None]]] = []
        waiting = sorted(faults, key=lambda fault: fault.at_s)
        try:
            while waiting or endings or time.monotonic() - began < self.duration_s:
                now = time.monotonic() - began
                for ending in [ending for ending in endings if ending[0] <= now]:
                    endings.remove(ending)
                    ending[2]()
                    watch.over(ending[1])
                if waiting and waiting[0].at_s <= now:
                    fault = waiting.pop(0)
                    self._begin(fault, endings, watch, now)
                time.sleep(0.05)
        finally:
            for _, _, end in endings:
                end()

    def _begin(
        self, fault: Fault, endings: list[tuple[float, str, Callable[[], None]]], watch: Watch, now: float
    ) -> None:
        name = fault.kind.name
        try:
            end = inject(self.site, name)
        except CannotInject as error:
            self.not_run[name] = str(error)
            return
        self.injected[name] += 1
        if fault.hold_s:
            endings.append((now + fault.hold_s, name, end))
        else:
            end()
            watch.over(name)


class Watch(threading.Thread):
    """Looks again and again whether the site is whole: a price written now is found by a vector, with nothing degraded."""

    def __init__(self, site: Site, tally: Tally) -> None:
        super().__init__(name="watch", daemon=True)
        self.asker = Asker(site.address, KEYS[OTHER_STORE][0], tally)
        self.photo = next(iter(draw_photos().values()))
        self.pending: list[tuple[float, str]] = []
        self.recovered_s: dict[str, list[float]] = defaultdict(list)
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.number = 0

    def over(self, name: str) -> None:
        """The fault ended at this moment."""
        with self.lock:
            self.pending.append((time.monotonic(), name))

    def finish(self) -> None:
        """Stop once every fault has been recovered from, or after a while."""
        deadline = time.monotonic() + STOP_S
        while self.pending and time.monotonic() < deadline:
            time.sleep(0.1)
        self.stopping.set()
        self.join(STOP_S)

    def run(self) -> None:
        while not self.stopping.wait(0.2):
            with self.lock:
                before = list(self.pending)
            if not before:
                continue
            began = time.monotonic()
            if self.is_whole():
                now = time.monotonic()
                with self.lock:
                    for moment, name in before:
                        if moment <= began:
                            self.pending.remove((moment, name))
                            self.recovered_s[name].append(now - moment)

    def is_whole(self) -> bool:
        """Write a new product with a photo and wait a little until its vector finds it."""
        self.number += 1
        # Above every price of the other clients, so that no search of theirs meets it.
        price = 1_000_000 + self.number
        files = [("images", ("photo.jpg", self.photo, "image/jpeg"))]
        data = {"title": "Watch", "price": str(price)}
        written = self.asker.ask("watch", "PUT", f"/api/v1/products/{WATCHED}", data=data, files=files)
        if written is None or not written.is_accepted:
            return False
        body = {"q": "watch", "mode": "semantic", "min_confidence": 0, "filter_by": f"price:[{price}..{price}]"}
        deadline = time.monotonic() + 5.0
        while time.monotonic() < deadline:
            found = self.asker.ask("watch", "POST", "/api/v1/search", json=body)
            if found is None or not found.is_accepted or found.body["degraded"]:
                return False
            if found.body["hits"]:
                return True
            time.sleep(0.2)
        return False


def come_to_rest(run: Run, *, timeout_s: float) -> None:
    """Wait until everything is in step by the site's own doing, and every part runs."""

    def is_at_rest() -> bool:
        return run.site.unrest() == 0 and all(run.site.pid(part) > 0 for part in PARTS)

    run.rest_s = wait_until(
        is_at_rest, lambda: f"rest; {run.site.unrest()} things wait\n{run.site.logs()}", timeout_s=timeout_s
    )
