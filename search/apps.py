"""The search application."""

from django.apps import AppConfig


class SearchConfig(AppConfig):
    name = "search"
    verbose_name = "Search"

    def ready(self) -> None:
        from search import checks
        from search.api import origins

        checks.connect()
        origins.connect()
