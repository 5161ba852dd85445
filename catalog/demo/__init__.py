"""The demo catalogue: products drawn at random from a seed, and their photos drawn from the products."""

from catalog.demo.assortment import DEFAULT_COUNT, demo_products
from catalog.demo.photo import draw_photo
from catalog.demo.product import DemoProduct

__all__ = ["DEFAULT_COUNT", "DemoProduct", "demo_products", "draw_photo"]
