"""`manage.py train_encoder`: trains an encoder on a catalogue or on files and writes its folder and model card."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from search.management.stores import find_store


class Command(BaseCommand):
    help = "Trains or fine-tunes an encoder on a store's catalogue or on files; a stopped run continues with --resume."
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        sources = parser.add_argument_group("training sets")
        sources.add_argument("--store", default="", help="slug of a store whose catalogue photos are trained on")
        sources.add_argument(
            "--triples", type=Path, help="NDJSON of what shoppers did: query, product (sku or id), gain above 0"
        )
        sources.add_argument("--fashion", type=Path, help="zip with products.csv and photos")
        sources.add_argument("--home", type=Path, help="zip with images.csv and photos of clothes taken at home")
        sources.add_argument("--street", type=Path, help="zip with boxes.json and photos of outfits")
        sources.add_argument(
            "--folder", type=Path, action="append", default=[], help="photos.ndjson and photos; may repeat"
        )
        sources.add_argument("--demo-seeds", type=int, nargs="*", default=[], help="draw demo products of these seeds")
        sources.add_argument("--demo-count", type=int, default=900, help="products per demo seed")
        run = parser.add_argument_group("run")
        run.add_argument("--work", type=Path, required=True, help="folder for the photo cache and the checkpoints")
        run.add_argument("--output", type=Path, required=True, help="the model's folder")
        run.add_argument("--minutes", type=float, default=60.0, help="training time; the schedule ends with it")
        run.add_argument("--steps", type=int, help="train this many steps instead of --minutes")
        run.add_argument("--batch", type=int, default=256)
        run.add_argument("--learning-rate", type=float, default=1.5e-3)
        run.add_argument(
            "--start-from", help="fine-tune this model, a folder or a hub name, instead of starting from nothing"
        )
        run.add_argument("--resume", action="store_true", help="continue from the checkpoint in --work")
        run.add_argument("--threads", type=int, default=1)
        run.add_argument(
            "--workers", type=int, default=0, help="processes that prepare batches beside the training one"
        )
        run.add_argument(
            "--patience", type=int, default=0, help="end after so many validations without a gain; 0 = never"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # torch is heavy and only this command's work needs it: `manage.py help` stays quick.
        from search.training.behaviour import InvalidTriples
        from search.training.run import NothingToLearn, RunSettings, train

        sets = {name: options[name] for name in ("fashion", "home", "street") if options[name]}
        files = [*sets.values(), *options["folder"], *([options["triples"]] if options["triples"] else [])]
        missing = [str(path) for path in files if not path.exists()]
        if missing:
            raise CommandError(f"No such file or folder: {', '.join(missing)}.")
        if not sets and not options["folder"] and not options["demo_seeds"] and not options["store"]:
            raise CommandError(
                "Nothing to train on: give at least one of --store, --fashion, --home, --street, --folder, --demo-seeds."
            )
        store = find_store(options["store"]) if options["store"] else None
        settings = RunSettings(
            sets=sets,
            folders=tuple(options["folder"]),
            demo_seeds=tuple(options["demo_seeds"]),
            demo_count=options["demo_count"],
            work=options["work"],
            output=options["output"],
            minutes=options["minutes"],
            steps=options["steps"],
            batch=options["batch"],
            learning_rate=options["learning_rate"],
            start_from=options["start_from"],
            is_resumed=options["resume"],
            threads=options["threads"],
            workers=options["workers"],
            patience=options["patience"],
            store=store,
            triples=options["triples"],
        )
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        # Where nobody watches, the log's lines say the same twice a minute.
        with Progress(*columns, disable=not sys.stderr.isatty(), console=Console(stderr=True)) as bar:
            task = bar.add_task("Training", total=1.0)

            def show(done: float, loss: float, recall: float) -> None:
                bar.update(task, completed=done, description=f"loss {loss:.3f}, title R@10 {recall:.3f}")

            try:
                figures = train(settings, on_step=show)
            except (InvalidTriples, NothingToLearn) as error:
                raise CommandError(str(error)) from error
        for name, value in figures.items():
            self.stdout.write(f"{name}: {value}")
