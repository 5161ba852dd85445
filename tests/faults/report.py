"""The tables that a run prints."""

from __future__ import annotations

from collections import defaultdict
from statistics import median

from tests.faults.run import Run
from tests.faults.schedule import KINDS


def report(run: Run) -> str:
    """Faults with their counts and recovery times, and answers by kind."""
    lines = [
        f"fault run: seed {run.seed}, {run.duration_s:.0f} s; at rest {run.rest_s:.0f} s after it",
        "",
        f"{'fault':26} {'count':>5} {'recovery p50 s':>15} {'max s':>7}",
    ]
    for kind in KINDS:
        times = run.recovered_s.get(kind.name, [])
        if reason := run.not_run.get(kind.name):
            lines.append(f"{kind.name:26} not run: {reason}")
        elif count := run.injected.get(kind.name, 0):
            shown = f"{median(times):15.1f} {max(times):7.1f}" if times else f"{'-':>15} {'-':>7}"
            lines.append(f"{kind.name:26} {count:5} {shown}")
    lines += [
        "",
        "Recovery: from the fault's end until a write after it was found by its vector, other faults among it.",
        "",
    ]
    kinds: dict[str, dict[str, int]] = defaultdict(dict)
    for (what, kind), count in run.tally.counts.items():
        kinds[what][kind] = count
    columns = sorted({kind for counts in kinds.values() for kind in counts}, key=lambda kind: (kind != "ok", kind))
    lines.append(f"{'answers':18} " + " ".join(f"{kind:>12}" for kind in columns) + f" {'slowest s':>10}")
    for what in sorted(kinds):
        counts = " ".join(f"{kinds[what].get(kind, 0):12}" for kind in columns)
        lines.append(f"{what:18} {counts} {run.tally.slowest_s.get(what, 0.0):10.1f}")
    return "\n".join(lines)
