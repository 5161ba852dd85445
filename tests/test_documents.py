"""The documents name what exists: files, headings, commands of manage.py and make."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
FOLDERS = ("benchmarks", "catalog", "config", "docs", "models", "search", "storefront", "tests", "workers")

every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())


def anchors(document: Path) -> set[str]:
    """The headings as GitHub names them in links."""
    headings = re.findall(r"^#+ (.+)$", without_code(document.read_text()), re.MULTILINE)
    kept = set(string.ascii_lowercase + string.digits + "-_ ")
    return {
        "".join(letter for letter in heading.lower() if letter in kept).replace(" ", "-")
        for heading in (re.sub(r"`|\[([^]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    }


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


@every_document
def test_links_lead_to_files_and_headings_that_exist(document: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", without_code(document.read_text()))
    broken = []
    for target in targets:
        if re.match(r"https?:|mailto:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (document.parent / name).resolve() if name else document
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(target)
    assert broken == []


@every_document
def test_files_that_are_named_exist(document: Path) -> None:
    pattern = rf"(?<![\w./-])(?:{'|'.join(FOLDERS)})/[\w./-]*\w\.(?:py|md|json|yml)\b"
    named = set(re.findall(pattern, document.read_text()))
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


@every_document
def test_commands_that_are_named_exist(document: Path) -> None:
    text = document.read_text()
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    managed = set(re.findall(r"manage\.py ([a-z_]+)", text))
    made = set(re.findall(r"^(?:[A-Z_]+=\S+ )*make ([a-z]+)", text, re.MULTILINE))
    made |= set(re.findall(r"`(?:[A-Z_]+=\S+ )*make ([a-z]+)", text))
    assert (managed - set(get_commands()), made - targets) == (set(), set())
