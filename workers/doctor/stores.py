"""Postgres and Redis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pgtrigger
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from redis import Redis
from redis.exceptions import ResponseError

from workers.doctor.findings import Finding, fine, problem, warning

# NULLS NOT DISTINCT, which our constraints use, came with 15.
OLDEST_POSTGRES = 15
IDLE_MINUTES = 5
FULL_SHARE = 0.9


def check_postgres() -> Iterator[Finding]:
    """Version, migrations, triggers, and transactions that were left open."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000, current_setting('server_version')")
        major, said = cursor.fetchone()
        cursor.execute(
            """
            SELECT count(*), coalesce(max(extract(epoch FROM now() - xact_start)), 0)::int FROM pg_stat_activity
            WHERE state LIKE 'idle in transaction%%' AND datname = current_database()
              AND xact_start < now() - make_interval(mins => %s)
            """,
            [IDLE_MINUTES],
        )
        idle, seconds = cursor.fetchone()
    if major < OLDEST_POSTGRES:
        yield problem("postgres", f"version {said}", f"Vitrine needs PostgreSQL {OLDEST_POSTGRES} or newer.")
    else:
        yield fine("postgres", f"version {said}")
    executor = MigrationExecutor(connection)
    waiting = [
        f"{step.app_label}.{step.name}" for step, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())
    ]
    if waiting:
        yield problem("postgres", f"{len(waiting)} migrations wait, the first {waiting[0]}", "manage.py migrate")
        return
    yield fine("postgres", "every migration is applied")
    yield _triggers()
    if idle:
        yield warning(
            "postgres",
            f"{idle} transactions were left open, the oldest for {seconds // 60} minutes: their changes wait, and hold locks",
            "Find them in pg_stat_activity and end them: pg_terminate_backend(pid).",
        )


def _triggers() -> Finding:
    broken = []
    for model, trigger in pgtrigger.registered():
        status, is_enabled = trigger.get_installation_status(model)
        if status != pgtrigger.core.INSTALLED or is_enabled is False:
            state = "DISABLED" if status == pgtrigger.core.INSTALLED else status
            broken.append(f"{model._meta.db_table}.{trigger.name} is {state}")
    if broken:
        return problem(
            "postgres",
            f"the index misses changes: {', '.join(broken)}",
            "manage.py pgtrigger install, then manage.py verify_index --repair",
        )
    return fine("postgres", "every trigger is in place")


def check_redis() -> Iterator[Finding]:
    """Whether a full memory would cost the queue, and whether a restart would."""
    with Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
        about = cast("dict[str, Any]", client.info())
        try:
            policy = str(cast("dict[str, str]", client.config_get("maxmemory-policy"))["maxmemory-policy"])
            saves = str(cast("dict[str, str]", client.config_get("save"))["save"])
        except (ResponseError, KeyError):
            yield warning("redis", f"version {about['redis_version']}; CONFIG is not allowed here", _POLICY)
            return
    yield fine("redis", f"version {about['redis_version']}")
    if policy.startswith("allkeys"):
        yield problem("redis", f"maxmemory-policy is {policy}: full memory throws queued tasks away", _POLICY)
    elif policy == "noeviction":
        yield warning("redis", "maxmemory-policy is noeviction: full memory refuses tasks", _POLICY)
    else:
        yield fine("redis", f"maxmemory-policy is {policy}")
    limit, used = int(about["maxmemory"]), int(about["used_memory"])
    if not limit:
        yield warning(
            "redis", "maxmemory is not set: caches grow until the machine is full", "Set maxmemory, such as 512mb."
        )
    elif used > FULL_SHARE * limit:
        yield warning("redis", f"{used / limit:.0%} of maxmemory is used", "Give Redis more memory.")
    if not saves and not int(about["aof_enabled"]):
        yield warning(
            "redis",
            "nothing is kept on disk: a restart loses what is queued",
            "Set appendonly yes. Sweeps find again what was lost.",
        )


_POLICY = "Set maxmemory-policy volatile-lru: caches go, queues stay."
