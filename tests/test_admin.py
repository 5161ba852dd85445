"""The admin as merchandisers use it: what staff may see, and that forms keep the catalogue's rules."""

from __future__ import annotations

import hashlib
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from catalog.importing import import_file
from catalog.models import (
    ApiKey,
    Attribute,
    AttributeValue,
    Brand,
    Category,
    ImportJob,
    Product,
    ProductImage,
    Store,
)
from catalog.models.keys import create_api_key, find_api_key
from search.models import IndexEntry, IndexVersion
from tests.shop import add_photo, brand, category, make_product, make_store, photo_bytes

pytestmark = pytest.mark.django_db

MODELS = [
    "catalog_store",
    "catalog_category",
    "catalog_brand",
    "catalog_attribute",
    "catalog_product",
    "catalog_apikey",
    "catalog_importjob",
    "search_indexentry",
]


@pytest.fixture(autouse=True)
def media(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def store() -> Store:
    return make_store("mine")


@pytest.fixture
def other() -> Store:
    """A store that the staff user is no member of, with one of everything."""
    store = make_store("theirs")
    product = make_product(
        store,
        "FOREIGN-1",
        title="Foreign thing",
        category=category(store, "ForeignCategory"),
        brand=brand(store, "ForeignBrand"),
    )
    create_api_key(store=store, name="Foreign key", kind="secret")
    ImportJob.objects.create(store=store, file="imports/foreign-file.csv")
    Attribute.objects.create(store=store, code="foreign-attribute", label="Foreign attribute")
    IndexEntry.objects.create(
        version=live_version(), image_id=product.images.get().pk, store_id=store.pk, error="foreign error"
    )
    return store


def live_version() -> IndexVersion:
    return IndexVersion.objects.get_or_create(
        state="live",
        defaults={"collection": "c", "encoder": "e", "fingerprint": "f", "dimension": 3, "index_type": "FLAT"},
    )[0]


def login(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def root(db: None) -> Client:
    return login(User.objects.create_superuser("root"))


@pytest.fixture
def staff(store: Store) -> Client:
    """A member of `store` with every permission on the catalogue and the index."""
    user = User.objects.create_user("mia", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label__in=["catalog", "search"]))
    store.members.add(user)
    return login(user)


def url(name: str, *args: object) -> str:
    return reverse(f"admin:{name}", args=args)


def form_of(client: Client, address: str) -> dict[str, Any]:
    """The fields of an admin form as a browser would send them back."""
    response = client.get(address)
    assert response.status_code == 200
    context = response.context
    forms = [context["adminform"].form]
    data: dict[str, Any] = {}
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    for form in forms:
        for field in form:
            value = field.value()
            if isinstance(value, bool):
                if value:
                    data[field.html_name] = "on"
            elif value is not None and not field.field.disabled and not hasattr(value, "url"):
                data[field.html_name] = getattr(value, "pk", value)
    return data


def errors_of(response: Any) -> str:
    context = response.context
    found = [str(context["adminform"].form.errors)]
    found += [
        str(inline.formset.errors) + str(inline.formset.non_form_errors())
        for inline in context["inline_admin_formsets"]
    ]
    return " ".join(found)


@pytest.mark.parametrize("model", MODELS)
def test_lists_show_staff_their_own_stores_only(staff: Client, root: Client, other: Store, model: str) -> None:
    seen = staff.get(url(f"{model}_changelist"))
    assert seen.status_code == 200
    assert not re.search("foreign|theirs", seen.content.decode().lower())
    whole = root.get(url(f"{model}_changelist"))
    assert re.search("foreign|theirs", whole.content.decode().lower())


@pytest.mark.parametrize(
    ("model", "row"),
    [
        ("catalog_store", Store),
        ("catalog_category", Category),
        ("catalog_brand", Brand),
        ("catalog_attribute", Attribute),
        ("catalog_product", Product),
        ("catalog_apikey", ApiKey),
        ("catalog_importjob", ImportJob),
    ],
)
@pytest.mark.parametrize("page", ["change", "delete", "history"])
def test_staff_cannot_open_another_stores_rows(staff: Client, other: Store, model: str, row: Any, page: str) -> None:
    pk = other.pk if row is Store else row.objects.filter(store=other).first().pk
    response = staff.get(url(f"{model}_{page}", pk))
    assert response.status_code in (302, 403)
    assert "theirs" not in response.content.decode().lower()


@pytest.mark.parametrize(
    "name", ["catalog_product", "catalog_brand", "catalog_category", "catalog_apikey", "catalog_importjob"]
)
def test_forms_offer_staff_their_own_stores_only(staff: Client, other: Store, name: str) -> None:
    page = staff.get(url(f"{name}_add")).content.decode()
    assert "Theirs" not in page
    assert "Foreign" not in page


@pytest.mark.parametrize("field", ["category", "brand"])
def test_autocomplete_finds_rows_of_own_stores_only(staff: Client, root: Client, other: Store, field: str) -> None:
    asked = {"app_label": "catalog", "model_name": "product", "field_name": field, "term": "foreign"}
    assert staff.get(url("autocomplete"), asked).json()["results"] == []
    assert len(root.get(url("autocomplete"), asked).json()["results"]) == 1


@pytest.mark.parametrize("filters", ["store__id__exact={store}", "brand__id__exact={brand}", "in_category={category}"])
def test_filters_neither_offer_nor_name_rows_of_other_stores(
    staff: Client, store: Store, other: Store, filters: str
) -> None:
    make_product(store, "MINE-1", category=category(store, "Lamps"))
    asked = filters.format(
        store=other.pk, brand=Brand.objects.get(store=other).pk, category=Category.objects.get(store=other).pk
    )
    page = staff.get(f"{url('catalog_product_changelist')}?{asked}").content.decode()
    assert "Foreign" not in page
    assert "Theirs" not in page
    assert "MINE-1" not in page


def test_actions_reach_own_stores_only(staff: Client, store: Store, other: Store) -> None:
    mine, theirs = make_product(store, "MINE-1"), Product.objects.get(store=other)
    for action in ("hide", "reindex", "delete_selected"):
        staff.post(url("catalog_product_changelist"), {"action": action, "_selected_action": [mine.pk, theirs.pk]})
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert (mine.is_published, theirs.is_published) == (False, True)
    assert IndexEntry.objects.get(store_id=other.pk).error == "foreign error"
    everything = staff.post(
        url("catalog_product_changelist"),
        {"action": "delete_selected", "_selected_action": [mine.pk, theirs.pk], "select_across": "1", "post": "yes"},
    )
    assert everything.status_code == 302
    assert list(Product.objects.values_list("sku", flat=True)) == ["FOREIGN-1"]


def test_posted_keys_of_other_stores_are_refused(staff: Client, store: Store, other: Store) -> None:
    product = make_product(store, "MINE-1")
    address = url("catalog_product_change", product.pk)
    theirs = Category.objects.get(store=other)
    response = staff.post(address, {**form_of(staff, address), "category": theirs.pk})
    assert "not one of the available choices" in errors_of(response)
    add = url("catalog_brand_add")
    response = staff.post(add, {**form_of(staff, add), "store": other.pk, "name": "X", "slug": "x"})
    assert "not one of the available choices" in errors_of(response)
    place = url("catalog_category_add")
    response = staff.post(place, {"store": store.pk, "name": "X", "parent": theirs.pk, "slug": ""})
    assert "not one of the available choices" in errors_of(response)


def test_exports_hold_own_stores_only_and_import_back_without_a_difference(
    staff: Client, store: Store, other: Store, tmp_path: Path
) -> None:
    make_product(
        store,
        "MINE-1",
        title='Lamp, "Moon"',
        description="=warm\nlight",
        price=Decimal("12.5"),
        category=category(store, "Home", "Lamps"),
        brand=brand(store, "Nord"),
    )
    AttributeValue.objects.filter(attribute__store=store, code="red").update(label="Brick red")
    Brand.objects.filter(store=store).update(name="Nordlicht GmbH")
    response = staff.get(url("catalog_product_export"))
    text = response.content.decode("utf-8-sig")
    assert "FOREIGN" not in text
    assert text.splitlines()[0].split(",")[:3] == ["sku", "title", "description"]
    assert "Brick red" in text
    path = tmp_path / "export.csv"
    path.write_bytes(response.content)
    report = import_file(store=store, source=path)
    assert (report.unchanged, report.updated, report.created, report.refused) == (1, 0, 0, ())
    selected = staff.post(
        url("catalog_product_changelist"),
        {"action": "export_admin_action", "_selected_action": [Product.objects.get(store=other).pk]},
    )
    assert b"FOREIGN" not in selected.content


def test_without_membership_staff_see_nothing(other: Store) -> None:
    user = User.objects.create_user("nobody", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="catalog"))
    client = login(user)
    for model in MODELS[:-1]:
        assert "foreign" not in client.get(url(f"{model}_changelist")).content.decode().lower()
    assert "Theirs" not in client.get(url("index")).content.decode()


