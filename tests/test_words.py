"""How a query's text is read: syntax, forms of words, measures, languages, and that no text breaks anything."""

from __future__ import annotations

import pytest
from django.db import connection
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from catalog.models import Product, Store
from search import lexical
from search.lexical import parse_words
from search.words import refresh_vocabulary, spelling, syntax
from search.words.folding import fold, word_forms
from search.words.interpretation import interpreted
from search.words.suggest import suggest
from search.words.syntax import TokenKind
from search.words.units import UNITS
from tests.shop import brand, category, make_product, make_store

HOSTILE = [
    "' & ''",
    "a:* | !b",
    "\\",
    "x\x00y",
    "<->",
    "((((",
    "🙂 👩‍👩‍👧 🙂",
    "a" * 500,
    "% _ %",
    '"unclosed phrase',
    '-"unclosed',
    '""',
    '- -- --- -" "',
    "שלום עולם \u202e\u200f",
    "الأحذية الحمراء",
    "'; DROP TABLE catalog_product; --",
    "%s %(a)s {} {0}",
    "\ud800",
    "１２３ ﬁne ⅷ",
    "red " * 125,
    '"a b" ' * 80,
    "-a " * 160,
    '1,5" 40cm 9999999999999999999 kg 0.000 l',
]


def found(store: Store, text: str, *, any_word: bool = False) -> set[str]:
    """The skus that the words route finds."""
    words = parse_words(text, store=store)
    products = Product.objects.filter(store=store, is_published=True)
    hits = lexical.ranked(products, words, any_word=any_word, limit=100)
    return set(Product.objects.filter(pk__in=[hit.product_id for hit in hits]).values_list("sku", flat=True))


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("red shoes", ["red", "shoes"]),
        ('"flip flops" black', ['"flip flops"', "black"]),
        ("“flip flops” -black", ['"flip flops"', "-black"]),
        ('dress -"polka dots"', ["dress", '-"polka dots"']),
        ("red - blue", ["red", "blue"]),
        ("t-shirt -v-neck", ["t-shirt", "-v-neck"]),
        ("trousers 32-34 -5", ["trousers", "32-34", "-5"]),
        ('"half open', ["half", "open"]),
        ("40 cm table", ["40 cm", "table"]),
        ("!!! &", []),
    ],
)
def test_a_query_is_words_phrases_measures_and_exclusions(text: str, pieces: list[str]) -> None:
    assert [str(token) for token in syntax.parse(text)] == pieces


def test_an_encoder_reads_the_words_without_their_syntax() -> None:
    assert syntax.meant('"flip flops" -black beach') == "flip flops beach"
    assert syntax.meant("t-shirt, 5 - 10 €") == "t-shirt, 5 - 10 €"
    assert syntax.meant("-black") == "-black"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("40cm", "40cm"),
        ("40 CM", "40cm"),
        ("1,5 l", "1d5l"),
        ("1.50 litres", "1d5l"),
        ('32"', "32in"),
        ("32 zoll", "32in"),
        ("12V", "12v"),
        ("500 gms", "500g"),
    ],
)
def test_measures_are_one_word_however_they_are_written(text: str, word: str) -> None:
    (token,) = syntax.parse(text)
    assert (token.kind, token.measure) == (TokenKind.MEASURE, word)


def test_words_have_the_forms_that_people_write() -> None:
    assert word_forms("T-Shirt") == ("t shirt", "tshirt")
    assert word_forms("Levi’s") == ("levi's", "levi s", "levis")
    assert word_forms("Crème") == ("creme",)
    assert word_forms("Black/White") == ("black white",)
    assert word_forms("shoes") == ()


