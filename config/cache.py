"""How values are written into Redis: numbers, bytes and JSON. Never pickles, which run code for whoever can write there."""

from __future__ import annotations

import json
from typing import Any

_BYTES, _JSON = b"b", b"j"


class PlainSerializer:
    """For Django's Redis cache. Numbers stand as they are, so that Redis can count; dumping another type is a TypeError."""

    def dumps(self, obj: Any) -> bytes | int:
        if type(obj) is int:
            return obj
        if isinstance(obj, bytes | bytearray | memoryview):
            return _BYTES + bytes(obj)
        return _JSON + json.dumps(obj, ensure_ascii=False).encode()

    def loads(self, data: bytes) -> Any:
        kind, body = data[:1], data[1:]
        if kind == _BYTES:
            return body
        return json.loads(body) if kind == _JSON else int(data)