def test_the_first_page_counts_own_stores(staff: Client, store: Store, other: Store) -> None:
    make_product(store, "A", quantity=0)
    make_product(store, "B", is_published=False, colours=())
    page = staff.get(url("index")).content.decode()
    assert "Mine" in page
    assert "Theirs" not in page
    assert f"store__id__exact={store.pk}&amp;has_image=no" in page


def upload(name: str = "a.png", data: bytes | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, photo_bytes("red", size=(30, 20)) if data is None else data)


def with_photo(data: dict[str, Any], file: SimpleUploadedFile, number: int = 0) -> dict[str, Any]:
    return {
        **data,
        "images-TOTAL_FORMS": number + 1,
        f"images-{number}-file": file,
        f"images-{number}-kind": "catalog",
        f"images-{number}-position": number,
        f"images-{number}-source_url": "",
    }


def test_a_product_is_made_with_a_photo_and_its_attributes(staff: Client, store: Store) -> None:
    address = url("catalog_product_add")
    data = form_of(staff, address)
    assert data["store"] == store.pk
    data |= {"sku": "A", "title": "Red lamp", "price": "12.50", "quantity": 3, "attribute-color": ["red", "blue"]}
    response = staff.post(address, with_photo(data, upload()))
    assert response.status_code == 302, errors_of(response)
    product = Product.objects.get()
    assert (product.price, product.attributes) == (Decimal("12.5"), {"color": ["red", "blue"]})
    image = product.images.get()
    digest = hashlib.sha256(photo_bytes("red", size=(30, 20))).hexdigest()
    assert (image.sha256, image.width, image.height) == (digest, 30, 20)
    assert image.file.name == f"products/{store.pk}/{digest[:2]}/{digest}.png"


