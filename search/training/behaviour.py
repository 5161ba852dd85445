"""What shoppers did, as training words: (query, product, gain) triples, one JSON object a line."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from search.training.data import Sample

MAX_QUERY_LENGTH = 500


class InvalidTriples(ValueError):
    """A file of triples that cannot be used; the message names the line and the fix."""


def read_triples(path: Path) -> dict[str, list[tuple[str, float]]]:
    """Each product's queries with their summed gains: {"query": "navy chinos", "product": "SKU-1", "gain": 3}.

    Gains are above 0: a purchase may count more than a click. Raises `InvalidTriples`.
    """
    gains: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                query, product, gain = _triple(line, f"{path.name}, line {number}")
                gains[product][query] += gain
    return {product: sorted(queries.items()) for product, queries in gains.items()}


def _triple(line: str, where: str) -> tuple[str, str, float]:
    try:
        row: Any = json.loads(line)
    except ValueError as error:
        raise InvalidTriples(f"{where} is no JSON ({error}).") from error
    if not isinstance(row, dict) or not {"query", "product", "gain"} <= row.keys():
        raise InvalidTriples(f"{where}: give an object with query, product and gain.")
    query, product, gain = row["query"], row["product"], row["gain"]
    if not isinstance(query, str) or not 0 < len(query.strip()) <= MAX_QUERY_LENGTH:
        raise InvalidTriples(f"{where}: query {str(query)[:60]!r} is not 1 to {MAX_QUERY_LENGTH} characters of text.")
    if not isinstance(product, str | int) or isinstance(product, bool):
        raise InvalidTriples(f"{where}: product {str(product)[:60]!r} is not a sku or an id.")
    if not isinstance(gain, int | float) or isinstance(gain, bool) or not 0 < gain < math.inf:
        raise InvalidTriples(f"{where}: gain {str(gain)[:60]!r} is not a number above 0.")
    return " ".join(query.lower().split()), str(product), float(gain)


def with_behaviour(
    samples: Sequence[Sample], triples: Mapping[str, Sequence[tuple[str, float]]]
) -> tuple[list[Sample], int]:
    """The samples with their products' queries, and how many products of the triples have a training photo.

    Held-out products keep their titles alone: what shoppers did with them shall not leak into the figures.
    """
    met = {sample.key for sample in samples if not sample.is_validation and sample.key in triples}
    return [
        replace(sample, queries=tuple(triples[sample.key]))
        if sample.key in met and not sample.is_validation
        else sample
        for sample in samples
    ], len(met)
