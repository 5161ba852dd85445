"""The only importer of pymilvus: connection, schema, rows and search. Vendor errors become ours here."""

from search.milvus.connection import Engine, close_client, engine, is_answering
from search.milvus.exact import exact_search
from search.milvus.filters import expression
from search.milvus.indexes import IndexSettings, index_settings
from search.milvus.rows import (
    Row,
    StoredRow,
    count_rows,
    delete_rows,
    flush_rows,
    iterate_rows,
    read_vectors,
    rows_above,
    upsert_rows,
)
from search.milvus.schema import (
    collection_names,
    create_collection,
    drop_collection,
    fingerprint_of_collection,
    has_collection,
    load_collection,
    point_alias,
)
from search.milvus.search import ImageHit, search
from search.milvus.sizes import Footprint, footprint

__all__ = [
    "Engine",
    "Footprint",
    "ImageHit",
    "IndexSettings",
    "Row",
    "StoredRow",
    "close_client",
    "collection_names",
    "count_rows",
    "create_collection",
    "delete_rows",
    "drop_collection",
    "engine",
    "exact_search",
    "expression",
    "fingerprint_of_collection",
    "flush_rows",
    "footprint",
    "has_collection",
    "index_settings",
    "is_answering",
    "iterate_rows",
    "load_collection",
    "point_alias",
    "read_vectors",
    "rows_above",
    "search",
    "upsert_rows",
]
