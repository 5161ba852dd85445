"""The only importer of pymilvus: connection, schema, rows and search. Vendor errors become ours here."""

from search.milvus.connection import Engine, close_client, engine, is_answering
from search.milvus.counts import forget_counts, passing_rows
from search.milvus.exact import Exact, ExactHit, exact_search
from search.milvus.filters import expression
from search.milvus.indexes import IndexSettings, SearchPlan, index_settings, search_plan
from search.milvus.rows import (
    Row,
    StoredRow,
    count_rows,
    delete_rows,
    flush_rows,
    iterate_rows,
    read_vectors,
    upsert_rows,
)
from search.milvus.schema import (
    collection_names,
    create_collection,
    drop_collection,
    has_collection,
    point_alias,
    unindexed_rows,
)
from search.milvus.search import ImageHit, search

__all__ = [
    "Engine",
    "Exact",
    "ExactHit",
    "ImageHit",
    "IndexSettings",
    "Row",
    "SearchPlan",
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
    "flush_rows",
    "forget_counts",
    "has_collection",
    "index_settings",
    "is_answering",
    "iterate_rows",
    "passing_rows",
    "point_alias",
    "read_vectors",
    "search",
    "search_plan",
    "unindexed_rows",
    "upsert_rows",
]
