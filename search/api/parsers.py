"""Request bodies: bounded before they are read, and every unreadable one a 400 rather than an exception of a parser."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request

from catalog.api.requests import BodyTooLarge


class LengthRequired(APIException):
    """A body of unknown length."""

    status_code = 411
    default_code = "length_required"


class BoundedJSONParser(JSONParser):
    """JSON of at most `DATA_UPLOAD_MAX_MEMORY_SIZE` bytes; DRF's own reads whatever comes."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        refuse_large_body(parser_context)
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error


class BoundedMultiPartParser(MultiPartParser):
    """A form of at most `DATA_UPLOAD_MAX_MEMORY_SIZE` bytes with its files; Django's limit leaves the files out."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        refuse_large_body(parser_context)
        return super().parse(stream, media_type, parser_context)


def refuse_large_body(parser_context: Mapping[str, Any] | None) -> None:
    """Raise `BodyTooLarge` by the announced length, which the server holds the client to."""
    request = (parser_context or {}).get("request")
    announced = str(request.META.get("CONTENT_LENGTH") or "") if request is not None else ""
    limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if announced.isdecimal() and (len(announced) > 18 or int(announced) > limit):
        raise BodyTooLarge(f"The body has {announced[:18]} bytes; at most {limit:,} are accepted. Send less at once.")


def posted(request: Request) -> tuple[dict[str, Any], bytes | None]:
    """The fields of a JSON or form request, and the bytes of its file part `image` if there is one.

    In a form, `query` may hold a JSON object with any fields of the JSON request, and `box` belongs to the file.
    Raises `ParseError`, `ValidationError` or `LengthRequired`.
    """
    if "Transfer-Encoding" in request.headers and not request.META.get("CONTENT_LENGTH"):
        # WSGI would read it as no body at all, and an empty search browses.
        raise LengthRequired("Send the body with a Content-Length, not in chunks.")
    data = request.data
    if not isinstance(data, QueryDict):
        if not isinstance(data, Mapping):
            raise ParseError(f"The body must be a JSON object, not {_kind_of(data)}.")
        return dict(data), None
    strange = sorted(set(request.FILES) - {"image"})
    if strange:
        raise ValidationError({strange[0]: ["Unknown file part: send the photo as the part image."]})
    if len(request.FILES.getlist("image")) > 1:
        raise ValidationError({"image": ["Send one photo at a time."]})
    photo = request.FILES.get("image")
    fields = {name: value for name, value in single_values(data).items() if name not in request.FILES}
    return _form_fields(fields), _bytes_of(photo) if photo is not None else None


def single_values(data: QueryDict) -> dict[str, Any]:
    """Each parameter's one value. Raises `ValidationError` for a repeated one."""
    repeated = [name for name, values in data.lists() if len(values) > 1]
    if repeated:
        raise ValidationError({repeated[0]: ["Given more than once: give it once, its values separated by commas."]})
    return {name: values[0] for name, values in data.lists() if values}


def _form_fields(fields: dict[str, Any]) -> dict[str, Any]:
    fields = dict(fields)
    text = fields.pop("query", None)
    if text is not None:
        try:
            stated = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValidationError({"query": ["This part must hold a JSON object."]}) from error
        if not isinstance(stated, dict):
            raise ValidationError({"query": [f"This part must hold a JSON object, not {_kind_of(stated)}."]})
        both = sorted(fields.keys() & stated.keys())
        if both:
            raise ValidationError({both[0]: ["Given as a form field and in query: give it once."]})
        fields |= stated
    image = fields.get("image", {})
    if "box" in fields and isinstance(image, dict):
        fields["image"] = {**image, "box": fields.pop("box")}
    return fields


def _bytes_of(photo: UploadedFile[bytes]) -> bytes:
    data: bytes = photo.read()
    return data


def _kind_of(value: object) -> str:
    names = {list: "a list", str: "a string", type(None): "null", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), type(value).__name__)
