"""What the words of a query mean here: run once for each new search, before any route.

Each step may change `run.query` (its words and filters), `run.words`, and what is hidden, pinned or boosted, and says in
`run.notes` what it did. The steps' own packages hold how; this page holds the order.
"""

from __future__ import annotations

from search import lexical
from search.rules.applying import apply_rules
from search.rules.wording import apply_synonyms
from search.run import Run


def understand(run: Run) -> None:
    """Read the query's words for this store, after its rules have said what they make of them."""
    apply_rules(run)
    parse(run)


def parse(run: Run) -> None:
    """The words of the query as they stand now, as the store's language stems them, with their synonyms."""
    if run.query.words:
        run.words = lexical.parse_words(run.query.words, store=run.store)
        apply_synonyms(run)
