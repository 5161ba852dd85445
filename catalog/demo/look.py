"""A look: everything a drawing needs to know about one product."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from catalog.demo.materials import Finish


@dataclass(frozen=True, slots=True)
class Look:
    """Main finish, trim (sole, legs, buckles, lining), the cut's named choices, and a seed for small variations."""

    finish: Finish
    trim: Finish
    cut: dict[str, str] = field(default_factory=dict)
    seed: int = 0
    is_back: bool = False

    def has(self, name: str, *choices: str) -> bool:
        """Whether the cut's choice for `name` is one of `choices`."""
        return self.cut.get(name, "") in choices

    def vary(self, name: str, low: float, high: float) -> float:
        """A number between `low` and `high` that is always the same for this style and this name."""
        return random.Random(f"{self.seed}:{name}").uniform(low, high)
