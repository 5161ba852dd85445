"""Doubts are counted, so that a comparison that is killed leaves its doubt, and one that ends clears no newer one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("search", "0017_query_image_visitor")]

    operations = [
        migrations.AddField(
            model_name="indexversion",
            name="doubt_count",
            # Also by the database: workers of the version before this one still insert.
            field=models.BigIntegerField(default=0, db_default=0, editable=False),
        ),
    ]