@pytest.mark.django_db
def test_postgres_folds_and_writes_forms_as_python_does() -> None:
    texts = ["Crème brûlée", "GRÖSSE Straße", "Łódź Ærø þing", "Levi’s T‑Shirt", "Ελλάδα й 한국 İı", "ﬁne ⅷ １２"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT text, search_fold(text) FROM unnest(%s::text[]) AS text", [texts])
        assert [folded for _, folded in cursor.fetchall()] == [fold(text) for text in texts]
        measures = [f"{number}{space}{unit}" for units in UNITS.values() for unit in units.split("|")
                    for number, space in (("40", " "), ("1,50", ""))]  # fmt: skip
        cursor.execute("SELECT search_word_forms(text) FROM unnest(%s::text[]) AS text", [measures])
        written = [(row[0] or "").split()[-1] for row in cursor.fetchall()]
    assert written == [syntax.parse(text)[0].measure for text in measures]


@pytest.fixture
def store(db: None) -> Store:
    """A few products whose titles are written in every way."""
    store = make_store("words")
    titles = {
        "tee": "Nike T-Shirt, Crème",
        "tshirt": "Tshirt Puma white",
        "jeans": "Levi's 501 jeans black/white",
        "lamp": "Desk lamp 40 cm, 12V, 1,5 l",
        "flip": "Green flip flops",
        "who": "The Who tour poster",
        "dress": "Women's red dress with flops",
    }
    for sku, title in titles.items():
        make_product(store, sku, colours=(), title=title)
    return store


@pytest.mark.parametrize(
    ("text", "skus"),
    [
        ("t-shirt", {"tee", "tshirt"}),
        ("tshirt", {"tee", "tshirt"}),
        ("creme t-shirt", {"tee"}),
        ("CRÈME", {"tee"}),
        ("levis", {"jeans"}),
        ("levi's", {"jeans"}),
        ("Levi’s 501", {"jeans"}),
        ("white jeans", {"jeans"}),
        ("black/white", {"jeans"}),
        ("40cm lamp", {"lamp"}),
        ("40 cm", {"lamp"}),
        ("1.5l", {"lamp"}),
        ("12 volt", {"lamp"}),
        ('"flip flops"', {"flip"}),
        ('"flops flip"', set()),
        ("flops -green", {"dress"}),
        ('flops -"flip flops"', {"dress"}),
        ("womens dresses", {"dress"}),
        ("the who", {"who"}),
        ("for the", set()),
        ("flip", {"flip"}),
        ("tee", {"tee"}),
    ],
)
def test_words_are_found_however_they_are_written(store: Store, text: str, skus: set[str]) -> None:
    assert found(store, text) == skus


def test_exclusions_alone_leave_everything_else(store: Store) -> None:
    assert found(store, "-flops -lamp -shirt -tshirt") == {"jeans", "who"}


def test_neighbours_may_be_one_word_that_the_store_knows(store: Store) -> None:
    make_product(store, "phones", colours=(), title="Wireless headphones")
    assert found(store, "head phones") == set()
    assert refresh_vocabulary(store)
    assert found(store, "head phones") == {"phones"}
    assert found(store, "t shirt") == {"tee", "tshirt"}


def test_stop_words_alone_are_all_asked_for(store: Store) -> None:
    assert found(store, "the and", any_word=True) == set()


def test_an_exact_sku_is_found_and_comes_first(store: Store) -> None:
    make_product(store, "501", colours=(), title="Lamp shade")
    words = parse_words("501", store=store)
    hits = lexical.ranked(Product.objects.filter(store=store), words, any_word=False, limit=10)
    skus = dict(Product.objects.values_list("pk", "sku"))
    assert [skus[hit.product_id] for hit in hits] == ["501", "jeans"]


@pytest.mark.parametrize(
    ("language", "title", "texts"),
    [
        ("german", "Jacken für Herren in Größe 52", ["Jacke Herren", "jacke fur herren", "Jacke für Herren", "grosse"]),
        ("french", "Marinière à rayures d'été", ["mariniere", "marinière rayure", "rayures d'ete", "été"]),
        ("simple", "Chaussures Rouges", ["chaussures", "rouges chaussures"]),
    ],
)
def test_a_store_is_searched_in_its_language(db: None, language: str, title: str, texts: list[str]) -> None:
    store = make_store(language=language)
    make_product(store, "it", colours=(), title=title)
    make_product(store, "other", colours=(), title="Xyz")
    assert refresh_vocabulary(store)
    # "été" alone is a stop word of French: it is looked for as it is written.
    assert [found(store, text) for text in texts] == [{"it"}] * len(texts)


def test_a_plain_language_stems_nothing(db: None) -> None:
    store = make_store(language="simple")
    make_product(store, "it", colours=(), title="Chaussures Rouges")
    assert found(store, "chaussure") == set()


def test_words_of_another_store_are_not_known(store: Store) -> None:
    other = make_store("other")
    make_product(other, "secret", colours=(), title="Headphones")
    assert refresh_vocabulary(other)
    assert [group.is_known for group in parse_words("headphones", store=store).groups] == [False]


def every_way(store: Store, text: str) -> None:
    """Everything that is done with a text."""
    products = Product.objects.filter(store=store)
    words = parse_words(text, store=store)
    corrected = spelling.corrected(words, store=store)
    interpreted(words, store=store)
    for one in (words, corrected.words) if corrected else (words,):
        for any_word in (False, True):
            hits = lexical.ranked(products, one, any_word=any_word, limit=5)
            assert len(hits) <= 5
            lexical.highlights(list(products.filter(pk__in=[hit.product_id for hit in hits])), one, store=store)
            lexical.matching(products, one, any_word=any_word).count()
    assert len(suggest(store, text)) <= 10


@pytest.fixture
def worded(store: Store) -> Store:
    """The store with brands, categories and a vocabulary."""
    make_product(store, "b", title="Red shoe", brand=brand(store, "Nike"), category=category(store, "Shoes"))
    assert refresh_vocabulary(store)
    return store


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_only_words(worded: Store, text: str) -> None:
    every_way(worded, text)


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.one_of(
        st.text(max_size=60),
        st.lists(
            st.sampled_from(
                ["red", "-", '"', "shoe", "nikee", "'", "40", "cm", "|", "&", "!", ":*", "(", ")", "<->", " "]
            )
        ).map("".join),
    )
)
@example(text="a:*'\\''")
def test_no_text_breaks_anything(worded: Store, text: str) -> None:
    every_way(worded, text[:500])


@given(st.text(max_size=300))
def test_what_is_read_can_be_written_and_read_again(text: str) -> None:
    tokens = syntax.parse(text)
    assert len(tokens) <= syntax.MAX_TOKENS
    syntax.meant(text)
    assert all(token.text for token in tokens)


def test_a_field_of_the_rank_holds_however_many_words(worded: Store) -> None:
    assert found(worded, " ".join(f"word{n}" for n in range(80))) == set()
