"""The collection: one row per product image. Uses only what Milvus 2.3, 2.6 and Lite all do alike."""

from __future__ import annotations

from django.conf import settings
from pymilvus import DataType, MilvusClient

from catalog.models.product import MAX_ATTRIBUTE_VALUES
from search.milvus.connection import call, engine, milvus_errors
from search.milvus.indexes import IndexSettings

KIND_MAX_LENGTH = 16


_ENCODER = "Vectors of the encoder "


def create_collection(name: str, *, dimension: int, index: IndexSettings, fingerprint: str = "") -> None:
    """Create and load an empty collection of unit vectors, which remembers whose they are. Raises `IndexUnavailable`."""
    with milvus_errors(f"creating the collection {name}"):
        schema = MilvusClient.create_schema(
            auto_id=False, enable_dynamic_field=False, description=f"{_ENCODER}{fingerprint}" if fingerprint else ""
        )
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
    call(
        f"creating the collection {name}",
        "create_collection",
        name,
        schema=schema,
        consistency_level="Bounded",
        **({"num_partitions": 16} if partitioned else {}),
    )
    # There is no vector yet to wait for, and pymilvus waits by sleeping for half a second first.
    call(f"making the index of {name}", "create_index", name, params, sync=False)
    call(f"loading the collection {name}", "load_collection", name, limit_s=settings.MILVUS_BUILD_TIMEOUT_S)


def fingerprint_of_collection(name: str) -> str:
    """The fingerprint that the collection was made for; empty where it was made without one (by an older release)."""
    described = call(f"describing the collection {name}", "describe_collection", name)
    description = str(described.get("description", ""))
    return description.removeprefix(_ENCODER) if description.startswith(_ENCODER) else ""


def load_collection(name: str) -> None:
    """Have the engine serve the collection; one that is served already costs nothing."""
    call(f"loading the collection {name}", "load_collection", name, limit_s=settings.MILVUS_BUILD_TIMEOUT_S)


def has_collection(name: str) -> bool:
    """Whether the collection exists."""
    return bool(call(f"looking for the collection {name}", "has_collection", name))


def collection_names(*, prefix: str) -> list[str]:
    """The collections whose name begins so."""
    return sorted(name for name in call("listing collections", "list_collections") if name.startswith(prefix))


def drop_collection(name: str) -> None:
    """Drop the collection if it exists."""
    doing = f"dropping the collection {name}"
    if call(doing, "has_collection", name):
        for alias in call(doing, "list_aliases", name)["aliases"]:
            call(doing, "drop_alias", alias)
        call(doing, "drop_collection", name)


def point_alias(alias: str, *, collection: str) -> None:
    """Point an alias at a collection. Only outside tools use it: requests name the physical collection."""
    doing = f"pointing the alias {alias} at {collection}"
    if alias in call(doing, "list_aliases", collection)["aliases"]:
        return
    if any(alias in call(doing, "list_aliases", name)["aliases"] for name in call(doing, "list_collections")):
        call(doing, "alter_alias", collection, alias)
    else:
        call(doing, "create_alias", collection, alias)
