"""The container's health check: `python -m config.healthcheck PORT` exits 0 when the web server lives."""

from __future__ import annotations

import sys

from config.programs import get

if __name__ == "__main__":
    sys.exit(get(int(sys.argv[1]), "/health/live") is None)
