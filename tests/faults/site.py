"""The whole site as `make demo` runs it, in a folder of its own: real processes, a small catalogue, two stores."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg

from catalog.management.commands.load_demo import PUBLISHABLE_KEY, SECRET_KEY
from config.embedded.folder import socket_dir

ROOT = Path(__file__).parent.parent.parent
PRODUCTS = 60
START_S = 600
MEDIA_BYTES = 64 * 2**20
OTHER_STORE = "other"
# The product by which the run sees whether the site is whole again.
WATCHED = f"{OTHER_STORE}-watch"
OTHER_KEY = "sk_faults01_the-other-store-of-the-fault-run"
PARTS = ("web", "worker", "beat", "milvus", "redis", "postgres")
# Everything imported is in step, nobody holds a claim, nothing is doubted, no import waits.
_UNREST = """
    SELECT (SELECT count(*) FROM catalog_productimage i JOIN catalog_product p ON p.id = i.product_id
            JOIN search_indexversion v ON v.state = 'live'
            LEFT JOIN search_indexentry e ON e.image_id = i.id AND e.version_id = v.id
            WHERE i.file <> '' AND (e.image_revision, e.product_revision) IS DISTINCT FROM (i.revision, p.revision))
         + (SELECT count(*) FROM search_indexentry e WHERE e.claim_token IS NOT NULL
            OR NOT EXISTS (SELECT 1 FROM catalog_productimage i WHERE i.id = e.image_id))
         + (SELECT count(*) FROM search_indexversion WHERE is_doubted)
         + (SELECT count(*) FROM catalog_importjob WHERE state IN ('waiting', 'running'))
"""


@dataclass(frozen=True)
class Site:
    """A running `manage.py demo`. `has_small_media` says whether photos lie on a small disk of their own."""

    folder: Path
    port: int
    environment: dict[str, str]
    process: subprocess.Popen[bytes]
    has_small_media: bool

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    @property
    def media(self) -> Path:
        return self.folder / "media"

    @property
    def encoder(self) -> Path:
        return self.folder / "encoder"

    @property
    def output(self) -> str:
        return (self.folder / "output").read_text(errors="replace")

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def manage(self, *arguments: str, timeout_s: float = 300) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=False,
            timeout=timeout_s,
        )

    def rows(self, query: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """What a query of the site's own database gives. Raises `psycopg.OperationalError` while it is down."""
        host = str(socket_dir(self.data_dir) / "postgres")
        with psycopg.connect(host=host, user="vitrine", dbname="vitrine", connect_timeout=5) as connection:
            cursor = connection.execute(query.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    def unrest(self) -> int:
        """How much is not in step yet; -1 while Postgres does not answer."""
        try:
            return int(self.rows(_UNREST)[0][0])
        except psycopg.Error:
            return -1

    def pid(self, part: str) -> int:
        """The part's process; -1 while it is being started again."""
        try:
            return int(json.loads((self.data_dir / "pids" / f"{part}.json").read_text())["pid"])
        except (FileNotFoundError, json.JSONDecodeError):
            return -1

    def logs(self, lines: int = 25) -> str:
        """The end of each part's log, for a failure's message."""
        found = [f"--- {self.folder / 'output'}\n" + "\n".join(self.output.splitlines()[-lines:])]
        for path in sorted((self.data_dir / "logs").glob("*.log")):
            text = path.read_text(errors="replace").splitlines()
            found.append(f"--- {path}\n" + "\n".join(text[-lines:]))
        return "\n".join(found)


def wait_until(condition: Callable[[], bool], what: Callable[[], str], *, timeout_s: float) -> float:
    """Wait for the condition; the seconds that it took. `what` says what is missing when it does not come."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < timeout_s, f"not within {timeout_s:.0f} s: {what()}"
        time.sleep(0.2)
    return time.monotonic() - began


@contextmanager
def running_site(folder: Path) -> Iterator[Site]:
    """Start the demo and make the second store; end it as Ctrl-C does, and check that nothing is left."""
    folder.chmod(0o755)
    (folder / "media").mkdir()
    shutil.copytree(ROOT / "models" / "vitrine-compact-clip", folder / "encoder")
    has_small_media = _mount(folder / "media")
    try:
        site = _started(folder, has_small_media=has_small_media)
        try:
            yield site
        except BaseException:
            _end(site)
            raise
        # The tests run in any order, so what Ctrl-C must do is checked here, at the site's end.
        left, code = _end(site)
        assert code == 0, f"Ctrl-C ends the demo in order\n{site.output}"
        assert left == [], "Ctrl-C ends every process"
    finally:
        if has_small_media:
            subprocess.run(["umount", "--lazy", str(folder / "media")], check=True)


def _started(folder: Path, *, has_small_media: bool) -> Site:
    dropped = ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "MILVUS_URI", "HTTPS")
    environment = {name: value for name, value in os.environ.items() if name not in dropped}
    environment |= {
        "VITRINE_DATA": str(folder / "data"),
        "VITRINE_DEMO": "1",
        "DEMO_PRODUCTS": str(PRODUCTS),
        "MEDIA_ROOT": str(folder / "media"),
        "ENCODER_MODEL": str(folder / "encoder"),
        "INDEX_LEASE_S": "10",
        "WEB_DRAIN_S": "2",
        "INDEX_BATCH_SIZE": "16",
        "THROTTLE_PUBLISHABLE_PER_MINUTE": "100000",
        "THROTTLE_SECRET_PER_MINUTE": "100000",
    }
    port, output = _free_port(), folder / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "demo", "--port", str(port)],
            env=environment,
            cwd=ROOT,
            stdout=file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    site = Site(folder, port, environment, process, has_small_media)
    try:
        wait_until(
            lambda: "Ctrl-C stops everything" in site.output or process.poll() is not None,
            lambda: f"the demo is ready\n{site.output}",
            timeout_s=START_S,
        )
        assert process.poll() is None, site.output
        _add_store(site)
    except BaseException:
        _end(site)
        raise
    return site


def _add_store(site: Site) -> None:
    site.rows(
        "INSERT INTO catalog_store (slug, name, currency, language, time_zone, created_at)"
        " SELECT %s, 'Other', currency, language, time_zone, now() FROM catalog_store WHERE slug = 'demo'",
        (OTHER_STORE,),
    )
    site.rows(
        "INSERT INTO catalog_apikey"
        " (store_id, name, kind, prefix, key_hash, origins, is_active, manages_indexes, created_at)"
        " SELECT id, 'Faults', 'secret', %s, %s, '{}', true, false, now() FROM catalog_store WHERE slug = %s",
        (OTHER_KEY.split("_")[1], hashlib.sha256(OTHER_KEY.encode()).hexdigest(), OTHER_STORE),
    )


def _end(site: Site) -> tuple[list[psutil.Process], int | None]:
    """Ctrl-C; the processes that outlived it, which are killed then, and the exit status."""
    family: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        family = psutil.Process(site.process.pid).children(recursive=True)
    site.process.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        site.process.wait(90)
    _, alive = psutil.wait_procs(family, timeout=10)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    if site.process.poll() is None:
        site.process.kill()
    return alive, site.process.poll()


def _mount(folder: Path) -> bool:
    """Put a small disk under the photos, where we may: only then can a disk be filled for good."""
    if os.geteuid() != 0:
        return False
    options = f"size={MEDIA_BYTES},mode=755"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False
    )
    return done.returncode == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


KEYS = {"demo": (SECRET_KEY, PUBLISHABLE_KEY), OTHER_STORE: (OTHER_KEY, OTHER_KEY)}
