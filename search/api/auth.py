"""Who asks: an API key in a header, the store it belongs to, and what it may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import BasePermission

from catalog.models import ApiKey
from catalog.models.keys import KeyKind, find_api_key
from telemetry.work import note_caller

if TYPE_CHECKING:
    # These read the settings, which name this module.
    from rest_framework.request import Request
    from rest_framework.views import APIView


class ApiKeyAuthentication(BaseAuthentication):
    """Reads `X-API-Key: pk_...` or `Authorization: Bearer pk_...`; `request.auth` becomes the key's row.

    There is no user: a key speaks for a store. A session is not accepted, so no request needs a CSRF token.
    """

    def authenticate(self, request: Request) -> tuple[None, ApiKey] | None:
        return key_row(request.headers.get("X-API-Key", "").strip() or _bearer(request))

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="vitrine"'


def key_row(key: str) -> tuple[None, ApiKey] | None:
    """What an authentication answers for this key; None where none was sent. Raises `AuthenticationFailed`."""
    if not key:
        return None
    row = find_api_key(key)
    if row is None:
        raise AuthenticationFailed("The API key is unknown, expired or switched off. Make another in the admin.")
    note_caller(store=row.store.slug, key=f"{'sk' if is_secret(row) else 'pk'}_{row.prefix}")
    return None, row


def _bearer(request: Request) -> str:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""


def request_key(request: Request) -> ApiKey:
    """The key of a request that passed `HasStore`."""
    assert isinstance(request.auth, ApiKey)  # noqa: S101  (the permission refused everything else)
    return request.auth


def owner_of(key: ApiKey) -> str:
    """The name that binds a `search_id` to this key."""
    return f"key:{key.pk}"


def is_secret(key: ApiKey) -> bool:
    """Whether the key may see and set what no page may: hidden products, margins, the weights of signals."""
    return key.kind == KeyKind.SECRET


class HasStore(BasePermission):
    """Any usable key, from a page of its origins where it is bound to some. The default of every view."""

    message = "Give an API key in the X-API-Key header."

    def has_permission(self, request: Request, view: APIView) -> bool:
        key = request.auth
        if not isinstance(key, ApiKey):
            return False
        origin = request.headers.get("Origin", "")
        if key.kind == KeyKind.PUBLISHABLE and key.origins and origin and origin not in key.origins:
            raise PermissionDenied(f"This key may not be used from {origin[:200]}. Add the origin to the key.")
        return True


class HasSecretKey(HasStore):
    """A secret key, which never belongs in a page: for whatever changes the catalogue or the index."""

    message = "This needs a secret key (sk_...); a publishable key only searches."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return super().has_permission(request, view) and is_secret(request_key(request))


class ManagesIndexes(HasSecretKey):
    """A secret key that was given a say in the index versions, which all stores share."""

    message = (
        "Index versions are shared by all stores: this needs a secret key with"
        " “manages the index of all stores”, which a superuser sets in the admin."
    )

    def has_permission(self, request: Request, view: APIView) -> bool:
        return super().has_permission(request, view) and request_key(request).manages_indexes
