"""The workers application."""

from django.apps import AppConfig


class WorkersConfig(AppConfig):
    name = "workers"
