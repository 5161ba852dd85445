"""Which fault comes when: drawn from the seed alone, so that a seed always gives the same schedule."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass

# The supervisor gives a part up at its fifth crash in 120 s; a full disk may take a part down more than once.
MAX_OF_PART, PART_WINDOW_S = 3, 120.0
ROUND_S, FIRST_S, LAST_S = 120.0, 4.0, 10.0


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault. It lasts between `hold_s`; `parts` are the processes that it ends."""

    name: str
    parts: tuple[str, ...]
    hold_s: tuple[float, float] = (0.0, 0.0)


KINDS = (
    Kind("kill web", ("web",)),
    Kind("kill worker in a batch", ("worker",)),
    Kind("kill worker's child", ()),
    Kind("kill beat", ("beat",)),
    Kind("kill milvus", ("milvus",)),
    Kind("stop milvus", ("milvus",)),
    Kind("hang milvus", (), (18.0, 26.0)),
    Kind("kill redis", ("redis",)),
    Kind("stop redis", ("redis",)),
    Kind("empty redis", ("redis",)),
    Kind("hang redis", (), (4.0, 8.0)),
    Kind("kill postgres", ("postgres",)),
    Kind("stop postgres", ("postgres",)),
    Kind("hang postgres", (), (3.0, 7.0)),
    Kind("no disk for photos", (), (5.0, 9.0)),
    Kind("no disk for web", (), (5.0, 9.0)),
    Kind("no disk for milvus", ("milvus",), (5.0, 9.0)),
    Kind("encoder gone", ("worker", "web"), (15.0, 22.0)),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that comes at `at_s` after the begin and lasts `hold_s`; two may be there at once."""

    at_s: float
    hold_s: float
    kind: Kind


def plan(seed: int, *, duration_s: float) -> list[Fault]:
    """Faults in their order: in two minutes each kind once, in random order, at random moments; then all again.

    Of one part no more are ended than its supervisor bears with.
    """
    draw = random.Random(f"faults {seed}")
    slot_s = (ROUND_S - FIRST_S - LAST_S) / len(KINDS)
    waiting: list[Kind] = []
    ended: dict[str, deque[float]] = {}
    found: list[Fault] = []
    for slot in range(int(duration_s / slot_s)):
        at_s = FIRST_S + (slot + draw.uniform(0.0, 0.9)) * slot_s
        if at_s > duration_s - LAST_S:
            break
        if not waiting:
            waiting = draw.sample(KINDS, len(KINDS))
        kind = next((kind for kind in waiting if _is_borne(kind, at_s, ended)), None)
        if kind is None:
            continue
        waiting.remove(kind)
        for part in kind.parts:
            ended.setdefault(part, deque(maxlen=MAX_OF_PART)).append(at_s)
        found.append(Fault(round(at_s, 1), round(draw.uniform(*kind.hold_s), 1), kind))
    return found


def _is_borne(kind: Kind, at_s: float, ended: dict[str, deque[float]]) -> bool:
    return all(
        len(times) < MAX_OF_PART or times[0] < at_s - PART_WINDOW_S
        for times in (ended.get(part, deque()) for part in kind.parts)
    )
