"""The demo shop page."""

from django.apps import AppConfig


class StorefrontConfig(AppConfig):
    name = "storefront"
