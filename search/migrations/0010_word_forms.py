"""Documents hold each word's other forms (without accents, joined, in parts, measures) beside it, and its plain form."""

from importlib import import_module

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import migrations

# As search/words/folding.py and units.py say it of a query; tests hold them together.
FORMS = r"""
CREATE FUNCTION search_fold(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT normalize(translate(replace(replace(replace(replace(regexp_replace(
        normalize(translate(lower(words), '’‘ʼ＇`´', ''''''''''''''), NFKD), '[\u0300-\u036f]+', '', 'g'),
        'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'), 'øłđðı', 'olddi'), NFC)
$$;

CREATE FUNCTION search_word_forms(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT concat_ws(' ',
        CASE WHEN words ~ '[^\x01-\x7f]' THEN (
            SELECT string_agg(search_fold(word[1]), ' ') FROM regexp_matches(words, '(\S*[^\x01-\x7f]\S*)', 'g') AS word
            WHERE search_fold(word[1]) <> lower(word[1])) END,
        (SELECT string_agg(regexp_replace(search_fold(word[1]), '[-'']', '', 'g'), ' ')
         FROM regexp_matches(words, '([[:alnum:]]+(?:[-''’][[:alnum:]]+)+)', 'g') AS word WHERE word[1] ~ '[[:alpha:]]'),
        (SELECT string_agg(regexp_replace(search_fold(word[1]), '[-''/.]', ' ', 'g'), ' ')
         FROM regexp_matches(words, '([[:alnum:]''’-]+(?:[/.][[:alnum:]''’-]+)+)', 'g') AS word
         WHERE word[1] ~ '[[:alpha:]]'),
        (SELECT string_agg(found[1] || coalesce('d' || nullif(rtrim(found[2], '0'), ''), '') || (
            '{"mm": "mm", "millimeter": "mm", "millimeters": "mm", "millimetre": "mm", "millimetres": "mm",
              "cm": "cm", "cms": "cm", "centimeter": "cm", "centimeters": "cm", "centimetre": "cm",
              "centimetres": "cm", "zentimeter": "cm",
              "m": "m", "meter": "m", "meters": "m", "metre": "m", "metres": "m",
              "in": "in", "inch": "in", "inches": "in", "zoll": "in", "\"": "in", "″": "in", "”": "in",
              "ft": "ft", "feet": "ft", "foot": "ft",
              "ml": "ml", "milliliter": "ml", "milliliters": "ml", "millilitre": "ml", "millilitres": "ml",
              "cl": "cl", "l": "l", "ltr": "l", "liter": "l", "liters": "l", "litre": "l", "litres": "l",
              "mg": "mg", "g": "g", "gr": "g", "gm": "g", "gms": "g", "gram": "g", "grams": "g", "gramm": "g",
              "gramme": "g", "grammes": "g",
              "kg": "kg", "kgs": "kg", "kilo": "kg", "kilos": "kg", "kilogram": "kg", "kilograms": "kg",
              "kilogramm": "kg", "kilogrammes": "kg",
              "oz": "oz", "ounce": "oz", "ounces": "oz", "lb": "lb", "lbs": "lb", "pound": "lb", "pounds": "lb",
              "v": "v", "volt": "v", "volts": "v", "w": "w", "watt": "w", "watts": "w",
              "mah": "mah", "gb": "gb", "tb": "tb", "den": "den", "denier": "den"}'::jsonb ->> lower(found[3])), ' ')
         FROM regexp_matches(words, '(?<![\w.,])(\d{1,7})(?:[.,](\d{1,3}))?\s?(mm|millimeters?|millimetres?|cms?|'
            'centimeters?|centimetres?|zentimeter|m|meters?|metres?|in|inch|inches|zoll|"|″|”|ft|feet|foot|ml|'
            'milliliters?|millilitres?|cl|l|ltr|liters?|litres?|mg|g|gr|gms?|grams?|gramm|grammes?|kgs?|kilos?|'
            'kilograms?|kilogramm|kilogrammes|oz|ounces?|lbs?|pounds?|v|volts?|w|watts?|mah|gb|tb|den|denier)(?!\w)',
            'gi') AS found))
$$;
"""

