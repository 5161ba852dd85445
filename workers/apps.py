"""The workers application: connects the nudges and what watches the tasks when Django starts."""

from __future__ import annotations

from django.apps import AppConfig


class WorkersConfig(AppConfig):
    name = "workers"

    def ready(self) -> None:
        from workers import observing, signals, warming

        signals.connect()
        observing.connect()
        warming.connect()
