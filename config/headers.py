"""What a browser may do with our answers: a content security policy for each part of the site, and no device access.

Django's own middleware adds nosniff, Referrer-Policy, COOP and HSTS. The shop page sets its own policy (storefront.security).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from urllib.parse import urlsplit

from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse

PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        *("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer", "microphone"),
        *("midi", "payment", "usb"),
    )
)
# JSON, photos and plain texts need nothing at all: opened by themselves they run nothing and are framed nowhere.
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"


class SecurityHeadersMiddleware:
    """Adds the headers to whatever has none of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Content-Security-Policy", policy_for(request.path_info))
        return response


def policy_for(path: str) -> str:
    """The policy of a page that sets none itself."""
    if path.startswith("/admin/"):
        return admin_policy()
    return _page(images="'self' data:") if path == "/api/docs" else NOTHING


@lru_cache(maxsize=1)
def admin_policy() -> str:
    """Scripts of this site alone, none inside a page. Alpine, which the admin's theme is built on, evaluates expressions in
    attributes (`unsafe-eval`), and the theme's colours and widths are styles in the page."""
    media = urlsplit(default_storage.url("photo"))
    images = f"'self' data: blob: {media.scheme}://{media.netloc}" if media.netloc else "'self' data: blob:"
    return _page(images=images, scripts="'self' 'unsafe-eval'")


def _page(*, images: str, scripts: str = "'self'") -> str:
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",
            f"img-src {images}",
            "font-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )
