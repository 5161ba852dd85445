"""Folders that appear whole or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path


def put_in_place(made: Path, folder: Path) -> None:
    """Rename, with the old folder moved aside first, so that a crash leaves one of them whole."""
    old = made.with_name(f"{made.name}-old")
    if folder.exists():
        folder.rename(old)
    made.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