@pytest.mark.parametrize("data", [b"no picture", b"", b"\x89PNG\r\n\x1a\n"])
def test_a_file_that_is_no_photo_is_refused_in_words(staff: Client, store: Store, data: bytes) -> None:
    product = make_product(store, "A", colours=())
    address = url("catalog_product_change", product.pk)
    response = staff.post(address, with_photo(form_of(staff, address), upload("a.png", data)))
    assert response.status_code == 200
    assert re.search("not an image|damaged|empty", errors_of(response))
    assert ProductImage.objects.count() == 0


def test_replacing_a_photo_changes_its_hash_and_revision_and_moving_it_does_not(staff: Client, store: Store) -> None:
    product = make_product(store, "A", colours=("red", "blue"))
    address = url("catalog_product_change", product.pk)
    before = product.images.get(position=0)
    data = form_of(staff, address)
    response = staff.post(address, {**data, "images-0-position": 5})
    assert response.status_code == 302, errors_of(response)
    moved = ProductImage.objects.get(pk=before.pk)
    assert (moved.position, moved.sha256, moved.revision) == (5, before.sha256, before.revision)
    data = form_of(staff, address)
    number = next(n for n in (0, 1) if data[f"images-{n}-id"] == before.pk)
    response = staff.post(address, {**data, f"images-{number}-file": upload()})
    assert response.status_code == 302, errors_of(response)
    replaced = ProductImage.objects.get(pk=before.pk)
    assert replaced.sha256 == hashlib.sha256(photo_bytes("red", size=(30, 20))).hexdigest()
    assert replaced.revision > before.revision


