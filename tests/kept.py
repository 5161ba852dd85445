"""Indexed shops that are built once in a process and then restored: their rows, their photos and their collection.

Building one takes some hundred statements and a dozen calls of Milvus, restoring it a COPY for each table. A collection is
handed on only as long as nobody wrote to it; what a test did to the rows its transaction takes back. A test that commits
builds its shop anew.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, models
from psycopg import sql
from pytest_django import Settings

from search import milvus, versions
from search.calibration.confidence import forget_calibrations
from search.encoder import get_encoder
from search.milvus.connection import MilvusClient
from search.models import IndexVersion

# Calls that change what a collection answers, by the name of it that comes first.
_WRITING_CALLS = (
    *("insert", "upsert", "delete", "drop_collection", "rename_collection", "release_collection", "create_index"),
    *("drop_index", "create_partition", "drop_partition", "create_alias", "alter_alias"),
)
# What migrations fill; a row in any other table before the shop is built is not the shop's.
_FILLED = {"django_migrations", "django_content_type", "auth_permission", "search_indexversion"}
# The shops of one module's tests are asked for in a row: a few are enough.
_MAX_KEPT = 6

_written: set[str] = set()
_kept: dict[str, Kept] = {}
_blank: Blank | None = None


@dataclass(frozen=True, slots=True)
class Blank:
    """An empty collection, and the live version that it belongs to."""

    collection: str
    prefix: str
    index_type: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kept:
    """A shop as it was built: each table's rows as COPY wrote them, a copy of the media folder, and its collection."""

    model: type[models.Model]
    pk: Any
    version_id: int
    collection: str
    prefix: str
    rows: list[tuple[sql.Composable, bytes]]
    media: Path
    encoded: tuple[int, int]


def note_writes() -> None:
    """Have every client of this process note the collections that it writes to."""

    def noting(call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def noted(self: MilvusClient, *args: Any, **named: Any) -> Any:
            _written.add(named.get("collection_name") or (args[0] if args else ""))
            return call(self, *args, **named)

        return noted

    for name in _WRITING_CALLS:
        setattr(MilvusClient, name, noting(getattr(MilvusClient, name)))


def empty_live_version(settings: Settings) -> IndexVersion:
    """A live version over an empty collection, which a test that commits has to itself. Sets the prefix of both."""
    global _blank
    is_committing = not connection.in_atomic_block
    if _blank and _blank.collection not in _written and _blank.index_type == settings.INDEX_TYPE and not is_committing:
        settings.INDEX_COLLECTION_PREFIX = _blank.prefix
        return IndexVersion.objects.create(**_blank.facts)
    settings.INDEX_COLLECTION_PREFIX = f"t{uuid.uuid4().hex[:12]}"
    version = versions.ensure_live_version()
    if not is_committing:
        columns = [field.attname for field in IndexVersion._meta.concrete_fields if not field.primary_key]
        facts = {name: getattr(version, name) for name in columns}
        _blank = Blank(version.collection, settings.INDEX_COLLECTION_PREFIX, settings.INDEX_TYPE, facts)
        _written.discard(version.collection)
    return version


def drop_written(prefix: str) -> None:
    """Drop the collections of this prefix, but those which are as they were when they were kept."""
    clean = {kept.collection for kept in _kept.values()} | ({_blank.collection} if _blank else set())
    for name in milvus.collection_names(prefix=prefix):
        if name in _written or name not in clean:
            milvus.drop_collection(name)


def kept_shop(build: Callable[[IndexVersion], models.Model]) -> Any:
    """Make a fixture of a function that fills an empty live index and returns the store, run once in a process."""
    key = f"{build.__module__}.{build.__qualname__}"

    def restored(
        live_index: IndexVersion, settings: Settings, tmp_path_factory: pytest.TempPathFactory
    ) -> models.Model:
        if not connection.in_atomic_block:
            return build(live_index)
        forget_calibrations()
        kept = _kept.pop(key, None)
        if kept and kept.collection not in _written:
            _kept[key] = kept
            return _restore(kept, live_index, settings)
        if set(_tables_with_rows()) - _FILLED or not _may_copy():
            return build(live_index)
        built = build(live_index)
        _kept[key] = _keep(built, live_index, settings, tmp_path_factory.mktemp("kept"))
        if len(_kept) > _MAX_KEPT:
            milvus.drop_collection(_kept.pop(next(iter(_kept))).collection)
        return built

    restored.__doc__ = build.__doc__
    return pytest.fixture(name=build.__name__)(restored)


def _keep(built: models.Model, version: IndexVersion, settings: Settings, folder: Path) -> Kept:
    global _blank
    rows: list[tuple[sql.Composable, bytes]] = []
    with connection.cursor() as cursor:
        for name in _tables_with_rows():
            if name in _FILLED - {"search_indexversion"}:
                continue
            table = _written_columns(name)
            with cursor.copy(sql.SQL("COPY {} TO STDOUT").format(table)) as copy:
                rows.append((sql.SQL("COPY {} FROM STDIN").format(table), b"".join(bytes(part) for part in copy)))
    if Path(settings.MEDIA_ROOT).is_dir():
        shutil.copytree(settings.MEDIA_ROOT, folder, dirs_exist_ok=True)
    encoder: Any = get_encoder(settings.ENCODER_MODEL)
    # The empty collection is this shop's from now on, as it is.
    _blank = None
    _written.discard(version.collection)
    version.refresh_from_db()
    return Kept(
        model=type(built),
        pk=built.pk,
        version_id=version.pk,
        collection=version.collection,
        prefix=settings.INDEX_COLLECTION_PREFIX,
        rows=rows,
        media=folder,
        encoded=(encoder.images_encoded, encoder.texts_encoded),
    )


def _restore(kept: Kept, version: IndexVersion, settings: Settings) -> models.Model:
    """Put the kept rows and photos in the place of the empty version, which becomes the shop's."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM search_indexversion WHERE id = %s", [version.pk])
        # The rows come with all that triggers made of them, in any order.
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement, rows in kept.rows:
            with cursor.copy(statement) as copy:
                copy.write(rows)
        cursor.execute("SET LOCAL session_replication_role = origin")
    version.pk = kept.version_id
    version.refresh_from_db()
    settings.INDEX_COLLECTION_PREFIX = kept.prefix
    shutil.copytree(kept.media, settings.MEDIA_ROOT, dirs_exist_ok=True)
    encoder: Any = get_encoder(settings.ENCODER_MODEL)
    encoder.images_encoded, encoder.texts_encoded = kept.encoded
    return kept.model._default_manager.get(pk=kept.pk)


def _tables_with_rows() -> list[str]:
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
        tests = (
            sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(sql.Literal(name), sql.Identifier(name))
            for name in names
        )
        cursor.execute(sql.SQL(" UNION ALL ").join(tests))
        return [row[0] for row in cursor.fetchall()]


def _written_columns(table: str) -> sql.Composable:
    """The table with the columns that COPY may write: all but the generated ones."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass"
            " AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
            [table],
        )
        columns = [sql.Identifier(row[0]) for row in cursor.fetchall()]
    return sql.SQL("{} ({})").format(sql.Identifier(table), sql.SQL(", ").join(columns))


def _may_copy() -> bool:
    """Whether the database's user may leave triggers out: a superuser, as the embedded one is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT usesuper FROM pg_user WHERE usename = current_user")
        return bool(cursor.fetchone()[0])
