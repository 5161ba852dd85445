"""The whole site as `make demo` runs it, with one part killed in the middle of an import, then Ctrl-C.

Nothing is mended by hand: after each fault the site must come to rest with no difference between Postgres, the
entries and Milvus.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import psycopg
import pytest
import requests
from PIL import Image

from catalog.management.commands.load_demo import PUBLISHABLE_KEY
from config.embedded.folder import socket_dir

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

ROOT = Path(__file__).parent.parent
PHOTOS = 400
INDEXED_BEFORE_KILL = 60


@dataclass(frozen=True)
class Site:
    """A running `manage.py demo`."""

    data_dir: Path
    port: int
    environment: dict[str, str]
    process: subprocess.Popen[bytes]
    output: Path

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=False,
            timeout=300,
        )

    def one(self, query: str) -> int:
        """The number that a query of the site's own database gives; -1 while Postgres does not answer."""
        host = str(socket_dir(self.data_dir) / "postgres")
        try:
            with psycopg.connect(host=host, user="vitrine", dbname="vitrine", connect_timeout=2) as connection:
                row = connection.execute(query.encode()).fetchone()
        except psycopg.OperationalError:
            return -1
        assert row is not None
        return int(row[0])

    def products(self, store: str) -> int:
        host = str(socket_dir(self.data_dir) / "postgres")
        query = "SELECT count(*) FROM catalog_product p JOIN catalog_store s ON s.id = p.store_id WHERE s.slug = %s"
        with psycopg.connect(host=host, user="vitrine", dbname="vitrine") as connection:
            row = connection.execute(query, [store]).fetchone()
        assert row is not None
        return int(row[0])

    def pid(self, part: str) -> int:
        """The part's process; -1 while it is being started again."""
        try:
            return int(json.loads((self.data_dir / "pids" / f"{part}.json").read_text())["pid"])
        except (FileNotFoundError, json.JSONDecodeError):
            return -1


def wait_until(condition: Callable[[], bool], what: str, *, timeout_s: float = 180) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s:.0f} s: {what}"
        time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    folder.chmod(0o755)
    dropped = ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "MILVUS_URI", "HTTPS")
    environment = {name: value for name, value in os.environ.items() if name not in dropped}
    environment |= {
        "VITRINE_DATA": str(folder / "data"),
        "VITRINE_DEMO": "1",
        "INDEX_LEASE_S": "10",
        "INDEX_BATCH_SIZE": "16",
    }
    port, output = free_port(), folder / "output"
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
    running = Site(folder / "data", port, environment, process, output)
    wait_until(
        lambda: b"Ctrl-C stops everything" in output.read_bytes() or process.poll() is not None,
        "the demo is ready",
        timeout_s=600,
    )
    assert process.poll() is None, output.read_text()
    yield running
    # The tests run in any order, so what Ctrl-C must do is checked here, at the site's end.
    family = psutil.Process(process.pid).children(recursive=True)
    assert len(family) >= 5
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0, "Ctrl-C ends the demo in order"
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == [], "Ctrl-C ends every process"


