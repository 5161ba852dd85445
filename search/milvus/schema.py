"""The collection: one row per product image. Uses only what Milvus 2.3, 2.6 and Lite all do alike."""

from __future__ import annotations

from pymilvus import DataType, MilvusClient

from catalog.models.product import MAX_ATTRIBUTE_VALUES
from search.milvus.connection import client, engine, milvus_errors
from search.milvus.indexes import IndexSettings

KIND_MAX_LENGTH = 16


def create_collection(name: str, *, dimension: int, index: IndexSettings) -> None:
    """Create and load an empty collection of unit vectors. Raises `IndexUnavailable`."""
    with milvus_errors(f"creating the collection {name}"):
        schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
        # Named `id` because engines name a hit's key differently otherwise; never auto ids, so a retry is an upsert.
        schema.add_field("id", DataType.INT64, is_primary=True)
        partitioned = engine().has_partition_key
        schema.add_field("store_id", DataType.INT64, is_partition_key=partitioned)
        for field in (
            "product_id",
            "category_id",
            "brand_id",
            "price_minor",
            "image_revision",
            "product_revision",
        ):
            schema.add_field(field, DataType.INT64)
        schema.add_field("kind", DataType.VARCHAR, max_length=KIND_MAX_LENGTH)
        schema.add_field("published", DataType.BOOL)
        schema.add_field("in_stock", DataType.BOOL)
        schema.add_field("attributes", DataType.ARRAY, element_type=DataType.INT64, max_capacity=MAX_ATTRIBUTE_VALUES)
        schema.add_field("embedding", DataType.FLOAT_VECTOR, dim=dimension)
        params = MilvusClient.prepare_index_params()
        params.add_index("embedding", index_type=index.index_type, metric_type="COSINE", params=dict(index.build))
        client().create_collection(
            name,
            schema=schema,
            consistency_level="Bounded",
            **({"num_partitions": 16} if partitioned else {}),
        )
        # There is no vector yet to wait for, and pymilvus waits by sleeping for half a second first.
        client().create_index(name, params, sync=False)
        client().load_collection(name)


def has_collection(name: str) -> bool:
    """Whether the collection exists."""
    with milvus_errors(f"looking for the collection {name}"):
        return bool(client().has_collection(name))


def collection_names(*, prefix: str) -> list[str]:
    """The collections whose name begins so."""
    with milvus_errors("listing collections"):
        return sorted(name for name in client().list_collections() if name.startswith(prefix))


def drop_collection(name: str) -> None:
    """Drop the collection if it exists."""
    with milvus_errors(f"dropping the collection {name}"):
        if client().has_collection(name):
            for alias in client().list_aliases(name)["aliases"]:
                client().drop_alias(alias)
            client().drop_collection(name)


def point_alias(alias: str, *, collection: str) -> None:
    """Point an alias at a collection. Only outside tools use it: requests name the physical collection."""
    with milvus_errors(f"pointing the alias {alias} at {collection}"):
        owned = client().list_aliases(collection)["aliases"]
        if alias in owned:
            return
        if any(alias in client().list_aliases(name)["aliases"] for name in client().list_collections()):
            client().alter_alias(collection, alias)
        else:
            client().create_alias(collection, alias)


def unindexed_rows(name: str) -> int:
    """How many rows a server's index does not hold yet: it builds in its own time. 0 on Milvus Lite, which builds as it flushes."""
    if engine().is_lite:
        return 0
    with milvus_errors(f"looking at the index of {name}"):
        found = client().describe_index(name, "embedding")
    return int(found["total_rows"]) - int(found["indexed_rows"])
