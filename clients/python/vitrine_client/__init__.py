"""A typed client of Vitrine's REST API."""

from __future__ import annotations

from vitrine_client.client import Client
from vitrine_client.errors import Problem, Unreachable, VitrineError

__all__ = ["Client", "Problem", "Unreachable", "VitrineError"]
