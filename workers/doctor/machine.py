"""What the machine gives: media, disk, clock."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection

from workers.doctor.findings import Finding, fine, problem, warning

LEAST_FREE_BYTES = 2**30
LEAST_FREE_SHARE = 0.05
CLOCK_S = 2.0


def check_media() -> Iterator[Finding]:
    """Write a file, read it, delete it."""
    text = uuid.uuid4().hex.encode()
    try:
        name = default_storage.save(f"doctor/{uuid.uuid4().hex}.txt", ContentFile(text))
        with default_storage.open(name) as file:
            is_same = file.read() == text
        default_storage.delete(name)
    except (BotoCoreError, ClientError) as error:
        yield problem("media", f"{type(error).__name__}: {str(error)[:200]}", "Check S3_BUCKET and its credentials.")
        return
    if is_same:
        yield fine("media", "can be written, read and deleted")
    else:
        yield problem("media", "what was written was not read back", "Give web and workers the same folder or bucket.")


def check_disk() -> Iterator[Finding]:
    """Room where data and media lie."""
    folders = dict.fromkeys(Path(path) for path in (settings.DATA_DIR, settings.MEDIA_ROOT) if Path(path).exists())
    seen = set()
    for folder in folders:
        device = folder.stat().st_dev
        if device in seen:
            continue
        seen.add(device)
        usage = shutil.disk_usage(folder)
        said = f"{usage.free / 2**30:.1f} GiB free for {folder}"
        if usage.free < min(LEAST_FREE_BYTES, LEAST_FREE_SHARE * usage.total):
            yield problem("disk", said, "Free some space: Postgres and Milvus stop when a disk is full.")
        elif usage.free < LEAST_FREE_SHARE * usage.total:
            yield warning("disk", said, "Free some space before long.")
        else:
            yield fine("disk", said)


def check_clock() -> Iterator[Finding]:
    """Leases and lag compare this machine's time with Postgres'."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        theirs: datetime = cursor.fetchone()[0]
    apart_s = abs((datetime.now(UTC) - theirs).total_seconds())
    if apart_s > CLOCK_S:
        yield problem("clock", f"{apart_s:.1f} s apart from Postgres'", "Run NTP on both machines.")
    else:
        yield fine("clock", "goes with Postgres'")