# `document` is what a search matches, in the store's language: A title and sku, B brand, category path and labels,
# C description. `plain` is what completes words as they are typed: A title, B brand, categories and labels as they are
# written, D their other forms.
WORDS = """
CREATE FUNCTION search_product_words(product catalog_product, OUT document tsvector, OUT plain tsvector)
LANGUAGE sql STABLE AS $$
    WITH store AS (SELECT language::regconfig AS config FROM catalog_store WHERE id = product.store_id),
    labels AS (
        SELECT string_agg(DISTINCT value.label, ' ') AS words
        FROM jsonb_each(product.attributes) AS pair(code, codes)
        CROSS JOIN LATERAL jsonb_array_elements_text(
            CASE jsonb_typeof(pair.codes) WHEN 'array' THEN pair.codes ELSE '[]' END) AS chosen(code)
        JOIN catalog_attribute attribute ON attribute.store_id = product.store_id AND attribute.code = pair.code
        JOIN catalog_attributevalue value ON value.attribute_id = attribute.id AND value.code = chosen.code
    ),
    categories AS (
        SELECT string_agg(above.name, ' ') AS words
        FROM catalog_category own JOIN catalog_category above
          ON above.store_id = own.store_id AND own.path LIKE above.path || '%'
        WHERE own.id = product.category_id
    ),
    said AS (
        SELECT product.title AS title,
               concat_ws(' ', (SELECT name FROM catalog_brand WHERE id = product.brand_id),
                         categories.words, labels.words) AS facts,
               -- A tsvector holds 1 MB at the most; a description that long is cut, not refused.
               left(product.description, 100000) AS description
        FROM labels, categories
    ),
    formed AS (
        SELECT search_word_forms(title) AS title, search_word_forms(facts) AS facts,
               search_word_forms(left(description, 10000)) AS description
        FROM said
    )
    SELECT setweight(to_tsvector(store.config, said.title), 'A')
        || between.fields || setweight(to_tsvector('simple', product.sku), 'A')
        || between.fields || setweight(to_tsvector(store.config, said.facts), 'B')
        || between.fields || setweight(to_tsvector(store.config, said.description), 'C')
        || between.fields || setweight(to_tsvector(store.config, formed.title), 'A')
        || between.fields || setweight(to_tsvector(store.config, formed.facts), 'B')
        || between.fields || setweight(to_tsvector(store.config, formed.description), 'C'),
        setweight(to_tsvector('simple', said.title), 'A')
        || setweight(to_tsvector('simple', said.facts), 'B')
        || setweight(to_tsvector('simple', concat_ws(' ', formed.title, formed.facts)), 'D')
    -- Nobody can ask for this word: it keeps a phrase from reaching over the end of a field.
    FROM store, said, formed, (SELECT ''' '':1'::tsvector AS fields) AS between
$$;

CREATE OR REPLACE FUNCTION search_write_product_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_producttext (product_id, document, plain, is_stale)
    SELECT NEW.id, words.document, words.plain, false FROM search_product_words(NEW) AS words
    ON CONFLICT (product_id) DO UPDATE
        SET document = EXCLUDED.document, plain = EXCLUDED.plain, is_stale = false;
    RETURN NULL;
END $$;

DROP FUNCTION search_product_document(catalog_product);
-- The next sweep writes them anew, in small batches.
UPDATE search_producttext SET is_stale = true;
"""


UNDO = import_module("search.migrations.0002_triggers").DOCUMENT + """
CREATE OR REPLACE FUNCTION search_write_product_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_producttext (product_id, document, is_stale)
    VALUES (NEW.id, search_product_document(NEW), false)
    ON CONFLICT (product_id) DO UPDATE SET document = EXCLUDED.document, is_stale = false;
    RETURN NULL;
END $$;
DROP FUNCTION search_product_words(catalog_product), search_word_forms(text), search_fold(text);
UPDATE search_producttext SET is_stale = true;
"""


class Migration(migrations.Migration):
    dependencies = [("search", "0009_product_facts")]

    operations = [
        migrations.AddField("producttext", "plain", SearchVectorField(default="")),
        migrations.AddIndex("producttext", GinIndex(fields=["plain"], name="producttext_plain_gin")),
        migrations.RunSQL(FORMS + WORDS, UNDO),
    ]
