"""What a shopper may be typing: queries, categories, brands and products that begin so.

Everything is of published products of the store. Words, categories and brands are as old as the vocabulary; products
are as they are now. At most six looks into indexes: no request counts or scans.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress

from django.db import connection

from catalog.models import Store
from search.events.records import PopularQuery
from search.words.completing import Completion, completions, escaped
from search.words.folding import fold
from search.words.highlighting import mark_start
from search.words.syntax import cleaned

MAX_WORDS = 8
MAX_LETTERS = 100
SAMPLE = 60
"""Matching products that are looked at: enough to see which words go together, and bounded whatever matches."""
# Of ten suggestions, how many each kind may be sure of; what one kind leaves free the others fill in this order.
SHARES = {"query": 4, "category": 2, "brand": 1, "product": 3}
FIELDS = ("category", "brand")
MAX_LABELS = 40
MAX_BESIDE = 4
"""Names that are looked for beside the words before them: each is a look of its own."""
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One line of the list. `q` and `filter_by` are what to search by when it is chosen; a product has its `sku` and `url`.

    `highlight` is `text` as HTML with the typed beginnings in <mark>; `count` is None where counting would cost time.
    """

    kind: str
    text: str
    highlight: str
    q: str = ""
    filter_by: str = ""
    count: int | None = None
    sku: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class _Typed:
    """What was typed: in lower case, and folded; its whole words `before` the last one, and that one's beginning, `last`."""

    shown: str
    text: str
    before: tuple[str, ...]
    last: str


@dataclass(frozen=True, slots=True)
class _Row:
    sku: str
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class _Label:
    """A row of `VocabularyLabel`."""

    field: str
    value: str
    label: str
    start: str
    count: int

    @property
    def filter_by(self) -> str:
        return f"{self.field}:={self.value}"


def suggest(store: Store, text: str, *, limit: int = 10) -> list[Suggestion]:
    """At most `limit` suggestions for what was typed so far; none where it has no letter or digit."""
    typed = _typed(text)
    if typed is None:
        return []
    words = completions(typed.last, store=store, limit=SHARES["query"] * 2)
    rows = _products(typed, words, store=store)
    found = {
        "query": _each_once([*_popular(typed, store=store), *_queries(typed, words, rows, limit=limit)]),
        **_labels(typed, words, store=store),
        "product": _titles(typed, words, rows, limit=limit),
    }
    return _shared(found, limit)


def _typed(text: str) -> _Typed | None:
    shown = cleaned(text)[:MAX_LETTERS].lower()
    # "Levi's" and "t-shirt" are looked for as one word; so is a letter before a word, "t shirt".
    words = [re.sub("['-]", "", word) for word in _WORD.findall(fold(shown))][:MAX_WORDS]
    if len(words) > 1 and len(words[-2]) == 1 and words[-2].isalpha():
        words[-2:] = ["".join(words[-2:])]
    if not words:
        return None
    return _Typed(shown, fold(shown), tuple(words[:-1]), words[-1])


def _products(typed: _Typed, words: Sequence[Completion], *, store: Store) -> list[_Row]:
    """Products whose title begins as typed, then such that hold all that was typed; at most `SAMPLE`."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT sku, title, url FROM catalog_product WHERE store_id = %s AND is_published
               AND search_fold(title) LIKE %s LIMIT %s""",
            [store.pk, f"{escaped(typed.text)}%", SAMPLE],
        )
        rows = cursor.fetchall()
        if len(rows) < SAMPLE:
            cursor.execute(
                """SELECT product.sku, product.title, product.url FROM search_producttext text
                   JOIN catalog_product product ON product.id = text.product_id
                   WHERE text.plain @@ %s::tsquery AND product.store_id = %s AND product.is_published LIMIT %s""",
                [_tsquery(typed, words), store.pk, SAMPLE],
            )
            rows += cursor.fetchall()
    return [_Row(*row) for row in dict.fromkeys(rows)]


def _tsquery(typed: _Typed, words: Sequence[Completion]) -> str:
    """All words that were typed; the last as it may be completed. A whole word may go on, as a plural does."""
    before = [f"{_quoted(word)}:*AD" if len(word) > 2 else _quoted(word) for word in typed.before]
    if len(typed.last) > 2 and not any(word.is_corrected for word in words):
        last = f"{_quoted(typed.last)}:*AD"
    else:
        # One or two letters begin too many words to look for all of them.
        last = " | ".join(_quoted(word.folded) for word in words) or _quoted(typed.last)
    return " & ".join([*before, f"({last})"])


def _queries(typed: _Typed, words: Sequence[Completion], rows: Sequence[_Row], *, limit: int) -> list[Suggestion]:
    """What was typed with its last word completed, as the store writes it."""
    starts = _starts(typed, words)
    counts: dict[str, int | None]
    if not typed.before:
        counts = {word.word: word.count or None for word in words}
    else:
        # Only words that products have beside those before: the sample shows which.
        seen = Counter(word for row in rows for word in dict.fromkeys(_WORD.findall(fold(row.title))))
        beside = [word for word in words if seen[word.folded] and word.folded not in typed.before]
        together = sorted(beside, key=lambda word: -seen[word.folded])
        counts = {" ".join((*typed.before, word.word)): None for word in together}
    return [
        Suggestion("query", text, mark_start(text, starts=starts), q=text, count=count)
        for text, count in list(counts.items())[:limit]
    ]


