"""What the doctor found of one thing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """A warning works for now; a problem is wrong today."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """`part` is what was looked at, `says` what was seen, `fix` what to do; a fix is empty where nothing is to be done."""

    part: str
    status: Status
    says: str
    fix: str = ""


def fine(part: str, says: str) -> Finding:
    return Finding(part, Status.OK, says)


def warning(part: str, says: str, fix: str) -> Finding:
    return Finding(part, Status.WARNING, says, fix)


def problem(part: str, says: str, fix: str) -> Finding:
    return Finding(part, Status.PROBLEM, says, fix)