def test_saving_a_product_unchanged_draws_no_revision(staff: Client, store: Store) -> None:
    product = make_product(store, "A", price=Decimal("5"))
    address = url("catalog_product_change", product.pk)
    assert staff.post(address, form_of(staff, address)).status_code == 302
    again = Product.objects.get()
    assert (again.revision, again.attributes) == (product.revision, product.attributes)
    assert again.images.get().revision == product.images.get().revision


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sku": "B"}, "already exists"),
        ({"price": "-1"}, "greater than or equal to 0"),
        ({"price": "1.234"}, "EUR has 2 decimals"),
        ({"quantity": "-1"}, "greater than or equal to 0"),
        ({"title": ""}, "required"),
        ({"attribute-color": ["nope"]}, "nope is not one of the available choices"),
    ],
)
def test_a_product_that_cannot_be_is_refused_in_words(
    staff: Client, store: Store, changes: dict[str, Any], words: str
) -> None:
    product = make_product(store, "A")
    make_product(store, "B")
    address = url("catalog_product_change", product.pk)
    response = staff.post(address, {**form_of(staff, address), **changes})
    assert response.status_code == 200
    assert words in errors_of(response)


def test_hide_and_publish_keep_the_time_of_the_last_edit(staff: Client, store: Store) -> None:
    product = make_product(store, "A")
    for action, is_published in (("hide", False), ("publish", True)):
        staff.post(url("catalog_product_changelist"), {"action": action, "_selected_action": [product.pk]})
        now = Product.objects.get()
        assert (now.is_published, now.updated_at) == (is_published, product.updated_at)
        assert now.revision > product.revision


def test_the_product_list_costs_the_same_queries_whatever_its_length(staff: Client, store: Store) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert staff.get(url("catalog_product_changelist")).status_code == 200
        return len(captured)

    for number in range(2):
        make_product(store, f"A{number}", brand=brand(store, f"B{number}"), category=category(store, f"C{number}"))
    queries()
    few = queries()
    for number in range(2, 12):
        make_product(store, f"A{number}", brand=brand(store, f"B{number}"), category=category(store, f"C{number}"))
    assert queries() == few


def test_products_are_filtered_by_what_merchandisers_look_for(staff: Client, store: Store) -> None:
    lamps = category(store, "Home", "Lamps")
    make_product(store, "FULL-1", category=lamps, price=Decimal("5"))
    make_product(store, "BARE-1", colours=(), quantity=0)
    for query, expected in {
        "in_stock=no": "BARE-1",
        "has_image=no": "BARE-1",
        "has_price=no": "BARE-1",
        "in_stock=yes": "FULL-1",
        "has_image=yes": "FULL-1",
        f"in_category={Category.objects.get(slug='home').pk}": "FULL-1",
        "q=full": "FULL-1",
        "index=waiting": "FULL-1",
    }.items():
        page = staff.get(f"{url('catalog_product_changelist')}?{query}").content.decode()
        assert [sku for sku in ("FULL-1", "BARE-1") if sku in page] == [expected], query


def test_the_index_state_of_each_photo_is_shown(staff: Client, store: Store) -> None:
    product = make_product(store, "A", colours=("red", "blue", "green"))
    red, blue, _ = product.images.all()
    version = live_version()
    facts = {"version": version, "store_id": store.pk, "product_revision": product.revision}
    IndexEntry.objects.create(image_id=red.pk, image_revision=red.revision, **facts)
    IndexEntry.objects.create(image_id=blue.pk, image_revision=blue.revision, error="cut short", **facts)
    page = staff.get(url("catalog_product_change", product.pk)).content.decode()
    for words in ("indexed", "waiting", "error: cut short"):
        assert words in page
    staff.post(url("catalog_product_changelist"), {"action": "reindex", "_selected_action": [product.pk]})
    assert set(IndexEntry.objects.values_list("image_revision", "error")) == {(None, "")}


def test_a_key_is_shown_once_and_opens_until_it_is_revoked(staff: Client, store: Store) -> None:
    address = url("catalog_apikey_add")
    data = {**form_of(staff, address), "name": "Web shop", "kind": "publishable", "origins": "https://shop.example/"}
    response = staff.post(address, data, follow=True)
    shown = re.search(r"pk_[0-9a-f]{8}_[\w-]+", response.content.decode())
    assert shown
    row = find_api_key(shown.group())
    assert row is not None
    assert (row.store, row.name, row.origins) == (store, "Web shop", ["https://shop.example"])
    for page in (url("catalog_apikey_change", row.pk), url("catalog_apikey_changelist")):
        assert shown.group() not in staff.get(page).content.decode()
    staff.post(url("catalog_apikey_changelist"), {"action": "revoke", "_selected_action": [row.pk]})
    assert find_api_key(shown.group()) is None


