"""What merchandising rules say to shoppers: a banner's JSON, as far as a page may show it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.core.files.storage import default_storage

MAX_BANNERS = 3
MAX_TITLE_LENGTH = 120
MAX_TEXT_LENGTH = 400


@dataclass(frozen=True, slots=True)
class Banner:
    """Plain text and safe addresses; `image` is one that the page's policy loads. Any of them may be empty."""

    title: str
    text: str
    url: str
    image: str


def banners(stated: Iterable[Mapping[str, Any]]) -> tuple[Banner, ...]:
    """Those of the stated objects that have a `title`, a `text` or an `image`; a shop may keep any other keys in them."""
    found = (_banner(one) for one in stated)
    return tuple(one for one in found if one.title or one.text or one.image)[:MAX_BANNERS]


def _banner(stated: Mapping[str, Any]) -> Banner:
    return Banner(
        title=_text(stated.get("title"))[:MAX_TITLE_LENGTH],
        text=_text(stated.get("text"))[:MAX_TEXT_LENGTH],
        url=_link(_text(stated.get("url"))),
        image=_image(_text(stated.get("image"))),
    )


def _text(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _link(url: str) -> str:
    """The address if it is one of the web or of this site; a browser reads a backslash as a slash."""
    if url.startswith(("/", "?")) and not url.replace("\\", "/").startswith("//"):
        return url
    return url if url.lower().startswith(("https://", "http://")) else ""


def _image(url: str) -> str:
    """The address if it is this site's or the media storage's: no other may learn who looks at a page."""
    link = _link(url)
    if not link or link.startswith("/"):
        return link
    try:
        host = urlsplit(link)[:2]
    except ValueError:
        return ""
    return link if host == urlsplit(default_storage.url("photo"))[:2] else ""
