"""Whose query photo it is, where the shop says so: to be exported and erased with the rest."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("search", "0016_versions")]

    operations = [
        migrations.AddField("queryimage", "visitor", models.CharField(blank=True, default="", max_length=64)),
        migrations.AddIndex(
            "queryimage",
            models.Index(fields=["store", "visitor"], condition=~Q(visitor=""), name="query_image_visitor"),
        ),
    ]
