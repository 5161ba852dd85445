"""Facts of products as counts use them, and the log of changes; database triggers write both."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

FACTS = """
CREATE FUNCTION search_fact_term(attribute text, value text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ('x' || encode(substr(sha256(convert_to(attribute || E'\\x1f' || value, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint
$$;

CREATE FUNCTION search_fact_terms(attributes jsonb) RETURNS bigint[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT search_fact_term(pair.code, chosen.code)), '{}')
    FROM jsonb_each(attributes) AS pair(code, codes)
    CROSS JOIN LATERAL jsonb_array_elements_text(
        CASE jsonb_typeof(pair.codes) WHEN 'array' THEN pair.codes ELSE '[]' END) AS chosen(code)
    WHERE chosen.code IS NOT NULL
$$;

CREATE FUNCTION search_write_product_facts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_productfacts
        (product_id, store_id, is_published, is_in_stock, category_id, brand_id, price_milli, terms)
    VALUES (NEW.id, NEW.store_id, NEW.is_published, NEW.quantity > 0, NEW.category_id, NEW.brand_id,
        (NEW.price * 1000)::bigint, search_fact_terms(NEW.attributes))
    ON CONFLICT (product_id) DO UPDATE SET store_id = EXCLUDED.store_id, is_published = EXCLUDED.is_published,
        is_in_stock = EXCLUDED.is_in_stock, category_id = EXCLUDED.category_id, brand_id = EXCLUDED.brand_id,
        price_milli = EXCLUDED.price_milli, terms = EXCLUDED.terms;
    RETURN NULL;
END $$;
CREATE TRIGGER search_facts_insert AFTER INSERT ON catalog_product
    FOR EACH ROW EXECUTE FUNCTION search_write_product_facts();
CREATE TRIGGER search_facts_update AFTER UPDATE ON catalog_product FOR EACH ROW
    WHEN (ROW(OLD.store_id, OLD.is_published, OLD.quantity > 0, OLD.category_id, OLD.brand_id, OLD.price, OLD.attributes)
        IS DISTINCT FROM
          ROW(NEW.store_id, NEW.is_published, NEW.quantity > 0, NEW.category_id, NEW.brand_id, NEW.price, NEW.attributes))
    EXECUTE FUNCTION search_write_product_facts();
"""

# A statement's change is one row, whatever number of products it touched. The column by which a list is ordered counts too.
CHANGES = """
CREATE FUNCTION search_note_changes(stores bigint[], kind smallint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO search_storechange (store_id, kind, token)
    SELECT store, $2, hashtextextended(gen_random_uuid()::text, 0) FROM unnest(stores) AS store
$$;

CREATE FUNCTION search_products_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM search_note_changes(ARRAY(SELECT DISTINCT store_id FROM new_rows), 1::smallint);
    RETURN NULL;
END $$;
CREATE FUNCTION search_products_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM search_note_changes(ARRAY(SELECT DISTINCT store_id FROM old_rows), 1::smallint);
    RETURN NULL;
END $$;
CREATE FUNCTION search_products_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM search_note_changes(ARRAY(
        SELECT DISTINCT store FROM new_rows AS after JOIN old_rows AS before USING (id)
        CROSS JOIN LATERAL (VALUES (before.store_id), (after.store_id)) AS both_stores(store)
        WHERE ROW(before.store_id, before.is_published, before.quantity > 0, before.category_id, before.brand_id, before.price, before.attributes,
                  before.title, before.created_at)
            IS DISTINCT FROM
              ROW(after.store_id, after.is_published, after.quantity > 0, after.category_id, after.brand_id, after.price, after.attributes,
                  after.title, after.created_at)
    ), 1::smallint);
    RETURN NULL;
END $$;
CREATE FUNCTION search_taxonomy_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM search_note_changes(ARRAY[OLD.store_id], 2::smallint);
    ELSIF TG_OP = 'UPDATE' AND OLD.store_id <> NEW.store_id THEN
        PERFORM search_note_changes(ARRAY[OLD.store_id, NEW.store_id], 2::smallint);
    ELSE
        PERFORM search_note_changes(ARRAY[NEW.store_id], 2::smallint);
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION search_values_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM search_note_changes(ARRAY(
        SELECT DISTINCT store_id FROM catalog_attribute
        WHERE id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.attribute_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.attribute_id END)
    ), 2::smallint);
    RETURN NULL;
END $$;
CREATE FUNCTION search_everything_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM search_note_changes(ARRAY[0::bigint], 1::smallint);
    PERFORM search_note_changes(ARRAY[0::bigint], 2::smallint);
    RETURN NULL;
END $$;

CREATE TRIGGER search_changes_insert AFTER INSERT ON catalog_product REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION search_products_added();
CREATE TRIGGER search_changes_update AFTER UPDATE ON catalog_product REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION search_products_changed();
CREATE TRIGGER search_changes_delete AFTER DELETE ON catalog_product REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION search_products_removed();
CREATE TRIGGER search_changes AFTER INSERT OR UPDATE OR DELETE ON catalog_category
    FOR EACH ROW EXECUTE FUNCTION search_taxonomy_changed();
CREATE TRIGGER search_changes AFTER INSERT OR UPDATE OR DELETE ON catalog_brand
    FOR EACH ROW EXECUTE FUNCTION search_taxonomy_changed();
CREATE TRIGGER search_changes AFTER INSERT OR UPDATE OR DELETE ON catalog_attribute
    FOR EACH ROW EXECUTE FUNCTION search_taxonomy_changed();
CREATE TRIGGER search_changes AFTER INSERT OR UPDATE OR DELETE ON catalog_attributevalue
    FOR EACH ROW EXECUTE FUNCTION search_values_changed();
CREATE TRIGGER search_changes_all AFTER TRUNCATE ON catalog_product
    FOR EACH STATEMENT EXECUTE FUNCTION search_everything_changed();
CREATE TRIGGER search_changes_all AFTER TRUNCATE ON catalog_category
    FOR EACH STATEMENT EXECUTE FUNCTION search_everything_changed();
CREATE TRIGGER search_changes_all AFTER TRUNCATE ON catalog_brand
    FOR EACH STATEMENT EXECUTE FUNCTION search_everything_changed();
CREATE TRIGGER search_changes_all AFTER TRUNCATE ON catalog_attributevalue
    FOR EACH STATEMENT EXECUTE FUNCTION search_everything_changed();
"""

FILL = """
INSERT INTO search_productfacts
    (product_id, store_id, is_published, is_in_stock, category_id, brand_id, price_milli, terms)
SELECT id, store_id, is_published, quantity > 0, category_id, brand_id, (price * 1000)::bigint, search_fact_terms(attributes)
FROM catalog_product ON CONFLICT DO NOTHING;
"""

UNDO = """
DROP FUNCTION search_write_product_facts, search_products_added, search_products_removed, search_products_changed,
    search_taxonomy_changed, search_values_changed, search_everything_changed CASCADE;
DROP FUNCTION search_note_changes(bigint[], smallint), search_fact_terms(jsonb), search_fact_term(text, text);
"""


class Migration(migrations.Migration):
    dependencies = [("search", "0008_palettes"), ("catalog", "0004_names_in_the_admin")]

    operations = [
        migrations.CreateModel(
            name="ProductFacts",
            fields=[
                (
                    "product",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="facts",
                        serialize=False,
                        to="catalog.product",
                    ),
                ),
                ("store_id", models.BigIntegerField(db_index=True)),
                ("is_published", models.BooleanField()),
                ("is_in_stock", models.BooleanField()),
                ("category_id", models.BigIntegerField(null=True)),
                ("brand_id", models.BigIntegerField(null=True)),
                ("price_milli", models.BigIntegerField(null=True)),
                (
                    "terms",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
            ],
            options={"verbose_name_plural": "product facts"},
        ),
        migrations.CreateModel(
            name="StoreChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("store_id", models.BigIntegerField(db_index=True)),
                (
                    "kind",
                    models.SmallIntegerField(
                        choices=[
                            (1, "what counts and orders of products use"),
                            (2, "categories, brands, attributes and their values"),
                        ]
                    ),
                ),
                ("token", models.BigIntegerField()),
            ],
        ),
        migrations.RunSQL(FACTS + CHANGES + FILL, UNDO),
    ]
