"""What one demo product is: the facts that a shop would know, and the look that it is drawn from."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.demo.look import Look


@dataclass(frozen=True, slots=True)
class DemoProduct:
    """All the facts of a product. `price` is EUR as text, None where the shop states none; `kind` names the drawing.

    `photo_count` is how many views `draw_photo` gives the catalogue (1 or 2).
    """

    sku: str
    title: str
    description: str
    category: str
    brand: str
    price: str | None
    quantity: int
    attributes: dict[str, list[str]]
    style_code: str
    is_published: bool
    kind: str
    look: Look
    photo_count: int
    url: str = ""

    def values(self, attribute: str) -> list[str]:
        """The value codes of one attribute; empty where it has none."""
        return self.attributes.get(attribute, [])
