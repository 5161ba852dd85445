"""What the words of a query mean here: run once for each new search, before any route.

Each step may change `run.query` (its words and filters), `run.words`, and what is hidden, pinned or boosted, and says in
`run.notes` what it did. The steps' own packages hold how; this page holds the order.
"""

from __future__ import annotations

from search import lexical
from search.rules.applying import apply_rules
from search.rules.wording import apply_synonyms
from search.run import Run
from search.words.stages import correct, interpret


def understand(run: Run) -> None:
    """Read the query's words for this store: its rules first, then synonyms, corrections of what still matches nothing, and
    which of the words name what it sells."""
    apply_rules(run)
    parse(run)
    read = run.words
    correct(run)
    if run.words is not read:
        apply_synonyms(run)
    interpret(run)


def parse(run: Run) -> None:
    """The words of the query as they stand now, as the store's language reads them, with their synonyms."""
    if run.query.words:
        run.words = lexical.parse_words(run.query.words, store=run.store)
        apply_synonyms(run)
