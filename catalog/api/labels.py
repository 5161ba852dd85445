"""The name under which `search.api` knows `catalog.labels`."""

from catalog.labels import Labels

__all__ = ["Labels"]
