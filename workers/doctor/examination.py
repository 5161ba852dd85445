"""Every check in its order. A part that is down ends its own checks and leaves the others to speak."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from celery.exceptions import CeleryError
from django.conf import settings
from django.db import Error as DatabaseError
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from search.errors import SearchError
from telemetry.logs import redacted
from workers.doctor import background, engines, installation, machine, stores
from workers.doctor.findings import Finding, problem

CHECKS: tuple[tuple[str, Callable[[], Iterator[Finding]], str], ...] = (
    ("python", installation.check_packages, "Install what constraints.txt names."),
    ("settings", installation.check_settings, "Correct the setting."),
    ("hosts", installation.check_hosts, "Correct ALLOWED_HOSTS, or the name server."),
    ("postgres", stores.check_postgres, "Start Postgres, or correct DATABASE_URL."),
    ("redis", stores.check_redis, "Start Redis, or correct REDIS_URL."),
    ("milvus", engines.check_milvus, "Start Milvus, or correct MILVUS_URI and MILVUS_TOKEN."),
    ("index", engines.check_index, "Start Postgres and Milvus first."),
    ("encoder", engines.check_encoder, "Set ENCODER_MODEL to a model that is there."),
    ("calibration", engines.check_calibration, "Start Postgres first."),
    ("media", machine.check_media, "Give web and workers a folder or bucket that they may write."),
    ("disk", machine.check_disk, "Free some disk space."),
    ("clock", machine.check_clock, "Start Postgres first."),
    ("worker", background.check_workers, "Start Redis and a worker."),
    ("beat", background.check_beat, "Start Redis, a worker and beat."),
)


def examine() -> list[Finding]:
    """All findings, in the order of the parts. No text of them holds a secret of the settings."""
    found = [finding for part, check, fix in CHECKS for finding in _checked(part, check, fix)]
    secrets: list[str] = settings.SECRETS
    return [Finding(one.part, one.status, redacted(one.says, secrets), redacted(one.fix, secrets)) for one in found]


def _checked(part: str, check: Callable[[], Iterator[Finding]], fix: str) -> Iterator[Finding]:
    try:
        yield from check()
    except (DatabaseError, RedisError, BrokerError, CeleryError, SearchError, OSError) as error:
        first_line = (str(error).splitlines() or [""])[0]
        yield problem(part, f"{type(error).__name__}: {first_line[:300]}", fix)
