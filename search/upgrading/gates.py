"""What a version must show before it goes live. Each gate says whether it holds, what was found, and what would mend it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from redis.exceptions import RedisError

from search import indexing, milvus, warming
from search.errors import EncoderUnavailable
from search.indexing import Difference
from search.models import IndexEntry, IndexVersion
from search.upgrading.readiness import lacking
from search.upgrading.records import JobState, VersionComparison
from search.versions import encoder_of

# An older comparison speaks of another catalogue.
COMPARISON_GOOD_FOR = timedelta(hours=24)
# Rounds of mending and looking again before a difference is one that stays.
ROUNDS = 10
ROUND_PAUSE_S = 0.3
# Searching processes say within this time that they were asked to be warm.
LOOK_S = 2.0
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition. `fix` is empty where it holds."""

    name: str
    is_passed: bool
    detail: str
    fix: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def quick_gates(version: IndexVersion, live: IndexVersion | None) -> list[Gate]:
    """The gates that rows alone answer; `slow_gates` are asked only where these hold."""
    return [filled(version), ready(version), *compared(version, live)]


def slow_gates(version: IndexVersion, *, alive: Callable[[], None] = lambda: None) -> list[Gate]:
    """The gates that look into Milvus and at every searching process; `alive` is called while they do.

    Raises `IndexUnavailable`.
    """
    return [complete(version, alive=alive), known_model(version), warm(version)]


def filled(version: IndexVersion) -> Gate:
    """The build has come to its end once."""
    if version.filled_at is not None or version.promoted_at is not None:
        return Gate("built", True, "every photo was looked at")
    waiting = indexing.count_stale(version)
    fix = "Wait for the workers (manage.py index_versions list shows the progress), or build --here."
    return Gate("built", False, f"{waiting:,} photos are not in it yet", fix)


def ready(version: IndexVersion) -> Gate:
    """Calibrations, fitted attributes and ranking weights exist for the version's encoder as for the live one's."""
    lacks = lacking(version)
    if not lacks:
        return Gate("ready", True, "nothing that belongs to the encoder is missing")
    named = "; ".join(map(str, lacks[:SHOWN])) + (" ..." if len(lacks) > SHOWN else "")
    fixes = dict.fromkeys(lack.fix(version) for lack in lacks[:SHOWN])
    return Gate("ready", False, f"missing: {named}", "; ".join(fixes))


def compared(version: IndexVersion, live: IndexVersion | None) -> list[Gate]:
    """Judged quality and recall by the newest finished comparison with the version that is live now."""
    if live is None:
        return []
    try:
        encoder_of(live)
    except EncoderUnavailable as error:
        return [Gate("compared", True, f"nothing to compare with: {error.message}")]
    row = latest_comparison(version, live)
    if row is None:
        fix = f"manage.py index_versions compare {version.pk}"
        return [Gate("compared", False, f"not compared with {live.collection} within a day", fix)]
    return [_quality(row.figures, version), _recall(row.figures, version)]


def latest_comparison(version: IndexVersion, live: IndexVersion) -> VersionComparison | None:
    """The newest finished comparison of the two that is not too old."""
    rows = VersionComparison.objects.filter(version=version, baseline=live, state=JobState.DONE)
    return rows.filter(finished_at__gt=timezone.now() - COMPARISON_GOOD_FOR).order_by("-finished_at").first()


def _quality(figures: dict[str, Any], version: IndexVersion) -> Gate:
    margin = settings.INDEX_MAX_QUALITY_LOSS
    judged = [one for one in figures["judged"] if "metrics" in one]
    if not judged:
        return Gate("judged quality", True, "no judged set to measure it with")
    worse, told = [], []
    for one in judged:
        change = one["metrics"]["NDCG@10"]["difference"]
        shown = f"{one['store']}/{one['set']} {change['mean']:+.3f} (p = {change['p']:.3f})"
        told.append(shown)
        if change["mean"] < -margin:
            worse.append(shown)
    if not worse:
        return Gate("judged quality", True, f"NDCG@10 {', '.join(told)}")
    fix = (
        f"Look at manage.py index_versions compare {version.pk} --show; judge more queries where p is large,"
        " or build with another encoder or better parameters."
    )
    return Gate("judged quality", False, f"NDCG@10 is worse by more than {margin}: {', '.join(worse)}", fix)


