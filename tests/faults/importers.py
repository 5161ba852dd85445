"""Clients that import many products at once: NDJSON over the API, and files that a worker reads."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from typing import Any

import psycopg

from tests.faults.ledger import State, WrongAnswer, becomes
from tests.faults.writers import CATEGORY, Client, fields


class Importer(Client):
    """Sends NDJSON: new products and changed ones, twenty lines at a time."""

    rest_s = 1.5
    lines = 20

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.made = 0
        self.skus: list[str] = []

    def step(self) -> None:
        self.skus = [sku for sku in self.skus if not self.ledger.account(self.store, sku).is_retired]
        while len(self.skus) < 4 * self.lines:
            self.made += 1
            self.skus.append(f"{self.store}-lines-{self.made}")
        skus = self.draw.sample(self.skus, self.lines)
        states = {sku: self.new_state() for sku in skus}
        body = "\n".join(json.dumps({"sku": sku, **fields(state)}) for sku, state in states.items())
        with self.ledger.writing(self.store, {sku: becomes(state) for sku, state in states.items()}) as writes:
            answer = self.asker.ask(
                "NDJSON import",
                "POST",
                "/api/v1/products/import",
                data=body.encode(),
                headers={"Content-Type": "application/x-ndjson"},
            )
            if answer is None:
                return
            if answer.is_accepted:
                for result in answer.body["results"]:
                    if result["outcome"] == "refused":
                        raise WrongAnswer(f"a line was refused: {result}")
                    writes[result["sku"]].accepted()
            else:
                for write in writes.values():
                    write.failed()


class FileImporter(Client):
    """Uploads zips with a CSV and photos in the admin; the worker imports them. Each has products of its own."""

    rest_s = 8.0
    products = 24

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.sent = 0
        self.is_logged_in = False
        # What accepted jobs must have written by the end.
        self.uploaded: dict[str, State] = {}

    def step(self) -> None:
        if not self.is_logged_in and not self.log_in():
            return
        self.sent += 1
        states = {
            f"{self.store}-file-{self.sent}-{number}": self.new_state(self.some_photo())
            for number in range(self.products)
        }
        path = "/admin/catalog/importjob/add/"
        if not (token := self.token(path)):
            return
        store_id = self.site_store_id()
        if store_id is None:
            return
        with self.ledger.writing(self.store, {sku: becomes(state) for sku, state in states.items()}) as writes:
            answer = self.asker.ask(
                "file import",
                "POST",
                path,
                data={"csrfmiddlewaretoken": token, "store": store_id, "member": "", "columns": ""},
                files={"file": (f"{self.sent}.zip", self.archive(states), "application/zip")},
                allow_redirects=False,
                headers={"Referer": self.asker.address + path},
            )
            if answer is not None and answer.status == 302 and "login" not in answer.location:
                # Accepted: the job is a row now. Its products are there from now on, or a little later.
                self.uploaded.update(states)
                for write in writes.values():
                    write.failed()
            elif answer is not None and answer.status == 503:
                for write in writes.values():
                    write.failed()
            elif answer is not None and answer.status == 302:
                self.is_logged_in = False
                for write in writes.values():
                    write.refused()
            elif answer is not None:
                raise WrongAnswer(f"the import form came back: {re.findall('errorlist.*', str(answer.body))[:3]}")

    def archive(self, states: dict[str, State]) -> bytes:
        table = io.StringIO()
        writer = csv.writer(table)
        writer.writerow(["sku", "title", "price", "quantity", "is_published", "category", "color", "images"])
        for sku, s in states.items():
            shown = "true" if s.is_published else "false"
            writer.writerow([sku, s.title, s.price, s.quantity, shown, CATEGORY, s.color, f"{s.photo}.jpg"])
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("products.csv", table.getvalue())
            for photo in {state.photo for state in states.values()}:
                archive.writestr(f"{photo}.jpg", self.photos[photo])
        return buffer.getvalue()

    def log_in(self) -> bool:
        token = self.token("/admin/login/")
        if not token:
            return False
        password = (self.site.data_dir / "demo_password").read_text()
        answer = self.asker.ask(
            "admin page",
            "POST",
            "/admin/login/",
            data={"csrfmiddlewaretoken": token, "username": "demo", "password": password, "next": "/admin/"},
            headers={"Referer": self.asker.address + "/admin/login/"},
            allow_redirects=False,
        )
        self.is_logged_in = answer is not None and answer.status == 302
        return self.is_logged_in

    def token(self, path: str) -> str:
        answer = self.asker.ask("admin page", "GET", path)
        found = re.search('csrfmiddlewaretoken" value="([^"]+)', str(answer.body)) if answer else None
        return found.group(1) if found else ""

    def site_store_id(self) -> int | None:
        try:
            return int(self.site.rows("SELECT id FROM catalog_store WHERE slug = %s", (self.store,))[0][0])
        except psycopg.OperationalError:
            return None