def catalogue(folder: Path, *, seed: int) -> Path:
    """A folder to import: one product per photo, every photo other pixels."""
    rng = np.random.default_rng(seed)
    (folder / "images").mkdir(parents=True)
    lines = []
    for number in range(PHOTOS):
        name = f"images/{number}.jpg"
        pixels = rng.integers(0, 255, (8, 6, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((120, 160)).save(folder / name)
        lines.append(json.dumps({"sku": f"f{number}", "title": f"Fault {number}", "images": [{"file": name}]}))
    (folder / "products.ndjson").write_text("\n".join(lines))
    return folder


def is_at_rest(site: Site) -> bool:
    """Everything imported is in step, nobody holds a claim, and nothing is doubted."""
    stale = """
        SELECT count(*) FROM catalog_productimage i JOIN catalog_product p ON p.id = i.product_id
        LEFT JOIN search_indexentry e ON e.image_id = i.id
        WHERE (e.image_revision, e.product_revision) IS DISTINCT FROM (i.revision, p.revision)
    """
    return (
        site.one(stale) == 0
        and site.one("SELECT count(*) FROM search_indexentry WHERE claim_token IS NOT NULL") == 0
        and site.one("SELECT count(*) FROM search_indexversion WHERE is_doubted") == 0
    )


def test_the_printed_curl_works_as_it_stands(site: Site) -> None:
    (line,) = [line for line in site.output.read_text().splitlines() if "curl " in line]
    answer = subprocess.run(shlex.split(line[line.index("curl ") :]), capture_output=True, check=True, timeout=60)
    found = json.loads(answer.stdout)
    assert found["hits"]
    assert found["degraded"] == []


@pytest.mark.parametrize("part", ["worker", "web", "milvus", "postgres"])
def test_a_part_killed_in_the_middle_of_an_import_leaves_no_difference(site: Site, tmp_path: Path, part: str) -> None:
    wait_until(lambda: is_at_rest(site), "at rest before the fault")
    before = site.one("SELECT count(*) FROM search_indexentry WHERE indexed_at IS NOT NULL")
    folder = catalogue(tmp_path / "catalogue", seed=len(part))
    importing = subprocess.Popen(
        [
            sys.executable,
            str(ROOT / "manage.py"),
            "import_products",
            str(folder),
            "--store",
            f"s-{part}",
            "--create-store",
        ],
        env=site.environment,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(
        lambda: (
            site.one("SELECT count(*) FROM search_indexentry WHERE indexed_at IS NOT NULL")
            >= before + INDEXED_BEFORE_KILL
        ),
        "some photos are indexed",
    )
    indexed = site.one("SELECT count(*) FROM search_indexentry WHERE indexed_at IS NOT NULL") - before
    killed = site.pid(part)
    os.kill(killed, signal.SIGKILL)
    importing.wait(120)
    wait_until(lambda: site.pid(part) not in (killed, -1) and site.one("SELECT 1") == 1, f"{part} runs again")
    again = site.manage("import_products", str(folder), "--store", f"s-{part}")
    assert again.returncode == 0, again.stderr
    wait_until(lambda: is_at_rest(site), "at rest after the fault", timeout_s=240)
    assert indexed < PHOTOS, "the fault came too late to be in the middle"
    verified = site.manage("verify_index")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "No difference" in verified.stdout
    assert site.products(f"s-{part}") == PHOTOS


def test_a_web_server_that_is_told_to_stop_answers_what_it_has_begun(site: Site) -> None:
    """SIGTERM while searches run: each is answered whole or was never taken, and the next server takes over."""
    address = f"http://127.0.0.1:{site.port}/api/v1/search?q=red+dress&facet_by=category"
    outcomes: list[str] = []
    ended = threading.Event()

    def shop() -> None:
        with requests.Session() as session:
            while not ended.is_set():
                try:
                    answer = session.get(address, headers={"X-API-Key": PUBLISHABLE_KEY}, timeout=60)
                    outcomes.append(str(answer.status_code))
                except requests.ConnectionError as error:
                    is_refused = "refused" in str(error)
                    outcomes.append("refused" if is_refused else repr(error))
                    time.sleep(0.1)

    shoppers = [threading.Thread(target=shop) for _ in range(4)]
    for shopper in shoppers:
        shopper.start()
    wait_until(lambda: len(outcomes) >= 8, "shoppers are answered")
    stopped = site.pid("web")
    os.kill(stopped, signal.SIGTERM)
    wait_until(lambda: site.pid("web") not in (stopped, -1) and outcomes[-1] == "200", "another web server answers")
    ended.set()
    for shopper in shoppers:
        shopper.join(90)
    # 503: more shoppers at once than a loaded machine answers in time.
    assert set(outcomes) <= {"200", "503", "refused"}