def _recall(figures: dict[str, Any], version: IndexVersion) -> Gate:
    after = figures["recall"]["after"]
    least = settings.INDEX_MIN_RECALL
    shown = f"recall@10 {after['mean']:.4f} against exact search, on {after['queries']} queries"
    if not after["queries"]:
        return Gate("recall", True, "nothing to measure it on")
    if after["mean"] >= least:
        return Gate("recall", True, shown)
    fix = f"Build with search parameters that look further than {version.search_params}, or another index type."
    return Gate("recall", False, f"{shown}: at least {least} is asked", fix)


def complete(version: IndexVersion, *, alive: Callable[[], None] = lambda: None) -> Gate:
    """Every photo was seen in step, at Strong consistency, since this was asked; what changes meanwhile is followed as ever.

    What differs is mended and looked at again: under edits some photo always differs, but no photo may go on to.
    """
    last = list(indexing.verify(version, on_range=lambda done, total: alive()))
    differing = {difference.image_id for difference in last}
    for _ in range(ROUNDS):
        if not differing:
            break
        indexing.repair(version, [one for one in last if one.kind not in _WAITING])
        indexing.sweep(version, on_batch=lambda report: alive())
        last = indexing.differing(version, differing)
        differing = {difference.image_id for difference in last}
        if differing:
            time.sleep(ROUND_PAUSE_S)
    if differing:
        fix = "Look at the worker's log and manage.py verify_index; a photo whose work fails is tried again by itself."
        return Gate("complete", False, f"{len(differing)} photos are not in step: {_named(last)}", fix)
    lost = _refused_here_only(version)
    if lost:
        fix = "Mend or replace these photos, then Reindex their products; the errors are in the admin's Index entries."
        return Gate("complete", False, f"{lost:,} photos have an error that the live version has not", fix)
    return Gate("complete", True, "no photo is missing, stale or left over")


_WAITING = frozenset({"waiting to be indexed", "never indexed", "being worked on"})


def _named(differences: Collection[Difference]) -> str:
    shown = [f"{one.image_id} ({one.kind})" for one in list(differences)[:SHOWN]]
    return ", ".join(shown) + (" ..." if len(differences) > SHOWN else "")


def _refused_here_only(version: IndexVersion) -> int:
    """Photos that the live version holds and this one refused: they would vanish from the answers."""
    refused = IndexEntry.objects.filter(version=version).exclude(error="")
    live = IndexEntry.objects.filter(version__state="live", error="", image_revision__isnull=False)
    return refused.filter(image_id__in=live.values("image_id")).count()


def known_model(version: IndexVersion) -> Gate:
    """The encoder is there with the weights that the version was built with, and the collection says the same of itself."""
    try:
        encoder_of(version).encode_texts(["ready"])
    except EncoderUnavailable as error:
        return Gate("encoder", False, error.message, "Put the model back, or build a version with the present one.")
    stated = milvus.fingerprint_of_collection(version.collection)
    if stated not in ("", version.fingerprint):
        return Gate(
            "encoder",
            False,
            f"the collection was made for the encoder {stated}, the version for {version.fingerprint}",
            "Retire this version and build another.",
        )
    return Gate("encoder", True, f"{version.model_name} ({version.fingerprint})")


def warm(version: IndexVersion) -> Gate:
    """Every process that searches now has the encoder in memory; waits for those that load it."""
    IndexVersion.objects.filter(pk=version.pk, warm_since=None).update(warm_since=timezone.now())
    deadline = time.monotonic() + settings.INDEX_WARM_TIMEOUT_S
    time.sleep(LOOK_S)
    while True:
        try:
            seen = warming.searchers(version.fingerprint)
        except (RedisError, OSError) as error:
            return Gate("warm", True, f"not known, because Redis does not answer ({error}): first searches may be slow")
        cold = [one for one in seen if not one.is_warm]
        if not cold:
            return Gate("warm", True, f"{len(seen)} searching processes have the encoder in memory")
        failed = [one for one in cold if one.state != warming.LOADING]
        if failed or time.monotonic() > deadline:
            named = "; ".join(f"{one.name}: {one.state}" for one in (failed or cold)[:SHOWN])
            fix = "Make the encoder's folder or hub name reachable from every web process, then promote again."
            return Gate("warm", False, f"not every searching process has the encoder: {named}", fix)
        time.sleep(LOOK_S / 4)
