"""Rows of statements that are written by hand as model instances: for the few reads that every search does.

Django writes a queryset's SQL anew each time, which takes longer than Postgres does to answer for one row.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, Generic, TypeVar

from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)


class RowsOf(Generic[Row]):
    """A model's columns as SQL under a table's alias, and instances of their values.

    Fields `without` are read when they are asked for: a time alone takes longer to read than the rest of its row.
    """

    def __init__(self, model: type[Row], alias: str, *, without: Collection[str] = ()) -> None:
        self._model = model
        fields = [field for field in model._meta.concrete_fields if field.attname not in without]
        self._names = [field.attname for field in fields]
        self._converters = [
            (place, field.from_db_value) for place, field in enumerate(fields) if hasattr(field, "from_db_value")
        ]
        quote = connection.ops.quote_name
        self.sql = ", ".join(f"{alias}.{quote(str(field.column))}" for field in fields)

    def __len__(self) -> int:
        return len(self._names)

    def read(self, values: Sequence[Any]) -> Row:
        """The instance of a row's values, in the order of `sql`."""
        row = list(values)
        for place, converted in self._converters:
            row[place] = converted(row[place], None, connection)
        return self._model.from_db("default", self._names, row)


@cache
def rows_of(model: type[Row], alias: str, *, without: tuple[str, ...] = ()) -> RowsOf[Row]:
    """The model's columns, found out once: models are complete when the first one is read."""
    return RowsOf(model, alias, without=without)
