"""How often the web process looks for garbage that reference counting left. Reads no settings: it runs before they are there."""

from __future__ import annotations

import gc

# A search makes some ten thousand objects and drops them by counting. By Python's own threshold (700) each search was
# interrupted a dozen times, 2 ms in all; what cycles they leave is megabytes by the time this many have come together.
YOUNG = 50_000
OLDER = 20


def collect_less_often() -> None:
    """Look at young objects every `YOUNG` and at older ones every `OLDER` times that."""
    gc.set_threshold(YOUNG, OLDER, OLDER)
