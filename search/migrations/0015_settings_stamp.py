"""A store's rules, synonyms and ranking have a stamp of their own in the log of changes; database triggers write it."""

from django.db import migrations, models

CHANGES = """
CREATE FUNCTION search_settings_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM search_note_changes(ARRAY(
        SELECT DISTINCT store FROM (VALUES
            (CASE WHEN TG_OP <> 'INSERT' THEN (to_jsonb(OLD) ->> 'store_id')::bigint END),
            (CASE WHEN TG_OP <> 'DELETE' THEN (to_jsonb(NEW) ->> 'store_id')::bigint END)
        ) AS touched(store) WHERE store IS NOT NULL
    ), 3::smallint);
    RETURN NULL;
END $$;
-- A rule that goes takes its rows along and says so itself.
CREATE FUNCTION search_rule_rows_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM search_note_changes(ARRAY(
        SELECT DISTINCT store_id FROM search_rule
        WHERE id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.rule_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.rule_id END)
    ), 3::smallint);
    RETURN NULL;
END $$;
CREATE FUNCTION search_all_settings_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM search_note_changes(ARRAY[0::bigint], 3::smallint);
    RETURN NULL;
END $$;
"""

STORES = ("search_rule", "search_synonym", "search_rankingmodifier", "search_rankingweights")
ROWS = ("search_ruletrigger", "search_ruleaction")
TRIGGERS = "".join(
    f"""
CREATE TRIGGER search_changes AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}();
CREATE TRIGGER search_changes_all AFTER TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION search_all_settings_changed();
"""
    for tables, function in ((STORES, "search_settings_changed"), (ROWS, "search_rule_rows_changed"))
    for table in tables
)
UNDO = "DROP FUNCTION search_settings_changed, search_rule_rows_changed, search_all_settings_changed CASCADE;"


class Migration(migrations.Migration):
    dependencies = [("search", "0014_ranking")]

    operations = [
        migrations.AlterField(
            model_name="storechange",
            name="kind",
            field=models.SmallIntegerField(
                choices=[
                    (1, "what counts and orders of products use"),
                    (2, "categories, brands, attributes and their values"),
                    (3, "rules, synonyms and how products are ranked"),
                ]
            ),
        ),
        migrations.RunSQL(CHANGES + TRIGGERS, UNDO),
    ]
