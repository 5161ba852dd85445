"""A store's own words and labels, kept in Postgres by a periodic task. A request only reads them.

They are of published products and as old as the last refresh: two minutes and the sweep before it, in a running
installation. A missing or old vocabulary costs corrections and completions, never hits: whether a word matches is asked
of the products themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import connection, transaction

from catalog.models import Store
from search.words.deletions import deletion_keys
from search.words.folding import fold
from search.words.records import VocabularyLabel, VocabularyState, VocabularyWord

MAX_LENGTH = 40
"""Letters of a word that is kept; longer ones are codes, or several words glued together."""
_LOCK = 0x766F6361
_BATCH = 2000


@dataclass(frozen=True, slots=True)
class _Word:
    word: str
    stem: str
    count: int


def refresh_vocabularies() -> list[int]:
    """Refresh the stores whose products' words changed; returns their ids."""
    return [store.pk for store in Store.objects.order_by("pk") if refresh_vocabulary(store)]


def refresh_vocabulary(store: Store) -> bool:
    """Bring the store's vocabulary to what its published products say; false where it is already, or somebody does it."""
    fingerprint = _fingerprint(store)
    if VocabularyState.objects.filter(store=store, fingerprint=fingerprint).exists():
        return False
    with transaction.atomic():
        if not _is_mine(store):
            return False
        _write_words(store, _count_words(store))
        _write_labels(store)
        VocabularyState.objects.update_or_create(store=store, defaults={"fingerprint": fingerprint})
    return True


def _is_mine(store: Store) -> bool:
    """Whether this transaction is the one that refreshes the store now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_LOCK, store.pk % 2**31])
        return bool(cursor.fetchone()[0])


def _fingerprint(store: Store) -> str:
    """Changes with every write of a published product's words, and when one is published, hidden or deleted.

    `xmin` is the transaction that wrote a row: whoever rewrites words leaves another one. Labels and names are counted
    by the rows that the sweep rewrites after a rename; those that no product has do not matter.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*), coalesce(sum(product.revision), 0), coalesce(sum(text.xmin::text::bigint), 0)
            FROM catalog_product product JOIN search_producttext text ON text.product_id = product.id
            WHERE product.store_id = %s AND product.is_published
            """,
            [store.pk],
        )
        return f"{store.language}:{':'.join(map(str, cursor.fetchone()))}"


def _count_words(store: Store) -> dict[str, _Word]:
    """Folded word -> its most frequent spelling, its stem, and the products that have it in any spelling."""
    rows = f"""SELECT text.plain FROM search_producttext text JOIN catalog_product product ON product.id = text.product_id
               WHERE product.is_published AND product.store_id = {int(store.pk)}"""  # noqa: S608  (an integer)
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT word, coalesce((tsvector_to_array(to_tsvector(%s::regconfig, word)))[1], ''), ndoc
               FROM ts_stat(%s, 'ab') WHERE length(word) BETWEEN 1 AND %s ORDER BY ndoc DESC, word""",
            [store.language, rows, MAX_LENGTH],
        )
        found = cursor.fetchall()
    words: dict[str, _Word] = {}
    for word, stem, count in found:
        folded = fold(word)
        known = words.get(folded)
        # Rows come by frequency: the first spelling is the usual one. Their products may overlap, so this is a bound.
        words[folded] = _Word(word, fold(stem)[:80], count) if known is None else _more(known, count)
    return words


def _more(known: _Word, count: int) -> _Word:
    return _Word(known.word, known.stem, known.count + count)


def _write_words(store: Store, words: Mapping[str, _Word]) -> None:
    """Make the table's rows these: only what differs is written."""
    kept = {
        folded: (pk, _Word(word, stem, count))
        for pk, folded, word, stem, count in VocabularyWord.objects.filter(store=store).values_list(
            "pk", "folded", "word", "stem", "count"
        )
    }
    _delete(VocabularyWord, [pk for folded, (pk, _) in kept.items() if folded not in words])
    VocabularyWord.objects.bulk_create(
        (
            VocabularyWord(
                store=store,
                word=entry.word,
                folded=folded,
                stem=entry.stem,
                count=entry.count,
                keys=deletion_keys(folded, store_id=store.pk),
            )
            for folded, entry in words.items()
            if folded and len(folded) <= 2 * MAX_LENGTH and folded not in kept
        ),
        batch_size=_BATCH,
    )
    changed = [
        VocabularyWord(pk=kept[folded][0], word=entry.word, stem=entry.stem, count=entry.count)
        for folded, entry in words.items()
        if folded in kept and kept[folded][1] != entry
    ]
    VocabularyWord.objects.bulk_update(changed, ["word", "stem", "count"], batch_size=_BATCH)