def test_an_origin_is_scheme_and_host(staff: Client) -> None:
    address = url("catalog_apikey_add")
    data = {**form_of(staff, address), "name": "x", "origins": "https://shop.example/path"}
    assert "is not an origin" in errors_of(staff.post(address, data))


def test_a_category_is_made_moved_and_kept_while_products_are_below_it(staff: Client, store: Store) -> None:
    add = url("catalog_category_add")
    for name, parent in (("Home", ""), ("Lamps", "Home"), ("Desk lamps", "Lamps"), ("Lamps", "")):
        above = Category.objects.filter(name=parent).first()
        response = staff.post(add, {"store": store.pk, "name": name, "parent": above.pk if above else "", "slug": ""})
        assert response.status_code == 302, errors_of(response)
    assert list(Category.objects.order_by("path").values_list("slug", "depth")) == [
        ("home", 1),
        ("lamps", 2),
        ("desk-lamps", 3),
        ("lamps-2", 1),
    ]
    desk, root_lamps = Category.objects.get(slug="desk-lamps"), Category.objects.get(slug="lamps-2")
    change = url("catalog_category_change", desk.pk)
    response = staff.post(change, {"name": "Desks", "parent": root_lamps.pk, "slug": "desk-lamps"})
    assert response.status_code == 302, errors_of(response)
    desk.refresh_from_db()
    assert (desk.name, Category.objects.get_ancestors(desk).get()) == ("Desks", root_lamps)
    assert Category.objects.find_problems() == ([], [], [], [], [])
    make_product(store, "A", category=desk)
    page = staff.get(url("catalog_category_delete", root_lamps.pk)).content.decode()
    assert "red thing (A)" in page
    assert staff.post(url("catalog_category_delete", root_lamps.pk), {"post": "yes"}).status_code == 200
    Product.objects.all().delete()
    assert staff.post(url("catalog_category_delete", root_lamps.pk), {"post": "yes"}).status_code == 302
    assert list(Category.objects.values_list("slug", flat=True)) == ["home", "lamps"]


def test_a_category_is_not_moved_below_itself_or_to_a_taken_slug(staff: Client, store: Store) -> None:
    lamps = category(store, "Home", "Lamps")
    home = Category.objects.get(slug="home")
    change = url("catalog_category_change", home.pk)
    response = staff.post(change, {"name": "Home", "parent": lamps.pk, "slug": "home"})
    assert "not one of the available choices" in errors_of(response)
    response = staff.post(change, {"name": "Home", "parent": "", "slug": "lamps"})
    assert "already exists" in errors_of(response)


def test_a_value_in_use_stays_and_an_unused_one_goes(staff: Client, store: Store) -> None:
    make_product(store, "A", colours=("red",))
    color = Attribute.objects.get(store=store)
    address = url("catalog_attribute_change", color.pk)
    data = form_of(staff, address)
    values = {data[f"values-{n}-label"]: n for n in range(int(data["values-TOTAL_FORMS"]))}
    response = staff.post(address, {**data, f"values-{values['Red']}-DELETE": "on"})
    assert "Products use Red" in errors_of(response)
    response = staff.post(
        address, {**data, f"values-{values['Blue']}-DELETE": "on", f"values-{values['Red']}-label": "Brick"}
    )
    assert response.status_code == 302, errors_of(response)
    assert not AttributeValue.objects.filter(code="blue").exists()
    assert AttributeValue.objects.get(code="red").label == "Brick"
    page = staff.post(url("catalog_attribute_delete", color.pk), {"post": "yes"})
    assert page.status_code == 200
    assert "Attribute value in use: Brick" in page.content.decode()


def test_an_import_is_uploaded_and_its_refused_rows_are_read(staff: Client, store: Store) -> None:
    from catalog.importing import run_import_job

    address = url("catalog_importjob_add")
    file = SimpleUploadedFile("feed.csv", b"id,label\n1,Lamp\n2,\n")
    data = {**form_of(staff, address), "file": file, "columns": "title=label\n"}
    response = staff.post(address, data)
    assert response.status_code == 302, errors_of(response)
    job = ImportJob.objects.get()
    assert (job.mapping, job.created_by and job.created_by.username) == ({"title": "label"}, "mia")
    run_import_job(job.pk)
    page = staff.get(url("catalog_importjob_change", job.pk)).content.decode()
    assert "title is empty" in page
    bad = SimpleUploadedFile("feed.csv", b"id\n")
    response = staff.post(address, {**form_of(staff, address), "file": bad, "columns": "title"})
    assert "is not field=column" in errors_of(response)


