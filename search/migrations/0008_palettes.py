"""Palettes of photos. The database deletes them with their image, and says which photo's palette is the product's."""

import django.db.models.deletion
from django.db import migrations, models

# Django's own constraint would refuse an image's deletion in SQL; this one follows it.
REFERENCES = """
ALTER TABLE search_imagepalette
    ADD FOREIGN KEY (image_id) REFERENCES catalog_productimage (id) ON DELETE CASCADE,
    ADD FOREIGN KEY (product_id) REFERENCES catalog_product (id) ON DELETE SET NULL;
"""

# A product's palette is that of its first catalogue photo that has colours. Whatever may change which that is asks again.
CHOICE = """
CREATE FUNCTION search_choose_palette(wanted bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    chosen bigint;
BEGIN
    -- Two transactions that give one product's photos their colours would each choose its own.
    PERFORM pg_advisory_xact_lock(hashtext('search_imagepalette'), hashint8(wanted));
    SELECT palette.image_id INTO chosen
    FROM catalog_productimage image JOIN search_imagepalette palette ON palette.image_id = image.id
    WHERE image.product_id = wanted AND image.kind = 'catalog' AND palette.bins <> 0
    ORDER BY image.position, image.id LIMIT 1;
    UPDATE search_imagepalette SET product_id = NULL WHERE product_id = wanted AND image_id IS DISTINCT FROM chosen;
    UPDATE search_imagepalette SET product_id = wanted WHERE image_id = chosen AND product_id IS DISTINCT FROM wanted;
END $$;

CREATE FUNCTION search_palette_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM search_choose_palette(product_id) FROM catalog_productimage WHERE id = NEW.image_id;
    RETURN NULL;
END $$;
CREATE TRIGGER search_palette_insert AFTER INSERT ON search_imagepalette FOR EACH ROW
    WHEN (NEW.bins <> 0) EXECUTE FUNCTION search_palette_written();
CREATE TRIGGER search_palette_update AFTER UPDATE ON search_imagepalette FOR EACH ROW
    WHEN ((OLD.bins <> 0) <> (NEW.bins <> 0)) EXECUTE FUNCTION search_palette_written();

CREATE FUNCTION search_palette_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM search_choose_palette(OLD.product_id);
    RETURN NULL;
END $$;
CREATE TRIGGER search_palette_delete AFTER DELETE ON search_imagepalette FOR EACH ROW
    WHEN (OLD.product_id IS NOT NULL) EXECUTE FUNCTION search_palette_deleted();

CREATE FUNCTION search_palette_image_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM search_choose_palette(OLD.product_id);
    IF NEW.product_id <> OLD.product_id THEN
        PERFORM search_choose_palette(NEW.product_id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER search_palette_image AFTER UPDATE ON catalog_productimage FOR EACH ROW
    WHEN (ROW(OLD.product_id, OLD.kind, OLD.position) IS DISTINCT FROM ROW(NEW.product_id, NEW.kind, NEW.position))
    EXECUTE FUNCTION search_palette_image_changed();
"""

UNDO = """
DROP TRIGGER search_palette_image ON catalog_productimage;
DROP TRIGGER search_palette_delete ON search_imagepalette;
DROP TRIGGER search_palette_update ON search_imagepalette;
DROP TRIGGER search_palette_insert ON search_imagepalette;
DROP FUNCTION search_palette_image_changed, search_palette_deleted, search_palette_written,
    search_choose_palette(bigint);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0004_names_in_the_admin'),
        ('search', '0007_events'),
    ]

    operations = [
        migrations.CreateModel(
            name='ImagePalette',
            fields=[
                ('image', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='+', serialize=False, to='catalog.productimage')),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('recipe', models.SmallIntegerField()),
                ('problem', models.TextField(blank=True)),
                ('bins', models.IntegerField(default=0)),
                ('l1', models.SmallIntegerField(editable=False, null=True)),
                ('a1', models.SmallIntegerField(editable=False, null=True)),
                ('b1', models.SmallIntegerField(editable=False, null=True)),
                ('share1', models.SmallIntegerField(editable=False, null=True)),
                ('l2', models.SmallIntegerField(editable=False, null=True)),
                ('a2', models.SmallIntegerField(editable=False, null=True)),
                ('b2', models.SmallIntegerField(editable=False, null=True)),
                ('share2', models.SmallIntegerField(editable=False, null=True)),
                ('l3', models.SmallIntegerField(editable=False, null=True)),
                ('a3', models.SmallIntegerField(editable=False, null=True)),
                ('b3', models.SmallIntegerField(editable=False, null=True)),
                ('share3', models.SmallIntegerField(editable=False, null=True)),
                ('l4', models.SmallIntegerField(editable=False, null=True)),
                ('a4', models.SmallIntegerField(editable=False, null=True)),
                ('b4', models.SmallIntegerField(editable=False, null=True)),
                ('share4', models.SmallIntegerField(editable=False, null=True)),
                ('l5', models.SmallIntegerField(editable=False, null=True)),
                ('a5', models.SmallIntegerField(editable=False, null=True)),
                ('b5', models.SmallIntegerField(editable=False, null=True)),
                ('share5', models.SmallIntegerField(editable=False, null=True)),
                ('product', models.OneToOneField(db_constraint=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='palette', to='catalog.product')),
            ],
        ),
        migrations.RunSQL(REFERENCES + CHOICE, UNDO),
    ]
