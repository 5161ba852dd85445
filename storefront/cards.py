"""A product as the page shows it: a card in the grid, and the whole of it in the dialog."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from catalog.models import AttributeValue, Product, ProductImage, Store
from search.api.fields import MAX_NOT_RELEVANT
from search.result import Hit
from storefront.links import Links
from storefront.photos import main_image, shown_images
from storefront.state import PageState
from storefront.variants import Variant, variants_of

# From this quantity down a card says how many are left.
FEW = 5


@dataclass(frozen=True, slots=True)
class Stock:
    """`level` is `plenty`, `few` or `none`."""

    level: str
    label: str


@dataclass(frozen=True, slots=True)
class Card:
    """One product of a grid. `title` is safe HTML; a search marks its words in it. `others` counts the products that it
    stands for beside itself; `unlike_url` waves it away, and is empty where there is nothing to wave it away from."""

    product: Product
    title: SafeString
    image: ProductImage | None
    stock: Stock
    url: str
    like_url: str
    unlike_url: str
    others: int


@dataclass(frozen=True, slots=True)
class Detail:
    """A product in full. `facts` are (label, values) of its attributes."""

    product: Product
    images: tuple[ProductImage, ...]
    stock: Stock
    facts: tuple[tuple[str, str], ...]
    variants: tuple[Variant, ...]
    url: str
    like_url: str
    similar_url: str


@dataclass(frozen=True, slots=True)
class Liked:
    """The product that results should look alike."""

    product: Product
    image: ProductImage | None
    url: str


def stock_of(product: Product) -> Stock:
    if not product.is_in_stock:
        return Stock("none", "Sold out")
    if product.quantity <= FEW:
        return Stock("few", f"Only {product.quantity} left")
    return Stock("plenty", "In stock")


def liked_product(store: Store, sku: str, links: Links) -> Liked | None:
    """The published product of this sku, or None."""
    product = Product.objects.published().with_facts().filter(store=store, sku=sku).first()
    return Liked(product, main_image(product), links.product(sku)) if product else None


def cards(hits: Iterable[Hit], links: Links, *, state: PageState | None = None) -> list[Card]:
    """Cards in the hits' order; no query. `state` is the page's, where cards may be waved away from it."""
    is_waving = state is not None and state.is_asking and len(state.unlike) < MAX_NOT_RELEVANT
    return [card(hit, links, state=state if is_waving else None) for hit in hits]


def card(hit: Hit, links: Links, *, state: PageState | None) -> Card:
    product: Product = hit.product
    # The search escapes the title before it puts <mark> into it.
    marked = mark_safe(hit.highlights["title"]) if "title" in hit.highlights else None  # noqa: S308
    return Card(
        product=product,
        title=marked if marked is not None else conditional_escape(product.title),
        image=main_image(product),
        stock=stock_of(product),
        url=links.product(product.sku),
        like_url=links.shop(PageState(like=product.sku)),
        unlike_url=links.shop(state.waving_away(product.sku)) if state else "",
        others=hit.variants_count - 1,
    )


def detail(product: Product, links: Links) -> Detail:
    """One query for the attributes' labels and those of the variants, the rest from the product as `with_facts` read it."""
    labels: dict[str, dict[str, str]] = {}
    names: dict[str, str] = {}
    rows = AttributeValue.objects.filter(
        attribute__store_id=product.store_id, attribute__code__in=list(product.attributes)
    ).order_by("attribute__position", "attribute__code", "label")
    for code, name, value, label in rows.values_list("attribute__code", "attribute__label", "code", "label"):
        names[code] = name
        labels.setdefault(code, {})[value] = label
    facts = (
        (names[code], ", ".join(labels[code][value] for value in labels[code] if value in product.attributes[code]))
        for code in names
    )
    return Detail(
        product=product,
        images=tuple(shown_images(product)),
        stock=stock_of(product),
        facts=tuple((name, values) for name, values in facts if values),
        url=links.product(product.sku),
        like_url=links.shop(PageState(like=product.sku)),
        similar_url=links.similar(product.sku),
        variants=variants_of(product, links),
    )
