"""Imports from end to end: what is written, what is refused, and that a second run writes nothing."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from catalog.importing import ImportReport, UnreadableFile, import_file, run_import_job, waiting_job_ids
from catalog.models import Attribute, AttributeValue, Brand, Category, ImportJob, Product, ProductImage, Store
from catalog.models.imports import ImportState
from tests.shop import photo_bytes

pytestmark = pytest.mark.django_db

SHOPIFY = (
    "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,"
    "Variant Price,Image Src,Image Position,Variant Image\n"
)
WOO = (
    "ID,Type,SKU,Name,Published,Short description,Description,In stock?,Stock,Sale price,Regular price,Categories,Tags,"
    "Images,Parent,Attribute 1 name,Attribute 1 value(s)\n"
)


@pytest.fixture(autouse=True)
def media(settings: Settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture
def store() -> Store:
    return Store.objects.create(slug="shop", name="Shop", currency="EUR")


def written(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def ndjson(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    return written(path, "".join(json.dumps(row) + "\n" for row in rows))


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.unchanged, report.refused_count


def reasons(report: ImportReport) -> list[tuple[int, str, str]]:
    return [(row.line, row.sku, row.reason) for row in report.refused]


def test_a_plain_table_becomes_products(store: Store, tmp_path: Path) -> None:
    text = (
        "sku,name,category,brand,price,stock,colour,published\n"
        'T1,"Linen, wide",Clothes > Trousers,Nordlicht,"39,90",12,White|Navy Blue,yes\n'
        "T2,Oak lamp,Lamps,nordlicht,,0,,no\n"
    )
    report = import_file(store=store, source=written(tmp_path / "products.csv", text))
    assert counts(report) == (2, 0, 0, 0)
    trousers, lamp = Product.objects.order_by("sku")
    assert (trousers.title, trousers.price, trousers.quantity) == ("Linen, wide", Decimal("39.9"), 12)
    assert trousers.attributes == {"color": ["white", "navy-blue"]}
    assert trousers.category is not None
    assert [node.name for node in (*Category.objects.get_ancestors(trousers.category), trousers.category)] == [
        "Clothes",
        "Trousers",
    ]
    assert (lamp.price, lamp.quantity, lamp.attributes, lamp.is_published) == (None, 0, {}, False)
    assert trousers.brand == lamp.brand == Brand.objects.get(name="Nordlicht")
    assert list(AttributeValue.objects.values_list("code", "label")) == [("navy-blue", "Navy Blue"), ("white", "White")]


def test_a_bad_row_is_refused_with_its_reason_and_the_others_are_imported(store: Store, tmp_path: Path) -> None:
    text = (
        "sku,title,price,quantity\n"
        "A,Lamp,on request,1\n"
        "B,Chair,5,many\n"
        ",Nameless,5,1\n"
        "C,,5,1\n"
        "D,Sofa,5,1\n"
        "D,Sofa again,6,1\n"
        f"E,{'x' * 301},5,1\n"
    )
    report = import_file(store=store, source=written(tmp_path / "products.csv", text))
    assert counts(report) == (1, 0, 0, 6)
    assert reasons(report) == [
        (2, "A", 'price "on request" is not a number in EUR'),
        (3, "B", 'quantity "many" is not a whole number'),
        (4, "", "sku is empty"),
        (5, "C", "title is empty"),
        (7, "D", "the SKU stands in line 6 already; the first one counts"),
        (8, "E", "title has 301 characters; at most 300"),
    ]
    assert Product.objects.get().title == "Sofa"


def test_a_second_run_writes_nothing_at_all(store: Store, tmp_path: Path) -> None:
    (tmp_path / "red.png").write_bytes(photo_bytes("red"))
    rows = [
        {
            "sku": f"S{number}",
            "title": f"Shirt {number}",
            "category": "Clothes > Shirts",
            "brand": "Nordlicht",
            "price": "12.50",
            "quantity": 3,
            "attributes": {"color": ["Red", "Blue"], "fit": ["slim"]},
            "images": [{"file": "red.png"}, {"url": "https://shop.example/a.jpg", "kind": "lifestyle"}],
        }
        for number in range(7)
    ]
    source = ndjson(tmp_path / "products.ndjson", rows)
    assert counts(import_file(store=store, source=source)) == (7, 0, 0, 0)
    before = list(Product.objects.order_by("pk").values_list("pk", "revision", "updated_at"))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        report = import_file(store=store, source=source)
    assert counts(report) == (0, 0, 7, 0)
    assert (report.images_added, report.images_removed) == (0, 0)
    assert [query["sql"] for query in queries if query["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE")] == []
    assert list(Product.objects.order_by("pk").values_list("pk", "revision", "updated_at")) == before


def test_a_row_changes_only_what_it_states(store: Store, tmp_path: Path) -> None:
    first = "sku,title,description,brand,price,color\nA,Lamp,Warm light,Nordlicht,5,red\n"
    import_file(store=store, source=written(tmp_path / "a.csv", first))
    report = import_file(store=store, source=written(tmp_path / "b.csv", "sku,price,material\nA,6.5,Oak\nB,7,Oak\n"))
    assert counts(report) == (0, 1, 0, 1)
    assert reasons(report) == [(3, "B", "there is no such product, and a new one needs a title")]
    lamp = Product.objects.get()
    assert (lamp.title, lamp.description, lamp.price) == ("Lamp", "Warm light", Decimal("6.5"))
    assert lamp.attributes == {"color": ["red"], "material": ["oak"]}
    import_file(store=store, source=written(tmp_path / "c.csv", "sku,price,color,brand\nA,,,\n"))
    lamp.refresh_from_db()
    assert (lamp.price, lamp.brand, lamp.attributes) == (None, None, {"material": ["oak"]})


def test_only_the_changed_columns_are_written(store: Store, tmp_path: Path) -> None:
    import_file(store=store, source=written(tmp_path / "a.csv", "sku,title,price\nA,Lamp,5\nB,Chair,6\n"))
    with CaptureQueriesContext(connection) as queries:
        import_file(store=store, source=written(tmp_path / "b.csv", "sku,title,price\nA,Lamp,5.5\nB,Chair,6\n"))
    updates = [query["sql"] for query in queries if query["sql"].startswith("UPDATE")]
    assert len(updates) == 1
    assert '"price" = ' in updates[0]
    assert '"title" = ' not in updates[0]


def test_categories_of_one_name_keep_apart_and_a_slug_finds_its_own(store: Store, tmp_path: Path) -> None:
    text = "sku,title,category\n1,a,Women > Shoes\n2,b,Men > Shoes\n3,c,men-shoes\n4,d,SHOES\n"
    import_file(store=store, source=written(tmp_path / "a.csv", text))
    assert dict(Product.objects.values_list("sku", "category__slug")) == {
        "1": "shoes",
        "2": "men-shoes",
        "3": "men-shoes",
        "4": "shoes",
    }
    assert Category.objects.count() == 4
    assert Category.objects.find_problems() == ([], [], [], [], [])


def test_a_folder_brings_its_photos_and_its_labels(store: Store, tmp_path: Path, media: Path) -> None:
    folder = tmp_path / "feed"
    (folder / "images").mkdir(parents=True)
    data = photo_bytes("red", size=(30, 50))
    (folder / "images" / "1.png").write_bytes(data)
    (folder / "attributes.json").write_text(
        json.dumps(
            [
                {
                    "code": "color",
                    "label": "Colour",
                    "prompt": "a photo of something {}",
                    "values": [{"code": "red", "label": "Brick red"}],
                }
            ]
        )
    )
    ndjson(
        folder / "products.ndjson",
        [{"sku": "A", "title": "Brick", "attributes": {"color": ["red"]}, "images": [{"file": "images/1.png"}]}],
    )
    report = import_file(store=store, source=folder)
    assert (counts(report), report.images_added) == ((1, 0, 0, 0), 1)
    image = ProductImage.objects.get()
    digest = hashlib.sha256(data).hexdigest()
    assert image.file.name == f"products/{store.pk}/{digest[:2]}/{digest}.png"
    assert (image.sha256, image.width, image.height, image.kind) == (digest, 30, 50, "catalog")
    assert image.file.read() == data
    color = Attribute.objects.get()
    assert (color.label, color.prompt) == ("Colour", "a photo of something {}")
    assert color.values.get().label == "Brick red"
    assert Product.objects.get().attributes == {"color": ["red"]}


def test_identical_photos_are_one_file(store: Store, tmp_path: Path, media: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(photo_bytes("red"))
    import_file(store=store, source=written(tmp_path / "p.csv", "sku,title,image\nA,x,a.png\nB,y,b.png|a.png\n"))
    assert ProductImage.objects.count() == 2
    assert len([path for path in media.rglob("*") if path.is_file()]) == 1


def test_a_photo_that_is_cut_short_in_the_storage_is_written_again(store: Store, tmp_path: Path) -> None:
    data = photo_bytes("red")
    (tmp_path / "a.png").write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    name = f"products/{store.pk}/{digest[:2]}/{digest}.png"
    default_storage.save(name, ContentFile(data[:10]))
    import_file(store=store, source=written(tmp_path / "p.csv", "sku,title,image\nA,x,a.png\n"))
    assert ProductImage.objects.get().file.name == name
    assert default_storage.open(name).read() == data


def test_a_missing_photo_is_reported_and_the_product_imported(store: Store, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_bytes(b"not a picture")
    (tmp_path / "good.png").write_bytes(photo_bytes("red"))
    text = "sku,title,image\nA,x,gone.png\nB,y,text.png|good.png\n"
    report = import_file(store=store, source=written(tmp_path / "p.csv", text))
    assert (counts(report), report.images_added, report.images_refused) == ((2, 0, 0, 0), 1, 2)
    assert [(row.line, row.sku, row.reason) for row in report.refused_images] == [
        (2, "A", "gone.png: there is no file gone.png"),
        (
            3,
            "B",
            "text.png: the file is not an image in an accepted format (JPEG, PNG, WEBP, GIF, BMP, TIFF, AVIF)",
        ),
    ]


def test_photos_that_a_row_no_longer_names_are_removed_unless_one_could_not_be_read(
    store: Store, tmp_path: Path
) -> None:
    for colour in ("red", "blue", "green"):
        (tmp_path / f"{colour}.png").write_bytes(photo_bytes(colour))
    import_file(store=store, source=written(tmp_path / "p.csv", "sku,title,image\nA,x,red.png|blue.png\n"))
    kept = ProductImage.objects.get(position=1)
    report = import_file(store=store, source=written(tmp_path / "p.csv", "sku,title,image\nA,x,gone.png|green.png\n"))
    assert (report.images_added, report.images_removed, report.images_refused) == (1, 0, 1)
    report = import_file(store=store, source=written(tmp_path / "p.csv", "sku,title,image\nA,x,blue.png|green.png\n"))
    assert (report.images_added, report.images_removed) == (0, 1)
    assert counts(report) == (0, 1, 0, 0)
    assert ProductImage.objects.get(position=0).pk == kept.pk
    import_file(store=store, source=written(tmp_path / "p.csv", "sku,title,image\nA,x,\n"))
    assert ProductImage.objects.count() == 2


def test_an_address_is_kept_to_be_fetched_later(store: Store, tmp_path: Path) -> None:
    source = ndjson(
        tmp_path / "p.ndjson",
        [
            {"sku": "A", "title": "x", "images": [{"url": "https://shop.example/a,b.jpg", "kind": "lifestyle"}]},
            {"sku": "B", "title": "x", "images": [{"url": "file:///etc/passwd"}]},
        ],
    )
    report = import_file(store=store, source=source)
    assert reasons(report) == [(2, "B", 'image url "file:///etc/passwd" is not an http or https address')]
    image = ProductImage.objects.get()
    assert (image.source_url, image.kind, image.file.name, image.sha256) == (
        "https://shop.example/a,b.jpg",
        "lifestyle",
        "",
        "",
    )


@pytest.mark.parametrize(
    "name", ["../secret.png", "/etc/passwd", "..\\secret.png", "link.png", "C:/secret.png", "a\x00b"]
)
def test_no_name_leads_out_of_the_folder(store: Store, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.png").write_bytes(photo_bytes("red"))
    folder = tmp_path / "feed"
    folder.mkdir()
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    ndjson(folder / "products.ndjson", [{"sku": "A", "title": "x", "images": [{"file": name}]}])
    report = import_file(store=store, source=folder)
    assert (report.created, report.images_added, report.images_refused) == (1, 0, 1)


def zipped(path: Path, files: dict[str, bytes | str], *, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def test_a_zip_is_read_where_its_table_lies(store: Store, tmp_path: Path) -> None:
    source = zipped(
        tmp_path / "feed.zip",
        {
            "shop/products.csv": "sku,title,image\nA,x,photos/1.png\nB,y,../outside.png\n",
            "shop/photos/1.png": photo_bytes("red"),
            "outside.png": photo_bytes("blue"),
            "__MACOSX/shop/products.csv": "rubbish",
        },
    )
    report = import_file(store=store, source=source)
    assert (counts(report), report.images_added, report.images_refused) == ((2, 0, 0, 0), 2, 0)


def test_a_zip_with_several_tables_asks_which(store: Store, tmp_path: Path) -> None:
    source = zipped(tmp_path / "feed.zip", {"a.csv": "sku,title\nA,x\n", "b.csv": "sku,title\nB,y\n"})
    with pytest.raises(UnreadableFile, match=r"name one of them as the member: a\.csv, b\.csv"):
        import_file(store=store, source=source)
    assert counts(import_file(store=store, source=source, member="b.csv")) == (1, 0, 0, 0)
    with pytest.raises(UnreadableFile, match=r"no file c\.csv"):
        import_file(store=store, source=source, member="c.csv")


def test_a_bomb_in_a_zip_is_not_unpacked(store: Store, tmp_path: Path) -> None:
    bomb = b"\0" * (4 * 2**20)
    source = zipped(tmp_path / "feed.zip", {"products.csv": "sku,title,image\nA,x,bomb.png\n", "bomb.png": bomb})
    report = import_file(store=store, source=source)
    assert report.refused_images[0].reason == "bomb.png: bomb.png unpacks to more than 200 times its size"
    with pytest.raises(UnreadableFile, match="unpacks to more than 200 times"):
        import_file(store=store, source=zipped(tmp_path / "bomb.zip", {"products.csv": bomb}))


def test_a_zip_that_breaks_off_imports_what_came_before(store: Store, tmp_path: Path) -> None:
    text = "sku,title\n" + "".join(
        f"{number},{hashlib.sha256(str(number).encode()).hexdigest()}\n" for number in range(20_000)
    )
    source = zipped(tmp_path / "feed.zip", {"products.csv": text})
    data = bytearray(source.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 64] = b"\xff" * 64
    source.write_bytes(bytes(data))
    report = import_file(store=store, source=source)
    assert report.created > 1000
    assert "damaged" in report.refused[-1].reason


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.csv", b"", "empty"),
        ("a.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "no column holds the SKUs"),
        ("a.json", b'[{"sku": "A"}]', "one object a line"),
        ("a.zip", b"PK\x03\x04 no zip at all", "no column holds the SKUs"),
    ],
)
def test_a_file_that_is_none_of_ours_is_said_so(
    store: Store, tmp_path: Path, name: str, data: bytes, words: str
) -> None:
    with pytest.raises(UnreadableFile, match=words):
        import_file(store=store, source=written(tmp_path / name, data))


def test_an_excel_workbook_is_asked_for_as_csv(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="Excel workbook"):
        import_file(store=store, source=zipped(tmp_path / "a.xlsx", {"xl/workbook.xml": "<workbook/>"}))


def test_lines_of_json_that_are_none_are_refused_one_by_one(store: Store, tmp_path: Path) -> None:
    lines = [
        '{"sku": "A", "title": "Lamp", "price": 12.5, "attributes": {"size": 5.5}}',
        "{not json}",
        "[1, 2]",
        '{"sku": "B", "title": "Chair", "prize": 1}',
        '{"sku": "C", "title": ["x"]}',
        '{"sku": "D", "title": "x", "price": NaN}',
        '{"sku": "E", "title": "x", "attributes": ["red"]}',
        '{"sku": "F", "title": "x", "images": [{"file": "a.png", "size": 3}]}',
        '{"sku": "G", "title": "x", "category": {"a": 1}}',
        '{"sku": "H", "title": "lone \\ud800 surrogate and \\u0000 nul"}',
        "[" * 100_000,
        '{"sku": "I", "title": "x", "quantity": 1e400}',
    ]
    report = import_file(store=store, source=written(tmp_path / "p.ndjson", "\n".join(lines)))
    assert counts(report) == (2, 0, 0, 10)
    assert [row.line for row in report.refused] == [2, 3, 4, 5, 6, 7, 8, 9, 11, 12]
    assert Product.objects.get(sku="A").price == Decimal("12.5")
    assert Product.objects.get(sku="A").attributes == {"size": ["5-5"]}
    assert Product.objects.get(sku="H").title == "lone \ufffd surrogate and nul"


def test_shopify_variants_share_a_style_and_have_their_own_photos(store: Store, tmp_path: Path) -> None:
    text = SHOPIFY + (
        'ring,Ring,<p>Gold</p>,Company 123,Rings,"gold, gift",true,Color,Gold,,2,42.99,https://x.example/1.jpg,1,'
        "https://x.example/gold.jpg\n"
        "ring,,,,,,,,Silver,R-S,-3,40,https://x.example/gold.jpg,2,\n"
        "ring,,,,,,,,,,,,https://x.example/3.jpg,3,\n"
        "mug,Mug,,,,,false,Title,Default Title,,,on request,,,\n"
        "cup,Cup,,,,,false,Title,Default Title,,5,,,,\n"
    )
    report = import_file(store=store, source=written(tmp_path / "export.csv", text))
    assert counts(report) == (3, 0, 0, 1)
    assert reasons(report) == [(5, "mug", 'price "on request" is not a number in EUR')]
    gold, silver = Product.objects.filter(style_code="ring").order_by("sku")[::-1]
    assert (gold.sku, gold.price, gold.quantity) == ("ring-gold", Decimal("42.99"), 2)
    assert (silver.sku, silver.price, silver.quantity) == ("R-S", Decimal("40"), 0)
    assert gold.attributes == {"color": ["gold"], "tags": ["gold", "gift"]}
    assert (silver.title, silver.description, str(silver.brand), str(silver.category)) == (
        "Ring",
        "Gold",
        "Company 123",
        "Rings",
    )
    urls = {product.sku: [image.source_url[18:] for image in product.images.all()] for product in (gold, silver)}
    assert urls == {"ring-gold": ["gold.jpg", "1.jpg", "3.jpg"], "R-S": ["1.jpg", "3.jpg"]}
    cup = Product.objects.get(sku="cup")
    assert (cup.price, cup.is_published, cup.attributes) == (None, False, {})
    assert counts(import_file(store=store, source=tmp_path / "export.csv")) == (0, 0, 3, 1)


def test_woocommerce_variations_take_from_their_parent(store: Store, tmp_path: Path) -> None:
    text = WOO + (
        '1,variable,TEE,Tee,1,,Soft,1,,,,"Clothing > Tees, Sale",new,https://x.example/t.jpg,,Size,"S, M"\n'
        "2,variation,TEE-S,Tee - S,1,,,1,4,9,12,,,,TEE,Size,S\n"
        "3,variation,,Tee - M,1,,,1,,,12,,,https://x.example/m.jpg,id:1,Size,M\n"
        '4,simple,MUG,"Mug",-1,Short text,,0,,,5,"Home\\, Kitchen",,,,,\n'
        "5,variable,LONE,Lone,1,,,0,,,,,,,,,\n"
    )
    report = import_file(store=store, source=written(tmp_path / "wc.csv", text))
    assert (counts(report), reasons(report)) == ((4, 0, 0, 0), [])
    small, medium = Product.objects.get(sku="TEE-S"), Product.objects.get(sku="3")
    assert (small.price, small.quantity, small.style_code, small.description) == (Decimal("9"), 4, "TEE", "Soft")
    assert (medium.price, medium.quantity, medium.style_code) == (Decimal("12"), 1, "TEE")
    assert small.attributes == {"size": ["s"], "tags": ["new"]}
    assert str(small.category) == "Tees"
    assert [image.source_url for image in medium.images.all()] == ["https://x.example/m.jpg"]
    mug = Product.objects.get(sku="MUG")
    assert (mug.is_published, mug.description, mug.quantity, str(mug.category)) == (
        False,
        "Short text",
        0,
        "Home, Kitchen",
    )
    assert Product.objects.filter(sku="TEE").count() == 0
    assert Product.objects.get(sku="LONE").price is None


def test_the_fashion_tables_columns_are_known(store: Store, tmp_path: Path) -> None:
    (tmp_path / "60x80").mkdir()
    (tmp_path / "60x80" / "7.png").write_bytes(photo_bytes("red"))
    text = (
        "id,title,gender,masterCategory,subCategory,articleType,baseColour,season,usage,image,image_224\r\n"
        "7,Red wallet,Men,Accessories,Wallets,Wallets,Navy Blue,Summer,Casual,60x80/7.png,\r\n"
        "8,Bare,,,,,,,,60x80/8.png,224x224/8.png\r\n"
    )
    report = import_file(store=store, source=written(tmp_path / "products.csv", text))
    assert (report.created, report.images_added, report.ignored_columns) == (2, 1, ())
    assert report.refused_images[0].reason == "224x224/8.png: there is no file 224x224/8.png"
    wallet = Product.objects.get(sku="7")
    assert wallet.attributes == {
        "gender": ["men"],
        "color": ["navy-blue"],
        "season": ["summer"],
        "usage": ["casual"],
    }
    assert wallet.category is not None
    assert (wallet.category.slug, wallet.category.depth) == ("wallets", 2)


def test_an_import_stays_in_its_store(store: Store, tmp_path: Path) -> None:
    other = Store.objects.create(slug="other", name="Other")
    source = written(tmp_path / "p.csv", "sku,title,category,brand,color\nA,Mine,Lamps,Nord,red\n")
    import_file(store=other, source=source)
    import_file(store=store, source=source)
    mine, theirs = Product.objects.get(store=store), Product.objects.get(store=other)
    assert mine.category is not None
    assert mine.brand is not None
    assert (mine.category.store, mine.brand.store) == (store, store)
    assert mine.category != theirs.category
    assert Attribute.objects.filter(code="color").count() == 2


def test_a_dry_run_says_what_would_happen_and_leaves_nothing(store: Store, tmp_path: Path, media: Path) -> None:
    (tmp_path / "a.png").write_bytes(photo_bytes("red"))
    rows = "".join(f"{number},x,Top > Level {number % 3},red,a.png\n" for number in range(1200))
    source = written(tmp_path / "p.csv", "sku,title,category,color,image\n" + rows + "7,y,,,\n")
    report = import_file(store=store, source=source, is_dry_run=True)
    assert (counts(report), report.images_added) == ((1200, 0, 0, 1), 1200)
    assert [model.objects.count() for model in (Product, ProductImage, Category, Attribute)] == [0, 0, 0, 0]
    assert not media.exists()


def test_progress_is_told_batch_by_batch_and_ends_at_the_whole(store: Store, tmp_path: Path) -> None:
    source = written(tmp_path / "p.csv", "sku,title\n" + "".join(f"{number},x\n" for number in range(1100)))
    seen: list[tuple[int, float | None]] = []
    import_file(
        store=store, source=source, on_progress=lambda progress: seen.append((progress.report.rows, progress.fraction))
    )
    assert [rows for rows, _ in seen] == [500, 1000, 1100]
    assert seen[-1][1] == 1.0


def test_the_command_imports_twice_and_reports(store: Store, tmp_path: Path) -> None:
    source = written(tmp_path / "p.csv", "id,label,cost\n1,Lamp,5\n2,Chair,?\n")
    report = tmp_path / "refused.ndjson"
    for _ in range(2):
        call_command(
            "import_products",
            str(source),
            store="shop",
            map=["title=label", "price=cost"],
            report=report,
            stdout=StringIO(),
        )
    assert Product.objects.get().title == "Lamp"
    assert [json.loads(line) for line in report.read_text().splitlines()] == [
        {"line": 3, "sku": "2", "reason": 'price "?" is not a number in EUR'}
    ]


def test_the_command_names_what_is_wrong(store: Store, tmp_path: Path) -> None:
    source = written(tmp_path / "p.csv", "a,b\n1,2\n")
    with pytest.raises(CommandError, match="no column holds the SKUs"):
        call_command("import_products", str(source), store="shop", stdout=StringIO())
    with pytest.raises(CommandError, match='no store "nope"'):
        call_command("import_products", str(source), store="nope", stdout=StringIO())
    with pytest.raises(CommandError, match="a dry run makes none"):
        call_command("import_products", str(source), store="new", create_store=True, dry_run=True, stdout=StringIO())
    with pytest.raises(CommandError, match="FIELD=COLUMN"):
        call_command("import_products", str(source), store="shop", map=["title"], stdout=StringIO())
    call_command(
        "import_products", str(source), store="new", create_store=True, map=["sku=a", "title=b"], stdout=StringIO()
    )
    assert Product.objects.get().store.slug == "new"


def job_of(store: Store, text: str, **facts: Any) -> ImportJob:
    return ImportJob.objects.create(store=store, file=ContentFile(text.encode(), name="feed.csv"), **facts)


def test_a_job_is_run_once_and_keeps_its_counts(store: Store) -> None:
    job = job_of(store, "sku,name\nA,Lamp\nA,Lamp\n", mapping={"title": "name"})
    assert waiting_job_ids() == [job.pk]
    run_import_job(job.pk)
    run_import_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.created_count, job.refused_count, job.claimed_until) == (ImportState.DONE, 1, 1, None)
    assert job.results == [{"line": 3, "sku": "A", "reason": "the SKU stands in line 2 already; the first one counts"}]
    assert job.finished_at is not None
    assert waiting_job_ids() == []


def test_a_job_that_cannot_be_read_fails_with_the_reason(store: Store) -> None:
    job = job_of(store, "a,b\n1,2\n")
    run_import_job(job.pk)
    job.refresh_from_db()
    assert job.state == ImportState.FAILED
    assert job.error.startswith("no column holds the SKUs")


def test_a_forgotten_job_is_taken_and_a_held_one_is_not(store: Store) -> None:
    now = timezone.now()
    held = job_of(store, "sku,title\nA,x\n", state=ImportState.RUNNING, claimed_until=now + timedelta(minutes=1))
    forgotten = job_of(store, "sku,title\nB,x\n", state=ImportState.RUNNING, claimed_until=now - timedelta(minutes=1))
    assert waiting_job_ids() == [forgotten.pk]
    run_import_job(held.pk)
    run_import_job(forgotten.pk)
    assert list(Product.objects.values_list("sku", flat=True)) == ["B"]


def test_a_job_cannot_name_another_stores_files(store: Store, media: Path) -> None:
    default_storage.save("imports/other.png", ContentFile(photo_bytes("red")))
    job = job_of(store, "sku,title,image\nA,x,other.png\n")
    run_import_job(job.pk)
    job.refresh_from_db()
    assert job.results == [{"line": 2, "sku": "A", "reason": "other.png: there is no file other.png"}]


def test_a_job_that_is_gone_is_no_work() -> None:
    run_import_job(12345)
