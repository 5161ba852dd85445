"""Python, packages, settings and host names."""

from __future__ import annotations

import platform
import re
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from django.conf import settings
from django.core import checks

from workers.doctor.findings import Finding, fine, problem, warning

LOCAL_HOSTS = {"localhost", "127.0.0.1", "[::1]", "testserver"}
SHOWN = 5
CERTIFICATE_DAYS = 14
CONNECT_TIMEOUT_S = 3.0


def public_hosts() -> list[str]:
    """The names under which others than this machine ask."""
    return [name for name in settings.ALLOWED_HOSTS if name not in LOCAL_HOSTS]


def check_packages() -> Iterator[Finding]:
    """Python's version, and what differs from the versions that were tested."""
    pins = Path(settings.BASE_DIR) / "constraints.txt"
    if not pins.exists():
        yield fine(
            "python", f"Python {platform.python_version()}; constraints.txt is not here to compare packages with"
        )
        return
    others = []
    for name, pinned in re.findall(r"^([\w.-]+)==(\S+)$", pins.read_text(), re.MULTILINE):
        try:
            installed = version(name)
        except PackageNotFoundError:
            # Of an extra that is not installed.
            continue
        if installed.split("+")[0] != pinned:
            others.append(f"{name} {installed} (tested: {pinned})")
    if others:
        more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
        yield warning(
            "python",
            f"packages of other versions than were tested: {', '.join(others[:SHOWN])}{more}",
            "pip install -c constraints.txt '.'",
        )
    else:
        yield fine("python", f"Python {platform.python_version()}, every package as tested")


def check_settings() -> Iterator[Finding]:
    """Django's own checks, those for a deployment where others than this machine may ask, and what only Vitrine knows."""
    is_public = bool(public_hosts())
    messages = checks.run_checks(include_deployment_checks=is_public)
    for message in messages:
        hint = message.hint or "See the Django documentation of this check."
        if message.level >= checks.ERROR:
            yield problem("settings", f"{message.id}: {message.msg}", hint)
        elif message.level >= checks.WARNING and not message.is_silenced():
            yield warning("settings", f"{message.id}: {message.msg}", hint)
    if settings.DEMO and is_public:
        yield problem(
            "settings",
            f"demo mode answers to {', '.join(public_hosts())}: its keys are known to everybody",
            "Unset VITRINE_DEMO, delete the demo's keys and user in the admin, or take the host out of ALLOWED_HOSTS.",
        )
    if settings.DEBUG and is_public:
        yield problem("settings", "DEBUG shows settings and code to whoever causes an error", "Unset DEBUG.")
    if is_public and not settings.HTTPS:
        yield problem("settings", "HTTPS is off: keys and sessions travel in the open", "Set HTTPS=1 behind TLS.")
    if is_public and not settings.METRICS_TOKEN:
        yield warning(
            "settings",
            "/metrics answers this machine alone: no Prometheus elsewhere can read it",
            "Set METRICS_TOKEN to a long random text, and give it to Prometheus.",
        )
    if not settings.METRICS_DIR:
        yield warning(
            "settings", "/metrics counts one web process alone", "Set METRICS_DIR to a folder on this machine."
        )
    if not messages:
        where = f"for {', '.join(public_hosts())}" if is_public else "for this machine alone"
        yield fine("settings", f"no complaint, {where}")


def check_hosts() -> Iterator[Finding]:
    """Whether the public names lead somewhere, and how long their certificate lasts."""
    names = [name for name in public_hosts() if "*" not in name]
    if "*" in settings.ALLOWED_HOSTS:
        yield warning("hosts", "ALLOWED_HOSTS allows any name", "Name the hosts that are yours.")
    if not names:
        yield fine("hosts", "this machine alone")
        return
    if not settings.HTTPS:
        return
    for name in names:
        host = name.removeprefix(".")
        # A name without a dot is one inside a container network: no certificate is made out for it.
        if "." in host:
            yield _certificate(host)


def _certificate(host: str) -> Finding:
    context = ssl.create_default_context()
    try:
        with (
            socket.create_connection((host, 443), timeout=CONNECT_TIMEOUT_S) as plain,
            context.wrap_socket(plain, server_hostname=host) as secured,
        ):
            expires = str((secured.getpeercert() or {})["notAfter"])
    except ssl.SSLCertVerificationError as error:
        return problem("hosts", f"{host}: {error.verify_message}", "Renew the certificate on the proxy.")
    except (OSError, KeyError) as error:
        return warning("hosts", f"https://{host} is not reached from here ({error})", "Look from outside, too.")
    left = datetime.fromtimestamp(ssl.cert_time_to_seconds(expires), UTC) - datetime.now(UTC)
    if left.days < CERTIFICATE_DAYS:
        return warning("hosts", f"{host}: the certificate ends in {left.days} days", "Renew it on the proxy.")
    return fine("hosts", f"{host}: the certificate lasts {left.days} days")
