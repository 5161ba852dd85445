"""What an event says of a product, as a number: read by exports and by popularity.

A click is weak evidence and a purchase strong; an impression is none, it only says that there was a choice. "Not
relevant" takes back what three clicks said, and says nothing of the product's popularity: the query was wrong for it.

What stands high is seen more, whatever it is worth. Where that shall be taken out, a gain is divided by the chance that
its position was looked at, `1 / log2(1 + position)` (the discount of DCG: Järvelin & Kekäläinen 2002), as inverse
propensity weighting does (Joachims, Swaminathan & Schnabel 2017); no gain counts more than `MAX_CORRECTION` times.
It is an assumption and no measurement: a shop that shuffles some results could measure its own.
"""

from __future__ import annotations

from search.events.records import EventKind

GAINS: dict[str, float] = {EventKind.CLICK: 1.0, EventKind.ADD_TO_CART: 3.0, EventKind.PURCHASE: 5.0}
NOT_RELEVANT_GAIN = -3.0
ABOUT_QUERIES: dict[str, float] = {**GAINS, EventKind.NOT_RELEVANT: NOT_RELEVANT_GAIN}
MAX_CORRECTION = 10.0
