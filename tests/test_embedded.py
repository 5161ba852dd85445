"""The embedded services: where they are, that they are private, and that they survive what happens to laptops."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from config import embedded
from config.embedded import milvus as milvus_part
from config.embedded.folder import DataFolderError, locked, open_data_dir, socket_dir
from config.embedded.services import SERVICES, make_services, running
from config.part import Part

ROOT = Path(__file__).parent.parent


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def services(data_dir: Path) -> Iterator[dict[str, Part]]:
    parts = make_services(data_dir, is_durable=False)
    with running(data_dir, parts, free_bytes=1):
        yield {part.name: part for part in parts}


def _ask_postgres(data_dir: Path, query: str) -> object:
    host = str(socket_dir(data_dir) / "postgres")
    with psycopg.connect(host=host, user="vitrine", dbname="vitrine", autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchone() if cursor.description else None


def test_endpoints_are_known_before_anything_runs_and_stay_the_same(data_dir: Path) -> None:
    before = embedded.endpoints(data_dir)
    assert not data_dir.exists()
    with running(data_dir, make_services(data_dir, is_durable=False), free_bytes=1):
        assert embedded.endpoints(data_dir) == before
    run = socket_dir(data_dir)
    assert before.database_url == f"postgres://vitrine@/{run}/postgres/vitrine"
    assert before.redis_url == f"unix://{run}/redis.sock?db=0"
    assert before.milvus_uri == f"unix:{run}/milvus.sock"


def test_a_deep_data_folder_gets_short_socket_paths_of_its_own(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    found = socket_dir(deep)
    assert found.parent == Path("/tmp")
    assert len(str(found / "postgres" / ".s.PGSQL.5432")) < 100
    assert found != socket_dir(tmp_path / ("d" * 60) / ("f" * 60))
    open_data_dir(deep, free_bytes=1)
    assert stat.S_IMODE(found.stat().st_mode) & 0o066 == 0
    found.rmdir()


def test_a_socket_folder_that_somebody_else_planted_is_refused(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    socket_dir(deep).symlink_to(tmp_path)
    with pytest.raises(DataFolderError, match="belongs to somebody else"):
        open_data_dir(deep, free_bytes=1)
    socket_dir(deep).unlink()


def test_services_listen_on_unix_sockets_alone(services: dict[str, Part]) -> None:
    for part in services.values():
        assert part.process is not None
        kinds = {connection.family for connection in psutil.Process(part.process.pid).net_connections("all")}
        assert kinds <= {socket.AF_UNIX}, part.name


def test_data_outlives_a_restart(data_dir: Path) -> None:
    with running(data_dir, make_services(data_dir, ["postgres", "redis"]), free_bytes=1):
        _ask_postgres(data_dir, "CREATE TABLE kept AS SELECT 7 AS seven")
        redis.Redis.from_url(embedded.endpoints(data_dir).redis_url).lpush("queue", "task")
    with running(data_dir, make_services(data_dir, ["postgres", "redis"]), free_bytes=1):
        assert _ask_postgres(data_dir, "SELECT seven FROM kept") == (7,)
        assert redis.Redis.from_url(embedded.endpoints(data_dir).redis_url).llen("queue") == 1


@pytest.mark.parametrize("name", SERVICES)
def test_a_killed_service_starts_again_on_what_it_left(services: dict[str, Part], name: str) -> None:
    part = services[name]
    assert part.process is not None
    part.process.send_signal(signal.SIGKILL)
    part.process.wait(5)
    part.stop()
    part.start()
    part.wait_ready()
    assert part.is_healthy()


def test_a_pid_file_that_names_another_living_process_does_not_stop_postgres(data_dir: Path) -> None:
    with running(data_dir, make_services(data_dir, ["postgres"], is_durable=False), free_bytes=1):
        pass
    (data_dir / "postgres" / "postmaster.pid").write_text(f"{os.getppid()}\n{data_dir / 'postgres'}\n")
    with running(data_dir, make_services(data_dir, ["postgres"], is_durable=False), free_bytes=1):
        assert _ask_postgres(data_dir, "SELECT 1") == (1,)


def test_an_interrupted_initdb_is_done_again(data_dir: Path) -> None:
    (data_dir / "postgres.new").mkdir(parents=True)
    (data_dir / "postgres.new" / "PG_VERSION").write_text("18")
    with running(data_dir, make_services(data_dir, ["postgres"], is_durable=False), free_bytes=1):
        assert _ask_postgres(data_dir, "SELECT 1") == (1,)


def test_a_cluster_of_another_major_version_is_refused_with_its_name(data_dir: Path) -> None:
    with running(data_dir, make_services(data_dir, ["postgres"], is_durable=False), free_bytes=1):
        pass
    (data_dir / "postgres" / "PG_VERSION").write_text("16\n")
    with (
        pytest.raises(DataFolderError, match=r"was made by PostgreSQL 16, this Vitrine brings 18"),
        running(data_dir, make_services(data_dir, ["postgres"], is_durable=False), free_bytes=1),
    ):
        pass


def test_nothing_is_left_when_the_starter_itself_is_killed(data_dir: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from config.embedded.services import make_services, running\n"
        "data_dir = Path(sys.argv[1]); parts = make_services(data_dir, is_durable=False)\n"
        "with running(data_dir, parts, free_bytes=1):\n"
        "    print(*(part.process.pid for part in parts), flush=True); time.sleep(60)\n"
    )
    starter = subprocess.Popen([sys.executable, "-c", script, data_dir], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    pids = [int(pid) for pid in starter.stdout.readline().split()]
    assert len(pids) == 3
    starter.kill()
    starter.wait(5)
    psutil.wait_procs([psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], timeout=15)
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []


def test_a_second_start_on_the_same_folder_names_the_first(data_dir: Path) -> None:
    open_data_dir(data_dir, free_bytes=1)
    with (
        locked(data_dir),
        pytest.raises(DataFolderError, match=rf"runs on {data_dir} already \(process {os.getpid()}\)"),
        locked(data_dir),
    ):
        pass
    with locked(data_dir):
        pass


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataFolderError, match=r"file/data cannot be written \(File exists\): set VITRINE_DATA"):
        open_data_dir(tmp_path / "file" / "data", free_bytes=1)


def test_too_little_disk_space_is_said_in_figures(data_dir: Path) -> None:
    with pytest.raises(DataFolderError, match=r"\d+ MiB free for .*, at least 1125899906842624 MiB are needed"):
        open_data_dir(data_dir, free_bytes=2**70)


def test_the_secret_key_is_made_once_and_for_its_owner_alone(data_dir: Path) -> None:
    first = embedded.secret_key(data_dir)
    assert len(first) >= 50
    assert embedded.secret_key(data_dir) == first
    assert stat.S_IMODE((data_dir / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in data_dir.iterdir()] == ["secret_key"]


@pytest.mark.parametrize(
    ("redis_url", "broker"),
    [
        ("redis://queue:6379/0", "redis://queue:6379/0"),
        ("rediss://:secret@queue/2", "rediss://:secret@queue/2"),
        ("unix:///run/redis.sock?db=0", "redis+socket:///run/redis.sock?virtual_host=1"),
        ("unix://:secret@/run/redis.sock", "redis+socket://:secret@/run/redis.sock?virtual_host=1"),
    ],
)
def test_the_broker_url_is_spelt_as_kombu_wants_it(redis_url: str, broker: str) -> None:
    assert embedded.broker_url(redis_url) == broker


def test_an_unknown_milvus_is_refused(data_dir: Path) -> None:
    with pytest.raises(DataFolderError, match="MILVUS=huge is not known: use MILVUS=lite or MILVUS=server"):
        make_services(data_dir, ["milvus"], milvus_engine="huge")


def test_the_milvus_server_is_refused_where_it_cannot_run(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(milvus_part.platform, "machine", lambda: "aarch64")
    with pytest.raises(DataFolderError, match="MILVUS=server needs x86-64 Linux, this is aarch64"):
        make_services(data_dir, ["milvus"], milvus_engine="server")


@pytest.mark.server
def test_the_milvus_server_moves_when_its_recorded_port_is_taken(data_dir: Path, milvus_server_uri: str) -> None:
    taken = milvus_server_uri.rsplit(":", 1)[1]
    data_dir.mkdir()
    (data_dir / "milvus.json").write_text(f'{{"engine": "server", "port": {taken}}}')
    with running(data_dir, make_services(data_dir, ["milvus"], milvus_engine="server"), free_bytes=1):
        found = embedded.endpoints(data_dir).milvus_uri
    assert found.startswith("http://127.0.0.1:")
    assert found != milvus_server_uri
    assert embedded.endpoints(data_dir).milvus_uri == found


def test_stopping_takes_no_longer_than_it_must(data_dir: Path) -> None:
    parts = make_services(data_dir, is_durable=False)
    with running(data_dir, parts, free_bytes=1):
        began = time.monotonic()
    assert time.monotonic() - began < 10
    assert not any(part.is_running for part in parts)
    assert list((data_dir / "pids").iterdir()) == []
