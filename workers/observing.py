"""What tasks say of themselves: counts, the id of the request that sent them, and their part of its trace."""

from __future__ import annotations

import logging.config
from contextlib import ExitStack
from time import perf_counter, time
from typing import Any

from celery.signals import (
    before_task_publish,
    setup_logging,
    task_postrun,
    task_prerun,
    task_revoked,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
)
from django.conf import settings

from telemetry import tracing
from telemetry.metrics import TASK_SECONDS, TASK_WAIT_SECONDS, TASKS
from telemetry.shared import serve_figures
from telemetry.work import Work, current_work, request_id, working

logger = logging.getLogger(__name__)
# What is to be undone when each running task ends, by its id.
_open: dict[str, ExitStack] = {}


def connect() -> None:
    """Listen to Celery's signals, in every process that sends or runs tasks."""
    before_task_publish.connect(send_work, dispatch_uid="observe-publish")
    task_prerun.connect(begin_task, dispatch_uid="observe-begin")
    task_postrun.connect(end_task, dispatch_uid="observe-end")
    task_revoked.connect(count_expired, dispatch_uid="observe-revoked")
    setup_logging.connect(_set_up_logging, dispatch_uid="observe-logging")
    worker_process_init.connect(_set_up_tracing, dispatch_uid="observe-tracing")
    worker_process_shutdown.connect(_send_last_spans, dispatch_uid="observe-shutdown")
    worker_ready.connect(_serve_figures, dispatch_uid="observe-figures")


def send_work(headers: dict[str, Any], **kwargs: object) -> None:
    """Write into a message when it was sent, and what its sender was working on."""
    headers["sent_at"] = time()
    work = current_work()
    if work is not None:
        headers["request_id"] = work.request_id
    headers.update(tracing.carried())


def begin_task(task_id: str, task: Any, **kwargs: object) -> None:
    """Run the task in its sender's name; one that nobody sent (the schedule's) in its own."""
    asked, stack = task.request, ExitStack()
    sent_at = asked.get("sent_at")
    if sent_at is not None:
        queue = (asked.get("delivery_info") or {}).get("routing_key", "")
        TASK_WAIT_SECONDS.labels(queue).observe(max(0.0, time() - float(sent_at)))
    name = task.name.rsplit(".", 1)[-1]
    stack.enter_context(working(Work(request_id(str(asked.get("request_id") or task_id)), task=name)))
    parent = asked.get("traceparent")
    if parent or settings.TRACING_SCHEDULED:
        carrier = {"traceparent": str(parent)} if parent else {}
        stack.enter_context(tracing.server_span(f"task {name}", carrier))
    else:
        stack.enter_context(tracing.unrecorded())
    started = perf_counter()
    stack.callback(lambda: TASK_SECONDS.labels(name).observe(perf_counter() - started))
    _open[task_id] = stack


def end_task(task_id: str, task: Any, state: str = "", **kwargs: object) -> None:
    """Count how the task ended."""
    TASKS.labels(task.name.rsplit(".", 1)[-1], (state or "unknown").lower()).inc()
    stack = _open.pop(task_id, None)
    if stack is not None:
        stack.close()


def count_expired(sender: Any, expired: bool = False, **kwargs: object) -> None:
    """Count a task that waited too long to be worth running."""
    if expired:
        TASKS.labels(sender.name.rsplit(".", 1)[-1], "expired").inc()


def _set_up_logging(**kwargs: object) -> None:
    """Keep Django's handlers: without a receiver here, Celery puts its own in their place."""
    logging.config.dictConfig(settings.LOGGING)


def _set_up_tracing(**kwargs: object) -> None:
    tracing.set_up(service="vitrine-worker", endpoint=settings.TRACING_ENDPOINT, share=settings.TRACING_SHARE)


def _send_last_spans(**kwargs: object) -> None:
    tracing.shut_down()


def _serve_figures(**kwargs: object) -> None:
    if settings.WORKER_METRICS_ADDRESS:
        serve_figures(settings.WORKER_METRICS_ADDRESS, folder=settings.METRICS_DIR, token=settings.METRICS_TOKEN)
        logger.info("Figures at http://%s/metrics", settings.WORKER_METRICS_ADDRESS)
