"""Who asks in Algolia's protocol: `x-algolia-api-key`, in a header or in the address. The application id is ignored."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.views import APIView

from catalog.models import ApiKey
from catalog.models.keys import KeyKind
from search.api.auth import HasStore, key_row, request_key

NAME = "x-algolia-api-key"


class AlgoliaKeyAuthentication(BaseAuthentication):
    """Browsers send the key in the address: a request without headers of its own needs no preflight."""

    def authenticate(self, request: Request) -> tuple[None, ApiKey] | None:
        return key_row((request.headers.get(NAME, "") or request.query_params.get(NAME, "")).strip())

    def authenticate_header(self, request: Request) -> str:
        return 'Key realm="vitrine"'


class HasPublishableKey(HasStore):
    """A key that may stand in a page. This protocol puts keys into addresses, which are logged: no place for a secret."""

    message = f"Give a publishable key (pk_...) as {NAME}, in a header or in the address."

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not super().has_permission(request, view):
            return False
        if request_key(request).kind != KeyKind.PUBLISHABLE:
            raise PermissionDenied("This is a secret key: use a publishable one (pk_...) here.")
        return True
