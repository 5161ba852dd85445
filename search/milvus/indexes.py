"""The index types and their parameters, in one table with their source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from search.errors import InvalidIndex
from search.milvus.connection import Engine


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """How a collection is searched so that the ten nearest are found whatever share of its rows passes the filter.

    `effort` is the engine's parameter of that name (`ef`, `nprobe`; empty: none) where every row passes. With `widens` it grows
    as fewer pass, so that as many passing rows are looked at. `over_fetch` times the limit are fetched and scored by their raw
    vectors (1: the engine's scores are exact). Where at most `exact_below` rows pass, each of them is compared.
    """

    parameter: str = ""
    effort: int = 0
    over_fetch: int = 1
    exact_below: int = 0
    widens: bool = False

    @property
    def is_counted(self) -> bool:
        """Whether the plan depends on how many rows pass."""
        return self.widens or self.exact_below > 0

    def to_params(self) -> dict[str, int]:
        """The plan as `IndexVersion.search_params` holds it."""
        effort = {self.parameter: self.effort} if self.parameter else {}
        return {
            **effort,
            "over_fetch": self.over_fetch,
            "exact_below": self.exact_below,
            "widens": int(self.widens),
        }


# The most that an engine takes.
MAX_EFFORT = {"ef": 32_768, "nprobe": 65_536}


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """How vectors are indexed and searched. `rescore` asks for over-fetch and exact scores from the raw vectors."""

    index_type: str
    build: Mapping[str, int] = field(default_factory=dict)
    search: Mapping[str, int] = field(default_factory=dict)
    rescore: bool = False


# Measured by benchmarks/recall.py; docs/scaling.md has the figures.
HNSW_PLAN = SearchPlan("ef", 128)
LITE_HNSW_PLAN = SearchPlan("ef", 128, exact_below=2_000, widens=True)
IVF_PQ_PLAN = SearchPlan("nprobe", 32, over_fetch=20, exact_below=2_000, widens=True)


def search_plan(params: Mapping[str, int], *, engine: Engine) -> SearchPlan:
    """The plan that a version's `search_params` state; what they leave out (older versions) is the table's."""
    if "nprobe" in params:
        plan = IVF_PQ_PLAN
    elif "ef" in params:
        plan = LITE_HNSW_PLAN if engine.is_lite else HNSW_PLAN
    else:
        plan = SearchPlan()
    over_fetch = params.get("over_fetch", plan.over_fetch if params.get("rescore", 1) else 1)
    return replace(
        plan,
        effort=int(params.get(plan.parameter, plan.effort)),
        over_fetch=max(1, int(over_fetch)),
        exact_below=int(params.get("exact_below", plan.exact_below)),
        widens=bool(params.get("widens", plan.widens)),
    )


# What may be set by hand: least, most. Source: Milvus' index pages (HNSW, IVF_PQ).
_BUILD_RANGES: dict[str, dict[str, tuple[int, int]]] = {
    "FLAT": {},
    "HNSW": {"M": (2, 2048), "efConstruction": (8, 65_536)},
    "IVF_PQ": {"nlist": (1, 65_536), "m": (1, 32_768), "nbits": (1, 24)},
}
_SEARCH_RANGES: dict[str, dict[str, tuple[int, int]]] = {
    "FLAT": {},
    "HNSW": {"ef": (1, 32_768), "over_fetch": (1, 1), "exact_below": (0, 16_000), "widens": (0, 1)},
    "IVF_PQ": {
        "nprobe": (1, 65_536),
        "rescore": (0, 1),
        "over_fetch": (1, 1_000),
        "exact_below": (0, 16_000),
        "widens": (0, 1),
    },
}


def index_settings(
    index_type: str,
    *,
    dimension: int,
    engine: Engine,
    build: Mapping[str, int] = MappingProxyType({}),
    search: Mapping[str, int] = MappingProxyType({}),
) -> IndexSettings:
    """The parameters for an index type on this engine, `build` and `search` in the place of those that they name.

    Raises `InvalidIndex` for a parameter that the type does not have, and for what `_chosen` refuses.
    """
    chosen = _chosen(index_type, dimension=dimension, engine=engine)
    kind = chosen.index_type
    _check(build, _BUILD_RANGES[kind], kind, field="index_params")
    _check(search, _SEARCH_RANGES[kind], kind, field="search_params")
    made = {**chosen.build, **build}
    if kind == "IVF_PQ" and dimension % made["m"]:
        raise InvalidIndex(
            f"m is {made['m']}: it must divide the {dimension} dimensions of a vector.", field="index_params"
        )
    asked = {**chosen.search, **search}
    rescore = bool(asked.pop("rescore", chosen.rescore))
    return IndexSettings(kind, build=made, search=asked, rescore=rescore)


def _check(stated: Mapping[str, int], known: Mapping[str, tuple[int, int]], kind: str, *, field: str) -> None:
    for name, value in stated.items():
        if name not in known:
            raise InvalidIndex(f"{kind} has no parameter {name!r} here: use {', '.join(known) or 'none'}.", field=field)
        least, most = known[name]
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise InvalidIndex(f"{name} is {value!r}: give a whole number from {least} to {most:,}.", field=field)


def _chosen(index_type: str, *, dimension: int, engine: Engine) -> IndexSettings:
    """The parameters for an index type on this engine; AUTO is FLAT on Milvus Lite and HNSW on a server.

    Sources: HNSW M 16, efConstruction 200, ef 128: recall@10 0.999 at 100 k x 512 on Milvus 2.3.5 (docs/architecture.md).
    IVF_PQ with 8 dimensions a code, nprobe 32: 0.51 alone, 0.993 with ten-fold over-fetch and exact re-scoring.
    Raises `InvalidIndex` for an unknown type, and for IVF_PQ on Milvus Lite, which would silently scan instead.
    """
    kind = index_type.upper()
    if kind == "AUTO":
        # On Lite an exact scan of 41,000 rows costs some 70 ms more than HNSW, and finds all ten of ten under any filter
        # (HNSW there found 8 of 10 with 5 % passing).
        kind = "FLAT" if engine.is_lite else "HNSW"
    if kind == "FLAT":
        return IndexSettings("FLAT")
    if kind == "HNSW":
        return IndexSettings("HNSW", build={"M": 16, "efConstruction": 200}, search={"ef": 128})
    if kind == "IVF_PQ":
        if not engine.has_pq:
            raise InvalidIndex(
                "IVF_PQ is not possible on Milvus Lite: it accepts the type and then scans every vector. "
                "Use HNSW or FLAT here, or point MILVUS_URI to a Milvus server (MILVUS=server make demo).",
                field="index_type",
            )
        codes = _largest_divisor(dimension, at_most=max(1, dimension // 8))
        return IndexSettings(
            "IVF_PQ", build={"nlist": 1024, "m": codes, "nbits": 8}, search={"nprobe": 32}, rescore=True
        )
    raise InvalidIndex(f"Unknown index type {index_type!r}: use AUTO, FLAT, HNSW or IVF_PQ.", field="index_type")


def _largest_divisor(number: int, *, at_most: int) -> int:
    return next(m for m in range(at_most, 0, -1) if number % m == 0)
