"""`manage.py train_encoder`: trains the compact CLIP on files and writes its folder and model card."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Trains the compact CLIP on photo sets given as files; a run that was stopped continues with --resume."
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        sources = parser.add_argument_group("training sets")
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
        from search.training.run import RunSettings, train

        sets = {name: options[name] for name in ("fashion", "home", "street") if options[name]}
        missing = [str(path) for path in (*sets.values(), *options["folder"]) if not path.exists()]
        if missing:
            raise CommandError(f"No such file or folder: {', '.join(missing)}.")
        if not sets and not options["folder"] and not options["demo_seeds"]:
            raise CommandError(
                "Nothing to train on: give at least one of --fashion, --home, --street, --folder, --demo-seeds."
            )
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
        )
        for name, value in train(settings).items():
            self.stdout.write(f"{name}: {value}")
