"""A full disk or a database that is down is said as a 503 that may be tried again; nothing is half written."""

from __future__ import annotations

import errno
import time
import zipfile
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.db import InterfaceError, OperationalError
from django.test import RequestFactory
from django.utils import timezone
from pytest_django import Settings

from catalog.importing import jobs, run_import_job, waiting_job_ids
from catalog.models import ImportJob, Product
from catalog.models.imports import ImportState
from catalog.photos import StorageUnavailable
from search.serving.outages import server_error
from tests.api_fixtures import client_of, problem_of, upload
from tests.shop import make_store, photo_bytes


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OperationalError("server closed the connection"), 503),
        (InterfaceError("connection already closed"), 503),
        (StorageUnavailable("disk full"), 503),
        (OSError(errno.ENOSPC, "No space left on device"), 503),
        (OSError(errno.ENOENT, "No such file"), 500),
        (ValueError("a bug"), 500),
    ],
)
def test_a_page_tells_an_outage_from_a_bug(error: Exception, status: int) -> None:
    try:
        raise error
    except type(error):
        answer = server_error(RequestFactory().get("/admin/"))
    assert (answer.status_code, answer.headers.get("Retry-After")) == (status, "5" if status == 503 else None)


@pytest.fixture
def broken_media(settings: Settings, tmp_path: Path) -> Path:
    """A media folder in which no photo can be stored: delete what is given back to mend it."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MEDIA_ROOT.mkdir()
    (settings.MEDIA_ROOT / "products").write_text("in the way")
    return settings.MEDIA_ROOT / "products"


@pytest.mark.django_db
def test_a_product_whose_photo_cannot_be_stored_is_not_written(broken_media: Path) -> None:
    client = client_of(make_store(), kind="secret")
    body = {"sku": "a", "title": "Shoes", "images": upload("red")}
    answer = client.post("/api/v1/products", body)
    assert (problem_of(answer)["code"], answer.status_code, answer["Retry-After"]) == ("storage_unavailable", 503, "5")
    assert not Product.objects.exists()
    broken_media.unlink()
    body["images"] = upload("red")
    assert client.post("/api/v1/products", body).status_code == 201


@pytest.mark.django_db
def test_an_import_waits_for_the_storage_and_goes_on(broken_media: Path) -> None:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("products.csv", "sku,title,image\na,Shoes,red.png\n")
        archive.writestr("red.png", photo_bytes("red"))
    job = ImportJob.objects.create(store=make_store(), file=ContentFile(buffer.getvalue(), name="feed.zip"))
    run_import_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error, job.claimed_until) == (ImportState.WAITING, "", None)
    broken_media.unlink()
    assert waiting_job_ids() == [job.pk]
    run_import_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.created_count) == (ImportState.DONE, 1)


@pytest.mark.django_db(transaction=True)
def test_an_import_under_way_keeps_its_lease(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(jobs, "RENEW_S", 0.02)
    until = timezone.now() + timedelta(seconds=5)
    job = ImportJob.objects.create(
        store=make_store(), file="imports/a.csv", state=ImportState.RUNNING, claimed_until=until
    )
    claim = jobs._Claim(job.pk, until)
    deadline = time.monotonic() + 20
    with claim.kept():
        while ImportJob.objects.get().claimed_until <= until + timedelta(seconds=5):
            assert time.monotonic() < deadline
            time.sleep(0.02)
    claim.finish(state=ImportState.DONE)
    assert ImportJob.objects.get().state == ImportState.DONE
