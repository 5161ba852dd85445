"""Database triggers on the catalogue's tables: words are kept in step, deleted images are flagged."""

from django.db import migrations

# A product's document: A title and sku, B brand, category path and attribute labels, C description.
DOCUMENT = """
CREATE FUNCTION search_product_document(product catalog_product) RETURNS tsvector LANGUAGE sql STABLE AS $$
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
    )
    SELECT setweight(to_tsvector(store.config, product.title), 'A')
        || setweight(to_tsvector('simple', product.sku), 'A')
        || setweight(to_tsvector(store.config, concat_ws(' ',
               (SELECT name FROM catalog_brand WHERE id = product.brand_id), categories.words, labels.words)), 'B')
        -- A tsvector holds 1 MB at the most; a description that long is cut, not refused.
        || setweight(to_tsvector(store.config, left(product.description, 100000)), 'C')
    FROM store, labels, categories
$$;
"""

PRODUCT = """
CREATE FUNCTION search_write_product_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_producttext (product_id, document, is_stale)
    VALUES (NEW.id, search_product_document(NEW), false)
    ON CONFLICT (product_id) DO UPDATE SET document = EXCLUDED.document, is_stale = false;
    RETURN NULL;
END $$;
CREATE TRIGGER search_text_insert AFTER INSERT ON catalog_product
    FOR EACH ROW EXECUTE FUNCTION search_write_product_text();
CREATE TRIGGER search_text_update AFTER UPDATE ON catalog_product FOR EACH ROW
    WHEN (ROW(OLD.title, OLD.sku, OLD.description, OLD.brand_id, OLD.category_id, OLD.attributes, OLD.store_id)
        IS DISTINCT FROM
          ROW(NEW.title, NEW.sku, NEW.description, NEW.brand_id, NEW.category_id, NEW.attributes, NEW.store_id))
    EXECUTE FUNCTION search_write_product_text();
"""

# Renames touch many products: they are marked here, and a sweep rewrites them in batches.
RENAMES = """
CREATE FUNCTION search_mark_brand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE search_producttext SET is_stale = true
    WHERE product_id IN (SELECT id FROM catalog_product WHERE brand_id = NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER search_mark_brand AFTER UPDATE ON catalog_brand FOR EACH ROW
    WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION search_mark_brand();

CREATE FUNCTION search_mark_category() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE search_producttext SET is_stale = true WHERE product_id IN (
        SELECT product.id FROM catalog_product product JOIN catalog_category below ON below.id = product.category_id
        WHERE below.store_id = NEW.store_id AND below.path LIKE NEW.path || '%');
    RETURN NULL;
END $$;
CREATE TRIGGER search_mark_category AFTER UPDATE ON catalog_category FOR EACH ROW
    WHEN (OLD.name IS DISTINCT FROM NEW.name OR OLD.path IS DISTINCT FROM NEW.path)
    EXECUTE FUNCTION search_mark_category();

CREATE FUNCTION search_mark_value() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE search_producttext SET is_stale = true WHERE product_id IN (
        SELECT product.id FROM catalog_product product
        JOIN catalog_attribute attribute ON attribute.id = NEW.attribute_id AND attribute.store_id = product.store_id
        WHERE product.attributes @> jsonb_build_object(attribute.code, jsonb_build_array(NEW.code)));
    RETURN NULL;
END $$;
CREATE TRIGGER search_mark_value AFTER INSERT OR UPDATE ON catalog_attributevalue FOR EACH ROW
    EXECUTE FUNCTION search_mark_value();

CREATE FUNCTION search_mark_store() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE search_producttext SET is_stale = true
    WHERE product_id IN (SELECT id FROM catalog_product WHERE store_id = NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER search_mark_store AFTER UPDATE ON catalog_store FOR EACH ROW
    WHEN (OLD.language IS DISTINCT FROM NEW.language) EXECUTE FUNCTION search_mark_store();
"""

ORPHANS = """
CREATE FUNCTION search_flag_orphans() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE search_indexentry SET is_orphaned = true WHERE image_id IN (SELECT id FROM gone);
    RETURN NULL;
END $$;
CREATE TRIGGER search_flag_orphans AFTER DELETE ON catalog_productimage
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION search_flag_orphans();
"""

FILL = """
INSERT INTO search_producttext (product_id, document, is_stale)
SELECT product.id, search_product_document(product), false FROM catalog_product product ON CONFLICT DO NOTHING;
"""

UNDO = """
DROP TRIGGER search_flag_orphans ON catalog_productimage;
DROP TRIGGER search_mark_store ON catalog_store;
DROP TRIGGER search_mark_value ON catalog_attributevalue;
DROP TRIGGER search_mark_category ON catalog_category;
DROP TRIGGER search_mark_brand ON catalog_brand;
DROP TRIGGER search_text_update ON catalog_product;
DROP TRIGGER search_text_insert ON catalog_product;
DROP FUNCTION search_flag_orphans, search_mark_store, search_mark_value, search_mark_category, search_mark_brand,
    search_write_product_text, search_product_document(catalog_product);
"""


class Migration(migrations.Migration):
    dependencies = [("search", "0001_initial"), ("catalog", "0001_initial")]

    operations = [migrations.RunSQL(DOCUMENT + PRODUCT + RENAMES + ORPHANS + FILL, UNDO)]
