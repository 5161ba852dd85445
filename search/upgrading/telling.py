"""Versions, comparisons and changes in words and plain values, as the command, the API and the admin tell them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from search.models import IndexVersion, VersionState
from search.upgrading.building import Progress, progress_of
from search.upgrading.records import VersionChange, VersionComparison

MIB = 2**20


def version_data(version: IndexVersion) -> dict[str, Any]:
    """The version as plain values. Progress is counted for those that follow the catalogue."""
    progress = None if version.state == VersionState.RETIRED else progress_of(version)
    return {
        "id": version.pk,
        "collection": version.collection,
        "state": version.state,
        "model": version.model_name,
        "fingerprint": version.fingerprint,
        "dimension": version.dimension,
        "index_type": version.index_type,
        "index_params": version.index_params,
        "search_params": version.search_params,
        "progress": progress and progress_data(progress),
        "is_filled": version.filled_at is not None or version.promoted_at is not None,
        "is_prepared": version.prepared_at is not None or version.promoted_at is not None,
        "build_share": version.build_share,
        "lag_seconds": None if version.state == VersionState.RETIRED else version.lag_seconds,
        "created_at": version.created_at,
        "promoted_at": version.promoted_at,
        "demoted_at": version.demoted_at,
        "retired_at": version.retired_at,
    }


def progress_data(progress: Progress) -> dict[str, Any]:
    """`done` of `images` photos are in step; `left_s` is None while nothing moves."""
    return {
        "images": progress.images,
        "done": progress.done,
        "refused": progress.errors,
        "per_s": round(progress.per_s, 1),
        "left_s": None if progress.left_s is None else round(progress.left_s),
    }


def change_data(row: VersionChange) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "state": row.state,
        "message": row.message,
        "gates": row.gates,
        "is_forced": row.is_forced,
        "reason": row.reason,
        "asked_by": row.asked_by,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
    }


def comparison_data(row: VersionComparison) -> dict[str, Any]:
    return {
        "state": row.state,
        "message": row.message,
        "version": row.version.collection,
        "baseline": row.baseline_name,
        "steps_done": row.steps_done,
        "steps": row.steps,
        "figures": row.figures,
        "samples": row.samples,
        "asked_by": row.asked_by,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
    }


def figure_rows(figures: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """A comparison's figures as lines: what, live, this version, what to make of it."""
    if not figures:
        return []
    rows = [
        (f"overlap@10, {form}", "", _interval(one), f"{one['queries']} questions; both find the same of ten")
        for form, one in figures["overlap"].items()
    ]
    rows += [line for one in figures["judged"] for line in _judged_rows(one)]
    recall = figures["recall"]
    queries = recall["after"]["queries"]
    rows.append(
        ("recall@10 against exact", _interval(recall["before"]), _interval(recall["after"]), f"{queries} queries")
    )
    before, after = figures["latency_ms"]["before"], figures["latency_ms"]["after"]
    for key, name in _LATENCIES:
        if key in before and key in after:
            rows.append((name, f"{before[key]:.1f} ms", f"{after[key]:.1f} ms", "one at a time, both in turns"))
    return rows + _size_rows(figures["size"])


_LATENCIES = (
    ("whole_p50", "whole search, p50"),
    ("whole_p95", "whole search, p95"),
    ("ann_p50", "nearest vectors alone, p50"),
    ("ann_p95", "nearest vectors alone, p95"),
)


def _judged_rows(one: Mapping[str, Any]) -> Sequence[tuple[str, str, str, str]]:
    name = f"{one['store']}/{one['set']}"
    if "metrics" not in one:
        return [(name, "", "", one["problem"])]
    rows = []
    for metric, values in one["metrics"].items():
        change = values["difference"]
        told = f"{change['mean']:+.3f} ({change['low']:+.3f} to {change['high']:+.3f}), p = {change['p']:.3f}"
        if not change["is_significant"]:
            told += ": within noise"
        rows.append((f"{metric}, {name}", _interval(values["before"]), _interval(values["after"]), told))
    return rows


def _size_rows(size: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    before, after = size["before"], size["after"]
    rows = [("photos in it", f"{before['rows']:,}", f"{after['rows']:,}", "")]
    for key, name, note in (
        ("memory_bytes", "memory", "estimated from rows and index type"),
        ("disk_bytes", "disk", "estimated from rows and index type"),
        ("told_bytes", "memory, as the engine says", ""),
    ):
        if before[key] is not None and after[key] is not None:
            rows.append((name, f"{before[key] / MIB:,.1f} MiB", f"{after[key] / MIB:,.1f} MiB", note))
    return rows


def _interval(one: Mapping[str, Any]) -> str:
    return f"{one['mean']:.3f} ({one['low']:.3f} to {one['high']:.3f})" if one["queries"] else "-"
