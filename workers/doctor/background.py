"""Workers and the schedule."""

from __future__ import annotations

from collections.abc import Iterator

from search import heartbeat
from search.api.gauges import QUEUES
from workers.celery import app
from workers.doctor.findings import Finding, fine, problem, warning

ANSWER_S = 2.0
BEAT_LATE_S = 60.0
START = "celery -A workers worker -Q index,import,default"


def check_workers() -> Iterator[Finding]:
    """Whether a worker answers, and every queue has one that empties it."""
    answers = app.control.inspect(timeout=ANSWER_S).active_queues() or {}
    if not answers:
        yield problem("worker", f"no worker answered within {ANSWER_S:.0f} s", f"Start one: {START}")
        return
    emptied = {queue["name"] for queues in answers.values() for queue in queues}
    for queue in QUEUES:
        if queue not in emptied:
            yield problem("worker", f"no worker empties the queue {queue}", f"Start one: {START}")
    yield fine("worker", f"{len(answers)} answered: {', '.join(sorted(answers))}")


def check_beat() -> Iterator[Finding]:
    """When a task that only the schedule sends was last run."""
    age_s = heartbeat.beat_age_s()
    if age_s is None:
        yield problem("beat", "the schedule was never seen", "Start one beat in all: celery -A workers beat")
    elif age_s > BEAT_LATE_S:
        yield problem(
            "beat",
            f"the schedule was last seen {age_s:.0f} s ago",
            "Start beat, or a worker on the queue default, which runs what it sends.",
        )
    elif age_s > BEAT_LATE_S / 3:
        yield warning("beat", f"the schedule was last seen {age_s:.0f} s ago", "The workers are busy: start another.")
    else:
        yield fine("beat", f"seen {age_s:.0f} s ago")
