"""Imported before everything else by each benchmark: sets Django up, and keeps its log to warnings."""

from __future__ import annotations

import logging
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()
logging.getLogger().setLevel(logging.WARNING)
