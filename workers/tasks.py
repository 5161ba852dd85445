"""The tasks. Each is just another interface: ids in, one call. The tables are the queue, so a lost message loses nothing.

An outage (`IndexUnavailable`, `EncoderUnavailable`) ends a sweep: its claims were given back with a back-off, and beat
sends the next one. A sweep that runs out of time is finished by the next.
"""

from __future__ import annotations

import logging
from functools import partial

from celery import shared_task
from redis.exceptions import RedisError

from catalog import importing
from catalog.models import IdempotencyRecord
from search import heartbeat, indexing, query_images, remote_photos, stamps, versions, words
from search.attributes import suggesting
from search.calibration.stores import calibrate_missing
from search.colour.sweep import refresh_palettes
from search.errors import EncoderUnavailable, IndexUnavailable
from search.events import erasure, popularity, search_log
from search.models import VersionState
from search.ranking import twins
from search.upgrading import building, jobs, pace

logger = logging.getLogger(__name__)

RECENT_BUDGET_S = 60.0
FULL_BUDGET_S = 600.0
# Short, because the index waits behind it where one process does both.
PALETTES_BUDGET_S = 20.0
BUILD_BUDGET_S = 5.0
# Comparing large stores exactly reads all their vectors.
ASKED_LIMIT_S = 6 * 3600


@shared_task
def sweep_recent() -> None:
    """Mend what changed lately, and the words of what was renamed."""
    try:
        heartbeat.nudge_begins()
    except RedisError as error:
        logger.warning("Nudges may wait for the schedule: %s", error)
    words.refresh_stale_words()
    _sweep(is_recent_only=True, budget_s=RECENT_BUDGET_S)


@shared_task
def sweep_all() -> None:
    """Mend whatever differs from the entries, however old."""
    _sweep(is_recent_only=False, budget_s=FULL_BUDGET_S)


@shared_task
def index_build() -> None:
    """Go on for some seconds with the version that is being built."""
    if not building.is_building():
        return
    try:
        pace.quietly(partial(building.go_on, budget_s=BUILD_BUDGET_S), meanwhile=building.keep_live_fresh)
    except (IndexUnavailable, EncoderUnavailable) as error:
        logger.warning("The build stopped and will be tried again: %s", error)


@shared_task(soft_time_limit=ASKED_LIMIT_S, time_limit=ASKED_LIMIT_S + 60)
def run_asked() -> None:
    """Make built versions ready, then do what was asked of versions: promotions and comparisons."""
    if not (building.unprepared_versions() or jobs.is_any_asked()):
        return
    try:
        pace.quietly(_asked, meanwhile=building.keep_live_fresh)
    except (IndexUnavailable, EncoderUnavailable) as error:
        logger.warning("A version is not ready yet, it will be tried again: %s", error)


@shared_task
def sweep_verify() -> None:
    """Compare Milvus itself with the entries, row by row, and queue what differs."""
    try:
        for version in versions.whole_versions():
            indexing.came_back(version)
            repaired = (indexing.resolve_doubt(version) or 0) + indexing.retry_missing_files(version)
            if repaired:
                logger.warning("%s: %d images differed and are queued again", version.collection, repaired)
    except IndexUnavailable as error:
        logger.warning("The comparison stopped and will be tried again: %s", error)


@shared_task
def refresh_vocabularies() -> None:
    """Bring each store's vocabulary to what its products say."""
    words.refresh_vocabularies()


@shared_task
def import_file(job_id: int) -> None:
    """Run one import; a job that is gone, done or taken is no work."""
    importing.run_import_job(job_id)


@shared_task
def import_forgotten() -> None:
    """Run imports that nobody took after their commit."""
    for job_id in importing.waiting_job_ids():
        importing.run_import_job(job_id)


@shared_task
def import_photos() -> None:
    """Fetch the photos that imports know by address only."""
    remote_photos.fetch_waiting_photos()


@shared_task
def calibrate() -> None:
    """Fit how sure hits are for every store that has no calibration for the live index yet."""
    try:
        for store in calibrate_missing():
            logger.info("calibrated %s", store)
    except (IndexUnavailable, EncoderUnavailable) as error:
        logger.warning("The calibration stopped and will be tried again: %s", error)


@shared_task
def suggest_attributes() -> None:
    """Look at the photos for what the products do not say, in stores that fitted their attributes."""
    try:
        suggesting.refresh_all()
    except (IndexUnavailable, EncoderUnavailable) as error:
        logger.warning("The suggestions stopped and will be tried again: %s", error)


@shared_task
def keep_searches() -> None:
    """Put the searches that wait in Redis into Postgres. Only the schedule sends it, and so it is seen to be alive."""
    try:
        heartbeat.note_beat()
        search_log.keep_searches()
    except RedisError as error:
        logger.warning("Searches wait to be kept: %s", error)


@shared_task
def refresh_popularity() -> None:
    """Work out what is sought after from events and searches."""
    popularity.refresh_popularity()
    popularity.refresh_popular_queries()


@shared_task
def palettes_recent() -> None:
    """Find the colours of photos that changed lately."""
    refresh_palettes(is_recent_only=True, budget_s=PALETTES_BUDGET_S)


@shared_task
def palettes_all() -> None:
    """Find the colours of whatever photo has none of its present pixels, however old."""
    refresh_palettes(budget_s=PALETTES_BUDGET_S)


@shared_task
def fold_changes() -> None:
    """Keep the log of changes short, so that a store's stamps are read at once."""
    stamps.fold_changes()


@shared_task
def find_duplicates() -> None:
    """Find every store's products that look the same, for answers that show them as one."""
    try:
        twins.refresh_all_twins()
    except IndexUnavailable as error:
        logger.warning("The search for duplicates stopped and will be tried again: %s", error)


@shared_task
def tidy() -> None:
    """Drop what has had its time: query photos, kept answers, old events and searches, retired collections."""
    query_images.delete_expired()
    IdempotencyRecord.objects.expired().delete()
    erasure.delete_old()
    versions.drop_retired()
    versions.mend_alias()


def _asked() -> None:
    for version in building.unprepared_versions():
        building.make_ready(version)
    jobs.run_asked()


def _sweep(*, is_recent_only: bool, budget_s: float) -> None:
    """The live version, then those that follow it as far as no new change waits for the live one.

    Versions being built are `index_build`'s alone for what changed lately, and while they are filled for all.
    """
    try:
        live = versions.ensure_live_version()
        indexing.sweep(live, is_recent_only=is_recent_only, budget_s=budget_s)
        for version in versions.whole_versions():
            if version.pk == live.pk or (is_recent_only and version.state == VersionState.BUILDING):
                continue
            versions.ensure_collection(version)
            indexing.sweep(
                version,
                is_recent_only=is_recent_only,
                budget_s=budget_s,
                gives_way=building.gives_way_after_a_batch(),
            )
    except (IndexUnavailable, EncoderUnavailable) as error:
        logger.warning("The sweep stopped and will be tried again: %s", error)
