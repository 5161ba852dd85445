"""The demo: every part started, the demo catalogue loaded and indexed, and what to open printed."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders

from catalog.management.commands.load_demo import PUBLISHABLE_KEY, USERNAME, read_password
from config.doubt import doubting
from config.embedded.folder import DataFolderError
from config.embedded.services import make_services
from config.part import Part, PartError
from config.programs import HOST, beat, get, is_port_free, step, web, worker
from config.supervisor import Supervisor
from search.colour.palette import RECIPE
from search.encoder import get_encoder
from search.errors import EncoderUnavailable

READY_TIMEOUT_S = 30.0
FIRST_SEARCH = "/api/v1/search?q=red+dress&per_page=3"
Say = Callable[[str], None]


def check_port(port: int) -> None:
    """DataFolderError when something else listens on the web server's port."""
    if not is_port_free(port):
        raise DataFolderError(f"port {port} is in use: name a free one, such as `make demo PORT={port + 80}`.")


def start_demo(supervisor: Supervisor, *, port: int, milvus_engine: str, say: Say) -> None:
    """Start all parts in order, loading and indexing what is missing. PartError when one does not come up."""
    data_dir: Path = settings.DATA_DIR
    began = time.monotonic()
    say(f"starting {', '.join(settings.EMBEDDED_SERVICES) or 'no embedded service'} in {data_dir}")
    supervisor.start(*doubting(make_services(data_dir, settings.EMBEDDED_SERVICES, milvus_engine=milvus_engine)))
    stamp = _stamp(milvus_engine)
    for title, part in _steps(data_dir, is_loaded=_read(data_dir / "demo.stamp") == stamp):
        say(title)
        supervisor.run(part)
    (data_dir / "static.stamp").write_text(_static_digest())
    (data_dir / "demo.stamp").write_text(stamp)
    say("starting the worker and the web server")
    supervisor.start(worker(data_dir), beat(data_dir), web(data_dir, port=port))
    if missing := _wait_ready(port):
        say(missing)
    took_s = _first_search(port)
    say(f"ready in {time.monotonic() - began:.0f} s; the first search took {took_s:.1f} s\n\n{_summary(port)}")


def _steps(data_dir: Path, *, is_loaded: bool) -> list[tuple[str, Part]]:
    """What to do before serving; each step costs a second start some seconds, so only what is needed."""
    steps = [("migrating the database", step(data_dir, "migrate", "--verbosity", "0"))]
    if _static_digest() != _read(data_dir / "static.stamp") or not Path(settings.STATIC_ROOT).is_dir():
        part = step(data_dir, "collectstatic", "--noinput", "--verbosity", "0")
        steps.append(("collecting static files", part))
    if not is_loaded:
        # Later differences are the worker's to find and mend.
        steps.append(("loading the demo catalogue", step(data_dir, "load_demo")))
        steps.append(("indexing", step(data_dir, "index", "--upgrade")))
        steps.append(("finding colours", step(data_dir, "palettes")))
        steps.append(("calibrating", step(data_dir, "calibrate")))
    return steps


def _stamp(milvus_engine: str) -> str:
    """A digest of where the demo's data are and what made its vectors: when it differs, loading and indexing look again."""
    milvus = milvus_engine if "milvus" in settings.EMBEDDED_SERVICES else settings.MILVUS_URI
    try:
        weights = get_encoder().fingerprint
    except EncoderUnavailable:
        # Words still answer; the worker's log says what is missing.
        weights = ""
    made_by = f"{settings.DATABASE_URL} {milvus} {weights} {settings.INDEX_TYPE} {RECIPE}"
    return hashlib.sha256(made_by.encode()).hexdigest()


def _static_digest() -> str:
    """A digest of every static file's path, size and time: collecting them again costs seconds."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = Path(storage.path(path)).stat()
            digest.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _wait_ready(port: int) -> str:
    """Wait until every part is up and return ""; later name the parts that are not. PartError without an answer."""
    deadline = time.monotonic() + READY_TIMEOUT_S
    while True:
        answer = get(port, "/health/ready")
        health = json.loads(answer) if answer else None
        if health and health["status"] == "ok":
            return ""
        if time.monotonic() > deadline:
            break
        time.sleep(0.5)
    if health is None:
        raise PartError(f"the web server is not ready after {READY_TIMEOUT_S:.0f} s: see {settings.DATA_DIR / 'logs'}")
    details = [f"{name} ({health['parts'][name].get('detail', 'down')})" for name in health["degraded"]]
    return f"not everything is up: {', '.join(details)}"


def _first_search(port: int) -> float:
    """Ask until every part took its share, so that the encoder is loaded before a person waits; return the seconds."""
    began = time.monotonic()
    while True:
        answer = get(port, FIRST_SEARCH, headers={"Authorization": f"Bearer {PUBLISHABLE_KEY}"}, timeout_s=60)
        found = json.loads(answer) if answer else {"hits": [], "degraded": []}
        took_s = time.monotonic() - began
        # A busy machine may load the encoder for longer than a search waits: words answer alone, the next has it all.
        if found["hits"] and (not found["degraded"] or took_s > READY_TIMEOUT_S):
            return took_s
        if took_s > READY_TIMEOUT_S:
            raise PartError(f"the first search found nothing: see {settings.DATA_DIR / 'logs'}")


def _summary(port: int) -> str:
    site = f"http://{HOST}:{port}"
    rows = {
        "Shop page": f"{site}/",
        "Admin": f"{site}/admin/   user {USERNAME}, password {read_password()}",
        "API docs": f"{site}/api/docs",
        "Try": f"curl -s -H 'Authorization: Bearer {PUBLISHABLE_KEY}' '{site}{FIRST_SEARCH}'",
        "Logs": str(settings.DATA_DIR / "logs"),
    }
    return "\n".join([*(f"  {name:10} {value}" for name, value in rows.items()), "\nCtrl-C stops everything."])