CSV = b"sku,title,price,color\nA,Red lamp,6.50,Red\nB,Chair,cheap,\nC,Sofa,7,Blue\n"


def preview(client: Client, store: Store, data: bytes = CSV) -> Any:
    form = {"store": store.pk, "format": "0", "resource": "0", "import_file": SimpleUploadedFile("feed.csv", data)}
    return client.post(url("catalog_product_import"), form)


def test_a_file_is_previewed_and_only_then_imported(staff: Client, store: Store) -> None:
    make_product(store, "A", title="Red lamp", price=Decimal("5"))
    response = preview(staff, store)
    page = response.content.decode()
    assert "<del>5.00</del>" in page
    assert "<ins>6.50</ins>" in page
    assert "Refused: price &quot;cheap&quot; is not a number in EUR" in page
    assert Product.objects.count() == 1
    form = response.context["confirm_form"]
    confirmed = {field.html_name: getattr(field.value(), "pk", field.value()) for field in form}
    done = staff.post(url("catalog_product_process_import"), confirmed, follow=True)
    assert "Imported: 1 new, 1 changed, 0 unchanged, 1 refused." in done.content.decode()
    assert dict(Product.objects.values_list("sku", "price")) == {"A": Decimal("6.5"), "C": Decimal("7")}


def test_a_preview_is_for_own_stores_and_bounded(staff: Client, store: Store, other: Store) -> None:
    response = preview(staff, other)
    assert "confirm_form" not in response.context
    assert "valid choice" in str(response.context["form"].errors)
    many = b"sku,title\n" + b"".join(b"%d,x\n" % number for number in range(5001))
    assert "5,001 products" in preview(staff, store, many).content.decode()
    assert "no column holds the SKUs" in preview(staff, store, b"\xff\xfe\x00a").content.decode()
    confirmed = {"store": other.pk, "format": "0", "resource": "0", "import_file_name": "x", "original_file_name": "x"}
    assert staff.post(url("catalog_product_process_import"), confirmed).status_code == 200
    assert Product.objects.filter(store=store).count() == 0


def test_importing_needs_the_permissions_to_add_and_change(store: Store) -> None:
    user = User.objects.create_user("reader", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_product"))
    store.members.add(user)
    client = login(user)
    assert client.get(url("catalog_product_import")).status_code == 403
    assert preview(client, store).status_code == 403
    assert client.post(url("catalog_product_process_import"), {}).status_code == 403
    assert client.get(url("catalog_product_export")).status_code == 200


def test_members_cannot_change_who_sees_a_store_or_its_currency(staff: Client, store: Store) -> None:
    stranger = User.objects.create_user("stranger")
    address = url("catalog_store_change", store.pk)
    data = {**form_of(staff, address), "name": "Renamed", "members": [stranger.pk], "currency": "USD", "slug": "x"}
    assert staff.post(address, data).status_code == 302
    store.refresh_from_db()
    assert (store.name, store.currency, store.slug) == ("Renamed", "EUR", "mine")
    assert list(store.members.values_list("username", flat=True)) == ["mia"]
    assert staff.get(url("catalog_store_add")).status_code == 403
    assert "stranger" not in staff.get(address).content.decode()


@pytest.mark.parametrize("model", [*MODELS, "search_indexversion", "auth_user", "auth_group"])
def test_every_page_opens_for_a_superuser(root: Client, other: Store, model: str) -> None:
    add_photo(make_product(other, "Z"), "blue")
    assert root.get(url(f"{model}_changelist")).status_code == 200
    if not model.startswith("search"):
        assert root.get(url(f"{model}_add")).status_code == 200


def test_the_index_is_read_and_never_written_by_hand(root: Client, other: Store) -> None:
    entry = IndexEntry.objects.get()
    assert root.get(url("search_indexentry_add")).status_code == 403
    assert root.get(url("search_indexentry_delete", entry.pk)).status_code == 403
    assert b"foreign error" in root.get(url("search_indexentry_changelist") + "?has_error=yes").content
    assert b"foreign error" not in root.get(url("search_indexentry_changelist") + "?has_error=no").content
