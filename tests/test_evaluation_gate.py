"""The quality gate: the shipped encoder on the demo catalogue, against the committed baseline.

After a change that is meant (another encoder, another ranking), `make baseline` writes the baseline anew.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from catalog.demo.assortment import DEFAULT_COUNT
from catalog.demo.writer import write_demo
from catalog.importing import import_file
from catalog.models import Store
from search import indexing, milvus, versions, words
from search.evaluation.asking import Setup, ask
from search.evaluation.gate import drops, read_baseline, save_baseline
from search.evaluation.report import SetReport, measure
from search.evaluation.sets import JudgedSet, read_set

SETS = Path(__file__).parent.parent / "search" / "evaluation" / "demo"
BASELINE = SETS / "baseline.json"
# The shipped encoder sees 80 to 128 pixels: larger drawings would only take longer.
PHOTO_SIZE = (160, 200)
# The gated metrics look at the first ten; reading a hundred products a query would take most of the time.
DEPTH = 20


@pytest.fixture
def demo_store(db: None, settings: Settings, tmp_path: Path) -> Iterator[Store]:
    """The demo's products in a store of their own, indexed by the shipped encoder."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.INDEX_COLLECTION_PREFIX = f"t{uuid.uuid4().hex[:12]}"
    write_demo(tmp_path / "demo", seed=1, count=DEFAULT_COUNT, scenes=0, photo_size=PHOTO_SIZE)
    store = Store.objects.create(slug="demo", name="Demo")
    report = import_file(store=store, source=tmp_path / "demo")
    assert (report.created, report.refused_count, report.images_refused) == (DEFAULT_COUNT, 0, 0)
    words.refresh_stale_words()
    indexing.sweep(versions.ensure_live_version())
    yield store
    for name in milvus.collection_names(prefix=settings.INDEX_COLLECTION_PREFIX):
        milvus.drop_collection(name)


def gate_sets() -> list[JudgedSet]:
    """The committed sets. Attributes are asked by meaning alone too, and titles only so: words would find them anyway."""
    sets = {path.stem: read_set(path) for path in sorted(SETS.glob("demo-*.ndjson"))}
    by_meaning = [
        replace(
            sets[name], name=f"{name}-semantic", queries=tuple(replace(q, mode="semantic") for q in sets[name].queries)
        )
        for name in ("demo-attributes", "demo-titles")
    ]
    del sets["demo-titles"]
    return [*sets.values(), *by_meaning]


def table(reports: list[SetReport]) -> str:
    return "\n".join(
        f"{report.name}: " + ", ".join(f"{row.metric} {row.figures[0].mean:.3f}" for row in report.rows)
        for report in reports
    )


@pytest.mark.timeout(900)
def test_search_quality_has_not_dropped(demo_store: Store, request: pytest.FixtureRequest) -> None:
    setup = Setup("live", versions.live_version())
    reports = [measure([ask(demo_store, judged, setup, depth=DEPTH)]) for judged in gate_sets()]
    if request.config.getoption("renew_quality_baseline"):
        save_baseline(BASELINE, reports, made_at=timezone.now().strftime("%Y-%m-%d"))
    fallen = drops(reports, read_baseline(BASELINE))
    assert not fallen, "\n".join(
        [
            "search has become worse beyond the interval; if this is meant, run make baseline:",
            *map(str, fallen),
            "all figures:",
            table(reports),
        ]
    )