def _popular(typed: _Typed, *, store: Store) -> list[Suggestion]:
    """What others searched for that begins so: words that found something, asked by enough of them (search.events)."""
    popular = PopularQuery.objects.of(store).filter(text__startswith=typed.shown)
    starts = (*typed.before, typed.last)
    return [
        Suggestion("query", text, mark_start(text, starts=starts), q=text)
        for text in popular.values_list("text", flat=True)[: SHARES["query"]]
    ]


def _each_once(suggestions: Sequence[Suggestion]) -> list[Suggestion]:
    """The suggestions without repeated texts; a product count is kept where any has one."""
    counts = {one.text: one.count for one in suggestions if one.count is not None}
    once = {one.text: one for one in reversed(suggestions)}
    texts = dict.fromkeys(one.text for one in suggestions)
    return [replace(once[text], count=counts.get(text)) for text in texts]


def _titles(typed: _Typed, words: Sequence[Completion], rows: Sequence[_Row], *, limit: int) -> list[Suggestion]:
    starts = _starts(typed, words)
    shown: dict[str, _Row] = {}
    for row in rows:
        shown.setdefault(row.title, row)
        if len(shown) == limit:
            break
    return [
        Suggestion("product", row.title, mark_start(row.title, starts=starts), q=row.title, sku=row.sku, url=row.url)
        for row in shown.values()
    ]


def _labels(typed: _Typed, words: Sequence[Completion], *, store: Store) -> dict[str, list[Suggestion]]:
    """Categories and brands whose name, or a word of it, begins as typed; with words before it, also "red" in Dresses."""
    lasts = [word.folded for word in words if word.is_corrected] or [typed.last]
    starts = _starts(typed, words)
    found: dict[str, list[Suggestion]] = {field: [] for field in FIELDS}
    named = _named([typed.text, *lasts] if typed.before else lasts, store=store)
    beside: list[_Label] = []
    for label in named:
        if not typed.before or label.start.startswith(typed.text):
            shown = mark_start(label.label, starts=starts)
            found[label.field].append(
                Suggestion(label.field, label.label, shown, filter_by=label.filter_by, count=label.count)
            )
        elif len(beside) < MAX_BESIDE:
            beside.append(label)
    before = " & ".join(f"{_quoted(word)}:*" for word in typed.before)
    for label in compress(beside, _are_beside(before, beside, store=store)):
        shown = mark_start(label.label, starts=starts)
        found[label.field].append(
            Suggestion(label.field, label.label, shown, q=" ".join(typed.before), filter_by=label.filter_by)
        )
    return found


_BESIDE = {
    # The label's products are looked through for the words: at most one brand's or one branch's, and mostly the first will do.
    "brand": """product.brand_id = (SELECT id FROM catalog_brand WHERE store_id = %(store)s AND slug = %(value{n})s)""",
    "category": """product.category_id = ANY(ARRAY(
        SELECT below.id FROM catalog_category node JOIN catalog_category below
            ON below.store_id = node.store_id AND below.path LIKE node.path || '%%'
        WHERE node.store_id = %(store)s AND node.slug = %(value{n})s))""",
}


def _are_beside(before: str, labels: Sequence[_Label], *, store: Store) -> tuple[bool, ...]:
    """For each label whether one of its products holds the words before it."""
    if not labels:
        return ()
    columns = [
        f"""EXISTS (SELECT FROM (SELECT id FROM catalog_product product WHERE product.store_id = %(store)s
                AND product.is_published AND {_BESIDE[label.field].format(n=n)} OFFSET 0) AS own
            JOIN search_producttext text ON text.product_id = own.id WHERE text.plain @@ %(before)s::tsquery)"""  # noqa: S608  (constants and bound values)
        for n, label in enumerate(labels)
    ]
    values = {f"value{n}": label.value for n, label in enumerate(labels)}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns)}", {"store": store.pk, "before": before, **values})
        row: tuple[bool, ...] = cursor.fetchone()
    return row


def _named(starts: Sequence[str], *, store: Store) -> list[_Label]:
    """What is named so from its beginning, then from a later word of it, each name once; the largest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT field, value, label, start, count FROM search_vocabularylabel
                WHERE store_id = %s AND field = ANY(%s) AND ({" OR ".join(["start LIKE %s"] * len(starts))})
                ORDER BY place > 0, count DESC, label LIMIT %s""",  # noqa: S608  (constants and bound parameters)
            [store.pk, list(FIELDS), *(f"{escaped(start)}%" for start in starts), MAX_LABELS],
        )
        names: dict[tuple[str, str], _Label] = {}
        for row in cursor.fetchall():
            names.setdefault((row[0], row[2]), _Label(*row))
    return list(names.values())


def _starts(typed: _Typed, words: Sequence[Completion]) -> tuple[str, ...]:
    """What to mark: what was typed; where it was corrected, as much of the right words."""
    corrected = [word.folded[: len(typed.last)] for word in words if word.is_corrected]
    return (*typed.before, *(corrected or [typed.last]))


def _shared(found: dict[str, list[Suggestion]], limit: int) -> list[Suggestion]:
    """The kinds' best by their shares of the list, what is free given to the next ones, kinds together."""
    total = sum(SHARES.values())
    kept = {kind: found[kind][: max(1, limit * share // total)] for kind, share in SHARES.items()}
    for kind in SHARES:
        free = limit - sum(map(len, kept.values()))
        have = len(kept[kind])
        kept[kind] = found[kind][: have + max(0, free)]
    return [suggestion for kind in SHARES for suggestion in kept[kind]][:limit]


def _quoted(lexeme: str) -> str:
    """A word as a literal of tsquery's own syntax."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
