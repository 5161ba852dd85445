"""Background work: thin Celery tasks over the functions of `search` and `catalog`."""

from workers.celery import app as celery_app

__all__ = ["celery_app"]
