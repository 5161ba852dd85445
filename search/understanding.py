"""What the words of a query mean here: run once for each new search, before any route.

Each step may change `run.query` (its words and filters), `run.words`, and what is hidden, pinned or boosted, and says in
`run.notes` what it did. The steps' own packages hold how; this page holds the order.
"""

from __future__ import annotations

from search import lexical
from search.run import Run
from search.words.stages import correct, interpret


def understand(run: Run) -> None:
    """Read the query's words for this store, correct what matches nothing, and see which of them name what it sells."""
    parse(run)
    correct(run)
    interpret(run)


def parse(run: Run) -> None:
    """The words of the query as they stand now, as the store's language stems them."""
    if run.query.words:
        run.words = lexical.parse_words(run.query.words, store=run.store)
