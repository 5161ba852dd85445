"""A photo may be known by its address alone, and an import may name the data file inside a zip."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="importjob",
            name="member",
            field=models.CharField(
                blank=True,
                default="",
                help_text="The data file inside a zip that holds several, such as apparel.csv.",
                max_length=300,
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="importjob",
            name="mapping",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text='Our field: the file\'s column, as in {"title": "product_name"}.',
            ),
        ),
        migrations.AlterField(
            model_name="productimage",
            name="file",
            field=models.FileField(blank=True, max_length=300, upload_to="products"),
        ),
        migrations.AlterField(
            model_name="productimage",
            name="sha256",
            field=models.CharField(blank=True, editable=False, max_length=64),
        ),
    ]
