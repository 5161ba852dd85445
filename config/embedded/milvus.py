"""Milvus: Lite on a unix socket by default, or the 2.3.5 server of the `milvus` wheel on ports of this machine."""

from __future__ import annotations

import fcntl
import hashlib
import json
import lzma
import os
import platform
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

import grpc
import yaml

from config.embedded import recorded_milvus
from config.embedded.folder import DataFolderError, socket_dir, wheel_dir
from config.part import Part

ENGINES = ("lite", "server")
ROOT = Path(__file__).resolve().parent.parent.parent
_HEALTH = "/milvus.proto.milvus.MilvusService/CheckHealth"
_IS_HEALTHY = b"\x10\x01"
"""Field 2 (`isHealthy`) of CheckHealthResponse, true: read by hand, so that pymilvus stays in search.milvus."""
_ROLES = ("proxy", "rootCoord", "queryCoord", "queryNode", "indexNode", "dataCoord", "dataNode")
_PORTS = len(_ROLES) + 4


def milvus(data_dir: Path, *, engine: str) -> Part:
    """Make the part for `lite` or `server`, and record which, so that every process finds it."""
    if engine not in ENGINES:
        raise DataFolderError(f"MILVUS={engine} is not known: use MILVUS=lite or MILVUS=server.")
    return _lite(data_dir) if engine == "lite" else _server(data_dir)


def _lite(data_dir: Path) -> Part:
    path = socket_dir(data_dir) / "milvus.sock"

    def prepare() -> None:
        path.unlink(missing_ok=True)
        _record(data_dir, engine="lite", port=0)

    return Part(
        name="milvus",
        argv=[sys.executable, "-m", "config.embedded.lite", str(data_dir / "milvus-lite"), f"unix:{path}"],
        data_dir=data_dir,
        is_healthy=lambda: _answers(f"unix:{path}"),
        prepare=prepare,
        cwd=ROOT,
        # It answers when every collection is loaded: 100,000 photos take a minute after an unclean stop.
        start_timeout_s=300,
    )


def _server(data_dir: Path) -> Part:
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise DataFolderError(
            f"MILVUS=server needs x86-64 Linux, this is {platform.machine()} {sys.platform}: "
            "use Milvus Lite (leave MILVUS unset), or set MILVUS_URI to a server that runs elsewhere."
        )
    packed, base = wheel_dir("milvus") / "data" / "bin", data_dir / "milvus-server"
    programs = Path(sys.prefix) / "milvus-2.3.5"
    port = _free_ports(data_dir)

    def prepare() -> None:
        _unpack(packed, programs)
        _configure(base, port)
        _record(data_dir, engine="server", port=port)

    return Part(
        name="milvus",
        # The program itself, not the wheel's `milvus-server`: that wrapper lives on when its child has died.
        argv=[str(programs / "milvus"), "run", "standalone"],
        data_dir=data_dir,
        is_healthy=lambda: _answers(f"127.0.0.1:{port}"),
        prepare=prepare,
        environment={
            # Milvus takes our own setting of that name for its own, and panics at a level such as WARNING.
            "LOG_LEVEL": "warn",
            "DEPLOY_MODE": "STANDALONE",
            "METRICS_PORT": str(port + _PORTS - 1),
            "MILVUS_RUN_DIR": str(base / "run"),
            "LD_LIBRARY_PATH": str(programs),
        },
        cwd=base,
        start_timeout_s=120,
        # It panics or hangs at its own shutdown (context canceled); its write-ahead log is what keeps the data.
        stop_timeout_s=5,
    )


def _record(data_dir: Path, *, engine: str, port: int) -> None:
    draft = data_dir / "milvus.json.new"
    draft.write_text(json.dumps({"engine": engine, "port": port}))
    draft.replace(data_dir / "milvus.json")


def _answers(target: str) -> bool:
    with grpc.insecure_channel(target, options=[("grpc.enable_http_proxy", 0)]) as channel:
        try:
            answer: bytes = channel.unary_unary(_HEALTH)(b"", timeout=3)
        except grpc.RpcError:
            return False
    return _IS_HEALTHY in answer


def _free_ports(data_dir: Path) -> int:
    """Return the first of `_PORTS` free ports in a row: the recorded ones as long as they are free."""
    recorded: int = recorded_milvus(data_dir).port
    # Below the range that Linux gives to outgoing connections (32768), at a place that differs by folder.
    first = 21_000 + int(hashlib.sha256(os.fsencode(data_dir)).hexdigest(), 16) % 10_000
    others: list[int] = [*range(first, 32_000, _PORTS), *range(21_000, first, _PORTS)]
    for port in [recorded, *others] if recorded else others:
        if all(_is_free(port + step) for step in range(_PORTS)):
            return port
    raise DataFolderError(f"no {_PORTS} free ports in a row between 21000 and 32000 for the Milvus server.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def _unpack(packed: Path, programs: Path) -> None:
    """Unpack the wheel's programs (246 MB, 15 s) beside the Python environment, once for all data folders."""
    with (programs.parent / "milvus.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if programs.exists():
            return
        draft = programs.with_name(programs.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        for archive in packed.glob("*.lzma"):
            target = draft / archive.stem
            with lzma.open(archive) as source, target.open("wb") as file:
                shutil.copyfileobj(source, file, 2**20)
            target.chmod(0o755)
        draft.rename(programs)


def _configure(base: Path, port: int) -> None:
    """Write milvus.yaml from the wheel's template, with our ports and an etcd that listens on 127.0.0.1 alone."""
    from milvus import MilvusServerConfig  # here, because only MILVUS=server installs it

    rendered = MilvusServerConfig(data_dir=str(base))
    rendered.resolve()
    path = base / "configs" / "milvus.yaml"
    config: dict[str, Any] = yaml.safe_load(path.read_text())
    for step, role in enumerate(_ROLES):
        config[role].update(ip="127.0.0.1", port=port + step)
    config["proxy"].update(internalPort=port + len(_ROLES), http={"enabled": False})
    # A killed server's session holds up the next one until it expires: 30 s by default.
    config["common"]["session"]["ttl"] = 5
    config["log"].update(level="warn", file={"rootPath": ""})
    clients, peers = (f"http://127.0.0.1:{port + len(_ROLES) + step}" for step in (1, 2))
    etcd = {
        "name": "default",
        "data-dir": str(base / "data" / "etcd.data"),
        "listen-client-urls": clients,
        "advertise-client-urls": clients,
        "listen-peer-urls": peers,
        "initial-advertise-peer-urls": peers,
        "initial-cluster": f"default={peers}",
        "log-level": "warn",
    }
    (base / "configs" / "etcd.yaml").write_text(yaml.safe_dump(etcd))
    config["etcd"].update(
        endpoints=clients.removeprefix("http://"), config={"path": str(base / "configs" / "etcd.yaml")}
    )
    path.write_text(yaml.safe_dump(config))
