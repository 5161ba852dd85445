"""Loads the encoder when a worker starts, so that the first new photo does not wait for torch and the weights."""

from __future__ import annotations

import logging
import threading

from celery.signals import worker_process_init
from django.db import InterfaceError, OperationalError, connection

from search.encoder import get_encoder
from search.errors import EncoderUnavailable, IndexUnavailable
from search.versions import live_version
from workers.celery import app

logger = logging.getLogger(__name__)


def connect() -> None:
    """Listen for the start of each process that runs tasks."""
    worker_process_init.connect(warm_if_indexing, dispatch_uid="warm-encoder")


def warm_if_indexing(**kwargs: object) -> None:
    """Begin to load in a thread, in workers of the queue `index` only: Celery ends a process that is not there in 4 s."""
    if "index" in app.amqp.queues.consume_from:
        threading.Thread(target=load_encoder, name="warm-encoder", daemon=True).start()


def load_encoder() -> None:
    """Load the live version's encoder; without a version or weights the first sweep says what is missing."""
    try:
        # Whatever a backend loads late is there once it has encoded something.
        get_encoder(live_version().encoder).encode_texts(["a"])
    except (EncoderUnavailable, IndexUnavailable, OperationalError, InterfaceError) as error:
        logger.info("The encoder is loaded later: %s", error)
    finally:
        connection.close()
