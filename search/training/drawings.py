"""Training photos from the demo catalogue's own generator: other seeds than the demo's, so that nothing is memorised."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path

from catalog.demo.assortment import demo_products
from catalog.demo.photo import draw_photo
from catalog.demo.product import DemoProduct

logger = logging.getLogger(__name__)

# Drawn a little larger than the cache that training reads, in the demo photos' own proportion.
SIZE_PX = (96, 120)

# The demo's categories -> (kind, group), in the training sets' codes.
CATEGORIES: dict[str, tuple[str, str]] = {
    "T-shirts": ("tshirts", "topwear"),
    "Shirts": ("shirts", "topwear"),
    "Knitwear": ("sweaters", "topwear"),
    "Dresses": ("dresses", "dress"),
    "Skirts": ("skirts", "bottomwear"),
    "Trousers": ("trousers", "bottomwear"),
    "Jeans": ("jeans", "bottomwear"),
    "Shorts": ("shorts", "bottomwear"),
    "Jackets": ("jackets", "topwear"),
    "Coats": ("coats", "topwear"),
    "Sneakers": ("casual shoes", "shoes"),
    "Loafers": ("loafers", "shoes"),
    "Boots": ("boots", "shoes"),
    "Heels": ("heels", "shoes"),
    "Sandals": ("sandals", "sandal"),
    "Handbags": ("handbags", "bags"),
    "Totes": ("tote bags", "bags"),
    "Backpacks": ("backpacks", "bags"),
    "Hats": ("hats", "headwear"),
    "Chairs": ("chairs", "furniture"),
    "Armchairs": ("armchairs", "furniture"),
    "Sofas": ("sofas", "furniture"),
    "Tables": ("tables", "furniture"),
    "Shelves": ("shelves", "furniture"),
    "Cabinets": ("cabinets", "furniture"),
    "Table lamps": ("table lamps", "lamps"),
    "Floor lamps": ("floor lamps", "lamps"),
    "Pendants": ("pendant lamps", "lamps"),
    "Rugs": ("rugs", "home textiles"),
    "Cushions": ("cushions", "home textiles"),
}
# A word of the title that makes the kind narrower than the category.
TITLE_KINDS = {
    "hoodie": "hoodies",
    "cardigan": "cardigans",
    "blazer": "blazers",
    "blouse": "blouses",
    "running": "sports shoes",
    "cap": "caps",
}
COLORS = {"navy": "navy blue", "light-blue": "light blue"}


def draw_demo(folder: Path, *, seed: int, count: int) -> None:
    """Draws `count` products of a seed, both views where there are two, as a folder that `data.read_folder` reads."""
    labels = folder / "photos.ndjson"
    if labels.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    logger.info("drawing %d products of seed %d into %s", count, seed, folder)
    rows = []
    for product in demo_products(seed, count):
        for view in range(product.photo_count):
            file = f"{product.sku}-{view}.png"
            draw_photo(product, view=view, size=SIZE_PX).save(folder / file)
            rows.append({"file": file, "key": f"{seed}-{product.style_code}"} | demo_labels(product))
    labels.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def demo_labels(product: DemoProduct) -> dict[str, str]:
    """A demo product's title and attributes in the training sets' codes."""
    kind, group = CATEGORIES[product.category.rsplit(" > ", 1)[-1]]
    words = product.title.lower().split()
    kind = next((narrow for word, narrow in TITLE_KINDS.items() if word in words), kind)
    color = _first(product.values("color"))
    return {
        "title": product.title,
        "kind": kind,
        "group": group,
        "color": COLORS.get(color, color),
        "pattern": _first(product.values("pattern")),
        "material": _first(product.values("material")),
        "usage": _first(product.values("style")),
    }


def _first(values: Sequence[str]) -> str:
    return values[0] if values else ""
