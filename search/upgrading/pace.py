"""How much of a worker's time a build may take: a set share at most, less while shoppers' searches have become slower.

The share is halved while the p95 of the last seconds' searches is above `INDEX_BUILD_MAX_SLOWDOWN` times what it was before
the build, and grows by a quarter while it is not: a quick retreat and a slow return, as TCP does with a full link.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic, sleep

from django.conf import settings
from django.db import connection
from django.utils import timezone

from search.models import IndexVersion

# Searches are kept every 5 s; fewer than these say nothing about a 95th percentile.
RECENT = timedelta(seconds=20)
BEFORE = timedelta(minutes=10)
MIN_SEARCHES = 20
MIN_SHARE = 0.02
MEANWHILE_EVERY_S = 0.3


def adjusted_share(version: IndexVersion) -> float:
    """The share of a worker's time that this build may take from now on; kept on the row, so that it outlives a worker."""
    most = float(settings.INDEX_BUILD_SHARE)
    share = most if version.build_share is None else version.build_share
    before = version.search_ms_before
    if before is None:
        before = search_p95_ms(since=version.created_at - BEFORE, until=version.created_at)
    now = timezone.now()
    recent = search_p95_ms(since=now - RECENT, until=now)
    if before is not None and recent is not None and recent > before * settings.INDEX_BUILD_MAX_SLOWDOWN:
        share = max(MIN_SHARE, share / 2)
    else:
        share = min(most, max(MIN_SHARE, share * 1.25))
    version.build_share, version.search_ms_before = min(share, most), before
    IndexVersion.objects.filter(pk=version.pk).update(
        build_share=version.build_share, search_ms_before=version.search_ms_before
    )
    return version.build_share


def search_p95_ms(*, since: datetime, until: datetime) -> float | None:
    """The 95th percentile of how long shoppers' searches took between these moments; None where they were too few."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*), percentile_cont(0.95) WITHIN GROUP (ORDER BY took_ms)
            FROM search_searchlog WHERE created_at > %s AND created_at <= %s
            """,
            [since, until],
        )
        count, p95 = cursor.fetchone()
    return float(p95) if count >= MIN_SEARCHES else None


def rest_after(took_s: float, *, share: float, until: float) -> None:
    """Sleep so that work of `took_s` was this share of the time, but not beyond `until` (on `monotonic`'s clock)."""
    sleep(max(0.0, min(took_s * (1 / share - 1), until - monotonic())))


def quietly(work: Callable[[], None], *, meanwhile: Callable[[], None] = lambda: None) -> None:
    """Run this in a thread of lower processor priority, with a database connection of its own, and wait for it.

    `meanwhile` is called a few times a second by the thread that waits. Only Linux has priorities of threads; elsewhere it is a
    thread like any other.
    """
    failed: list[BaseException] = []

    def run() -> None:
        if sys.platform == "linux":
            thread_id = threading.get_native_id()
            niceness = os.getpriority(os.PRIO_PROCESS, thread_id) + settings.INDEX_BUILD_NICENESS
            os.setpriority(os.PRIO_PROCESS, thread_id, min(19, niceness))
        try:
            work()
        except BaseException as error:  # noqa: BLE001  (carried over to the thread that waits)
            failed.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run, name="index-build")
    thread.start()
    while True:
        thread.join(MEANWHILE_EVERY_S)
        if not thread.is_alive():
            break
        meanwhile()
    if failed:
        raise failed[0]
