"""An embedded Milvus that was started again may have lost what it acknowledged: then its rows are compared."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from django.db import OperationalError, ProgrammingError, connection

from config.part import Part
from search import indexing, versions

logger = logging.getLogger(__name__)


def doubting(parts: Iterable[Part]) -> list[Part]:
    """The parts; each start of Milvus among them leaves the index in doubt. Milvus Lite is known to lose rows when killed."""
    listed = list(parts)
    for part in listed:
        if part.name == "milvus":
            part.after_ready = doubt_index
    return listed


def doubt_index() -> None:
    """Have the next sweep compare every open version row by row."""
    try:
        for version in versions.open_versions():
            indexing.doubt(version)
    except ProgrammingError:
        # A new database: there are no tables yet.
        pass
    except OperationalError as error:
        logger.warning("The index is not doubted, the slow comparison looks at it: %s", error)
    finally:
        if not connection.in_atomic_block:
            connection.close()
