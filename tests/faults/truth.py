"""What must be true when a run is over: Postgres is as the clients' ledger says, and Milvus is as Postgres says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

import numpy as np
from pymilvus import MilvusClient

from config.embedded.folder import socket_dir
from tests.faults.importers import FileImporter
from tests.faults.ledger import State
from tests.faults.site import Site

_PRODUCTS = """
    SELECT s.slug, p.sku, p.title, p.price::numeric(14, 2)::text, p.quantity, p.attributes->'color'->>0, p.is_published,
           coalesce((SELECT string_agg(i.sha256, ' ') FROM catalog_productimage i WHERE i.product_id = p.id), '')
    FROM catalog_product p JOIN catalog_store s ON s.id = p.store_id
    WHERE p.sku ~ '^(demo|other)-(edit|lines|file|sql)-'
"""
_IMAGES = """
    SELECT i.id, i.sha256, i.revision, p.revision, p.id, p.store_id, p.is_published, p.quantity > 0,
           coalesce((p.price * 100)::bigint, -1)
    FROM catalog_productimage i JOIN catalog_product p ON p.id = i.product_id WHERE i.file <> ''
"""
_FIELDS = ["image_revision", "product_revision", "product_id", "store_id", "published", "in_stock", "price_minor"]
# The same pixels in another batch give the same numbers but for the last bits.
SAME = 0.9999


def lost_writes(site: Site, run: Any) -> list[str]:
    """Products that are not as their client last saw them accepted."""
    found = {
        (slug, sku): State(title, price, quantity, color or "", shown, photo)
        for slug, sku, title, price, quantity, color, shown, photo in site.rows(_PRODUCTS)
    }
    problems = []
    accounts = run.ledger.accounts()
    for (store, sku), account in sorted(accounts.items()):
        state = found.get((store, sku))
        if state not in account.now:
            problems.append(f"{sku} is {state}, and may only be {set(account.now)}")
    problems += [f"{sku} is there, and nobody wrote it" for store, sku in found if (store, sku) not in accounts]
    for client in run.clients:
        if isinstance(client, FileImporter):
            for sku, state in client.uploaded.items():
                if found.get((client.store, sku)) != state:
                    problems.append(f"{sku} of an accepted import is {found.get((client.store, sku))}, not {state}")
    return problems


def wrong_rows(site: Site, photos: Collection[str]) -> list[str]:
    """Rows of the live collection that are not as Postgres says, by their content and not by what is noted of them."""
    (collection,) = site.rows("SELECT collection FROM search_indexversion WHERE state = 'live'")[0]
    client = MilvusClient(uri=f"unix:{socket_dir(site.data_dir) / 'milvus.sock'}", timeout=30)
    try:
        stored = client.query(
            collection,
            filter="id >= 0",
            output_fields=["id", *_FIELDS, "embedding"],
            limit=10_000,
            consistency_level="Strong",
        )
    finally:
        client.close()
    rows = {row["id"]: row for row in stored}
    problems: list[str] = []
    vectors: dict[str, list[tuple[int, np.ndarray]]] = defaultdict(list)
    for image_id, sha256, *facts in site.rows(_IMAGES):
        row = rows.pop(image_id, None)
        if row is None:
            problems.append(f"image {image_id} is not in Milvus")
            continue
        if [row[name] for name in _FIELDS] != facts:
            problems.append(f"image {image_id} is {[row[name] for name in _FIELDS]} in Milvus, {facts} in Postgres")
        vectors[sha256].append((image_id, np.asarray(row["embedding"], np.float32)))
    problems += [f"row {image_id} has no image" for image_id in rows]
    return problems + wrong_vectors(vectors, unlike=photos)


def wrong_vectors(vectors: dict[str, list[tuple[int, np.ndarray]]], *, unlike: Collection[str]) -> list[str]:
    """Images of one photo have one vector, and the photos that are `unlike` each other have each another one. The commonest
    is taken for a photo's own: another one was made from another photo."""
    problems = []
    centres: dict[str, np.ndarray] = {}
    for sha256, held in vectors.items():
        matrix = np.stack([vector for _, vector in held])
        alike = matrix @ matrix.T > SAME
        centre = int(alike.sum(1).argmax())
        centres[sha256] = matrix[centre]
        problems += [
            f"image {image_id} has another vector than the {int(alike[centre].sum())} with its photo {sha256[:8]}"
            for (image_id, _), is_alike in zip(held, alike[centre], strict=True)
            if not is_alike
        ]
    names = [sha256 for sha256 in centres if sha256 in unlike]
    matrix = np.stack([centres[sha256] for sha256 in names]) if names else np.zeros((0, 1), np.float32)
    for first, second in np.argwhere(np.triu(matrix @ matrix.T > SAME, k=1)):
        problems.append(f"one vector for two photos, {names[first][:8]} and {names[second][:8]}")
    return problems
