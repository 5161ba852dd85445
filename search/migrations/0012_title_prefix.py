"""Products by the beginning of their titles, for suggestions as one types."""

from django.db import migrations

INDEX = """
CREATE INDEX search_title_prefix ON catalog_product (store_id, search_fold(title) text_pattern_ops) WHERE is_published;
"""


class Migration(migrations.Migration):
    dependencies = [("search", "0011_vocabulary"), ("catalog", "0004_names_in_the_admin")]

    operations = [migrations.RunSQL(INDEX, "DROP INDEX search_title_prefix;")]
