"""How long an S3-compatible store may take. Apart from the settings, because botocore is imported only where one is used."""

from __future__ import annotations

from typing import Any


def client_config(limits: dict[str, Any]) -> Any:
    """botocore's configuration with these limits, and all else as django-storages has it."""
    from botocore.config import Config  # half a second that only S3 is worth

    return Config(**limits)
