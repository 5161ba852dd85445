"""Every error that the search package raises on purpose, in one table; `search.api.errors` maps it to HTTP.

Only `IndexUnavailable` and `EncoderUnavailable` are retryable: everything else is the caller's input or a bug.
"""

from __future__ import annotations


class SearchError(Exception):
    """Base of the package's errors. `code` is stable and public, `field` names the offending input if there is one."""

    code = "search_error"

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class InvalidQuery(SearchError):
    """The request cannot be understood; the message names the value and the fix."""

    code = "invalid_query"


class InvalidImage(InvalidQuery):
    """Bytes that are not an image we accept; the message says why."""

    code = "invalid_image"


class InvalidIndex(SearchError):
    """An index that this engine cannot build honestly (IVF_PQ on Milvus Lite, an unknown type, a wrong dimension)."""

    code = "invalid_index"


class InvalidVectors(SearchError):
    """A file of vectors that cannot be taken: none of ours, damaged, or of another encoder; the message says which."""

    code = "invalid_vectors"


class IndexUnavailable(SearchError):
    """Milvus does not answer, or has no live collection. Retryable."""

    code = "index_unavailable"


class EncoderUnavailable(SearchError):
    """The CLIP model cannot be loaded or run. Retryable; the message names the fix."""

    code = "encoder_unavailable"


class EncoderBusy(EncoderUnavailable):
    """Too many others are being encoded. Retryable, in a moment."""

    code = "overloaded"


class EncoderMismatch(SearchError):
    """A query's vectors are of another model than the index that was to be searched: its answer would mean nothing."""

    code = "encoder_mismatch"


class VersionRefused(SearchError):
    """An index version may not become what was asked for; `reasons` names everything that stands against it."""

    code = "version_refused"

    def __init__(self, message: str, *, reasons: tuple[str, ...] = ()) -> None:
        super().__init__("\n".join([message, *(f"- {reason}" for reason in reasons)]))
        self.reasons = reasons