_LABELS = r"""
    WITH counted AS (
        SELECT category_id, brand_id, count(*) AS products FROM catalog_product
        WHERE store_id = %(store)s AND is_published GROUP BY category_id, brand_id
    ),
    named AS (
        SELECT 'category' AS field, node.slug AS value, node.name AS label, (
                   SELECT coalesce(sum(counted.products), 0) FROM catalog_category below
                   JOIN counted ON counted.category_id = below.id
                   WHERE below.store_id = node.store_id AND below.path LIKE node.path || '%%') AS count
        FROM catalog_category node WHERE node.store_id = %(store)s
        UNION ALL
        SELECT 'brand', slug, name,
               (SELECT coalesce(sum(counted.products), 0) FROM counted WHERE counted.brand_id = brand.id)
        FROM catalog_brand brand WHERE store_id = %(store)s
        UNION ALL
        SELECT attribute.code, value.code, value.label, used.products
        FROM (SELECT pair.key AS code, chosen.code AS value, count(DISTINCT product.id) AS products
              FROM catalog_product product
              CROSS JOIN LATERAL jsonb_each(product.attributes) AS pair(key, codes)
              CROSS JOIN LATERAL jsonb_array_elements_text(
                  CASE jsonb_typeof(pair.codes) WHEN 'array' THEN pair.codes ELSE '[]' END) AS chosen(code)
              WHERE product.store_id = %(store)s AND product.is_published
              GROUP BY pair.key, chosen.code) used
        JOIN catalog_attribute attribute ON attribute.store_id = %(store)s AND attribute.code = used.code
        JOIN catalog_attributevalue value ON value.attribute_id = attribute.id AND value.code = used.value
    )
    SELECT field, value, label,
           phraseto_tsquery(%(language)s::regconfig, regexp_replace(search_fold(label), '(?<=\w)[-''](?=\w)', '', 'g'))::text,
           count
    FROM named WHERE count > 0
"""


def _write_labels(store: Store) -> None:
    """Make the table's rows the labels that published products have."""
    with connection.cursor() as cursor:
        cursor.execute(_LABELS, {"store": store.pk, "language": store.language})
        wanted = {
            (field, value, place): (label, fold(key)[:200], start[:160], count)
            for field, value, label, key, count in cursor.fetchall()
            for place, start in enumerate(_starts(label))
        }
    kept = {
        (row.field, row.value, row.place): row for row in VocabularyLabel.objects.filter(store=store).iterator(_BATCH)
    }
    stale = [row.pk for name, row in kept.items() if wanted.get(name) != (row.label, row.key, row.start, row.count)]
    _delete(VocabularyLabel, stale)
    same = {name for name, row in kept.items() if wanted.get(name) == (row.label, row.key, row.start, row.count)}
    VocabularyLabel.objects.bulk_create(
        (
            VocabularyLabel(
                store=store, field=field, value=value, place=place, label=label, key=key, start=start, count=count
            )
            for (field, value, place), (label, key, start, count) in wanted.items()
            if (field, value, place) not in same
        ),
        batch_size=_BATCH,
    )


def _starts(label: str) -> list[str]:
    """The folded label from each of its words on, "flip flops" and "flops"; at most six."""
    words = fold(label).split()
    return [" ".join(words[place:]) for place in range(min(len(words), 6))]


def _delete(model: type[VocabularyWord] | type[VocabularyLabel], ids: Iterable[int]) -> None:
    model.objects.filter(pk__in=list(ids)).delete()


__all__ = ["MAX_LENGTH", "refresh_vocabularies", "refresh_vocabulary"]
