"""What the admin calls keys and imports."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("catalog", "0003_fetching")]

    operations = [
        migrations.AlterModelOptions(name="apikey", options={"ordering": ["-id"], "verbose_name": "API key"}),
        migrations.AlterModelOptions(name="importjob", options={"ordering": ["-id"], "verbose_name": "import"}),
    ]
