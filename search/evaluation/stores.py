"""Finds what a command line names: a store, and a judged set in a file or in rows; moves sets between the two."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction

from catalog.models import Store
from search.evaluation.records import JudgedQueryRow, JudgedSetRow, JudgmentRow
from search.evaluation.sets import InvalidQuerySet, JudgedQuery, JudgedSet, query_of, read_set, record_of

_PLAIN = ("text", "product", "photo_of", "region", "distortion", "seed", "filters", "mode", "slices")
_WEIGHTS = ("text_weight", "image_weight")


def find_set(store: Store, name: str) -> JudgedSet:
    """The set in the file of that path, else the store's set of that name. Raises `InvalidQuerySet`."""
    if Path(name).is_file():
        return read_set(Path(name))
    rows = JudgedSetRow.objects.filter(store=store)
    found = rows.filter(name=name).first()
    if found is None:
        known = ", ".join(rows.values_list("name", flat=True)[:20]) or "none yet"
        raise InvalidQuerySet(f"{name!r} is neither a file nor a judged set of {store.slug} (its sets: {known}).")
    return stored_set(found)


def stored_set(row: JudgedSetRow) -> JudgedSet:
    """The set that these rows hold. Raises `InvalidQuerySet` naming the query that a row makes impossible."""
    queries = []
    for query in row.queries.prefetch_related("judgments"):
        gains = {judgment.sku: judgment.gain for judgment in query.judgments.all()}
        try:
            queries.append(query_of(row_record(query) | {"judgments": gains}))
        except ValueError as error:
            raise InvalidQuerySet(f"{row.name}, query {query.key!r}: {error}") from error
    if not queries:
        raise InvalidQuerySet(f"The set {row.name} holds no query: add one in the admin, or import a file.")
    return JudgedSet(row.name, tuple(queries))


def row_record(row: JudgedQueryRow) -> dict[str, Any]:
    """The row as a file's line would say it, without its judgments."""
    record = {name: getattr(row, name) for name in _PLAIN if getattr(row, name)}
    weights = {name: getattr(row, name) for name in _WEIGHTS}
    return {"id": row.key, **record, **weights} | ({"image": row.image.name} if row.image else {})


@transaction.atomic
def store_set(store: Store, judged: JudgedSet, *, name: str) -> JudgedSetRow:
    """Keep the set as the store's rows of that name, in place of what they held; photos go to the media storage.

    Raises `InvalidQuerySet` where a photo cannot be read, and then changes nothing.
    """
    row, _ = JudgedSetRow.objects.get_or_create(store=store, name=name)
    row.queries.all().delete()
    for position, query in enumerate(judged.queries):
        add_query(row, query, key=query.id, position=position, photo=_photo(judged, query) if query.image else b"")
    return row


def add_query(row: JudgedSetRow, query: JudgedQuery, *, key: str, position: int, photo: bytes = b"") -> JudgedQueryRow:
    """Keep the query and its judgments in this set, under this key; `photo` are the bytes that its `image` names."""
    kept = JudgedQueryRow(judged_set=row, key=key, position=position, **_columns(record_of(query)))
    if photo:
        kept.image.save(Path(query.image).name, ContentFile(photo), save=False)
    kept.save()
    JudgmentRow.objects.bulk_create(
        JudgmentRow(query=kept, sku=sku, gain=gain) for sku, gain in query.judgments.items()
    )
    return kept


def _columns(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: record[name] for name in (*_PLAIN, *_WEIGHTS) if name in record}


def _photo(judged: JudgedSet, query: JudgedQuery) -> bytes:
    if judged.folder is None:
        raise InvalidQuerySet(
            f"Query {query.id!r} names the photo {query.image}, which does not come with an uploaded file: import the set"
            " with manage.py import_query_set, which reads it from beside the file."
        )
    try:
        return (judged.folder / query.image).read_bytes()
    except OSError as error:
        raise InvalidQuerySet(f"Query {query.id!r}: the photo {query.image} cannot be read ({error}).") from error
