"""What is compared, from a command line's words: an index version or an encoder, and fields of `Query`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import MISSING, fields
from typing import Any

from django.utils import timezone

from search import versions
from search.choices import Mode
from search.encoder import get_encoder
from search.evaluation.asking import Setup
from search.evaluation.attacks import read_attack
from search.evaluation.sets import InvalidQuerySet
from search.models import IndexVersion, VersionState
from search.query import Query

# What a query asks and how its answer is cut belongs to the set; every other plain field of `Query` can be compared.
_ASKED = {
    "store_id",
    "text",
    "image",
    "product_id",
    "page",
    "per_page",
    "search_id",
    "image_digest",
    "owner",
    "explain",
    "others",
}
_NOT_SET = {*_ASKED, "filters", "facet_by", "sort", "deadline_ms", "modifiers"}
LIVE = "live"


def settable_fields() -> dict[str, Callable[[str], Any]]:
    """The fields of `Query` that a setup may set, with what reads their text."""
    readers: dict[str, Callable[[str], Any]] = {}
    for one in fields(Query):
        if one.name in _NOT_SET or one.default is MISSING:
            continue
        readers[one.name] = _READERS.get(one.name) or (_boolean if isinstance(one.default, bool) else type(one.default))
    return readers


def _caps(text: str) -> tuple[tuple[str, int], ...]:
    """`brand:2+style:1`: commas part the settings."""
    pairs = [pair.partition(":")[::2] for pair in text.split("+")]
    return tuple(sorted((name, int(count)) for name, count in pairs))


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


# What its default does not tell the type of.
_READERS: dict[str, Callable[[str], Any]] = {
    "lexical_weight": float,
    "vector_weight": float,
    "min_confidence": float,
    "max_per": _caps,
}


@contextmanager
def setup_of(stated: str, *, index: Callable[[IndexVersion], None], is_version_kept: bool = False) -> Iterator[Setup]:
    """The setup that a text states: `live`, or `version=NAME`, `encoder=NAME`, `text_weight=2,rrf_constant=20` ...

    `attack=pgd-4` changes every query's photo first (search.evaluation.attacks). An encoder is searched in an index version
    of its own: the newest one that holds its present weights, else one that is built now (`index` fills it) and dropped
    again, unless `is_version_kept`.
    Raises `InvalidQuerySet` naming what is wrong; building may raise `SearchError`.
    """
    pairs = _pairs(stated)
    version_name, encoder = pairs.pop("version", ""), pairs.pop("encoder", "")
    attack = _attack(pairs.pop("attack", ""))
    if version_name and encoder:
        raise InvalidQuerySet(f"{stated!r} names a version and an encoder: a version has its own encoder.")
    values = _field_values(pairs)
    if not encoder:
        yield Setup(stated, find_version(version_name) if version_name else versions.live_version(), values, attack)
        return
    version = version_of_encoder(encoder)
    is_made = version is None
    if version is None:
        version = versions.create_version(encoder=encoder, index_type=versions.live_version().index_type)
        # It is to be asked as it is: no worker shall calibrate stores for it.
        IndexVersion.objects.filter(pk=version.pk).update(prepared_at=timezone.now())
    if version.state == VersionState.BUILDING:
        index(version)
    try:
        yield Setup(stated, version, values, attack)
    finally:
        if is_made and not is_version_kept:
            versions.abandon(version)


def find_version(name: str) -> IndexVersion:
    """The version with this collection name or number, `live` included. Raises `InvalidQuerySet` naming those there are."""
    if name == LIVE:
        return versions.live_version()
    found = IndexVersion.objects.filter(**({"pk": int(name)} if name.isdecimal() else {"collection": name})).first()
    if found is None:
        known = ", ".join(f"{version.pk} ({version})" for version in IndexVersion.objects.all()) or "none yet"
        raise InvalidQuerySet(f"There is no index version {name!r}. Versions: {known}.")
    return found


def version_of_encoder(encoder: str) -> IndexVersion | None:
    """The version that holds this encoder's present weights, if one does: the live one first, then the newest."""
    fingerprint = get_encoder(encoder).fingerprint
    found = IndexVersion.objects.filter(fingerprint=fingerprint).exclude(state=VersionState.RETIRED)
    return min(found, key=lambda version: (version.state != VersionState.LIVE, -version.pk), default=None)


def _attack(name: str) -> str:
    try:
        return "-".join(map(str, read_attack(name))) if name else ""
    except ValueError as error:
        raise InvalidQuerySet(str(error)) from error


def _pairs(stated: str) -> dict[str, str]:
    if stated.strip() in ("", LIVE):
        return {}
    pairs: dict[str, str] = {}
    for part in stated.split(","):
        name, mark, value = (text.strip() for text in part.partition("="))
        if not mark or not name or not value:
            raise InvalidQuerySet(
                f"{part!r} in {stated!r} is not NAME=VALUE: write live, version=..., encoder=..., or text_weight=2."
            )
        pairs[name] = value
    return pairs


def _field_values(pairs: dict[str, str]) -> dict[str, Any]:
    known = settable_fields()
    values: dict[str, Any] = {}
    for name, text in pairs.items():
        if name not in known:
            raise InvalidQuerySet(f"Unknown setting {name!r}: use version, encoder, attack, {', '.join(known)}.")
        try:
            values[name] = known[name](text)
        except ValueError as error:
            hint = f"one of {', '.join(Mode)}" if name == "mode" else f"a {known[name].__name__.lstrip('_')}"
            raise InvalidQuerySet(f"{name}={text} is not possible: give {hint}.") from error
    return values
