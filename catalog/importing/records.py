"""What an import reads and what it answers, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

FIELDS = (
    "sku",
    "title",
    "description",
    "category",
    "brand",
    "price",
    "quantity",
    "margin",
    "attributes",
    "style_code",
    "url",
    "is_published",
    "images",
)


class UnreadableFile(ValueError):
    """The file as a whole cannot be imported; the message names the fix."""


class RowError(ValueError):
    """One row cannot be imported; the message names the value, `field` the field where there is one."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class ImageSource:
    """A photo that a row names: a `file` inside the import, or a `url` to fetch later."""

    file: str = ""
    url: str = ""
    kind: str = "catalog"
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One product as a row states it. Fields outside `given` were not stated and are left as they are.

    `category` is the path of names from the root. `attributes` pairs an attribute's name with its values' names; no
    values takes the attribute off the product. `images` is the whole list of the product's photos.
    """

    line: int
    sku: str
    given: frozenset[str]
    title: str = ""
    description: str = ""
    category: tuple[str, ...] = ()
    brand: str = ""
    price: Decimal | None = None
    quantity: int = 0
    margin: float | None = None
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    style_code: str = ""
    url: str = ""
    is_published: bool = True
    images: tuple[ImageSource, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not imported. `line` is where it begins in the file, from 1."""

    line: int
    sku: str
    reason: str


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of a row. `image_problems` name photos that were left out of a product that was imported."""

    line: int
    sku: str
    outcome: Outcome
    reason: str = ""
    images_added: int = 0
    images_removed: int = 0
    image_problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The whole import. `refused` and `refused_images` hold the first ones, the counts all of them."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused_count: int = 0
    refused: tuple[Refusal, ...] = ()
    images_added: int = 0
    images_removed: int = 0
    images_refused: int = 0
    refused_images: tuple[Refusal, ...] = ()
    ignored_columns: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def rows(self) -> int:
        return self.created + self.updated + self.unchanged + self.refused_count


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is. `fraction` of the file's bytes, from 0 to 1, None where the size is not known."""

    report: ImportReport
    fraction: float | None
