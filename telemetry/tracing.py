"""Spans of OpenTelemetry, and nothing at all where they are off: then `span` gives one object that does nothing.

The packages of the extra `tracing` are imported by `set_up` alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.instrumentation.instrumentor import (  # type: ignore[attr-defined]  # it names no __all__
        BaseInstrumentor,
    )
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span, Tracer


class _Nothing:
    """The span of a process that keeps none."""

    __slots__ = ()

    def __enter__(self) -> _Nothing:
        return self

    def __exit__(self, *args: object) -> None:
        return None

    def set_attribute(self, name: str, value: object) -> None:
        """Keep nothing."""

    def update_name(self, name: str) -> None:
        """Keep nothing."""


_NOTHING = _Nothing()
_provider: TracerProvider | None = None
_tracer: Tracer | None = None
# What has its calls watched from outside: Postgres' and Redis' clients.
_instrumentors: list[BaseInstrumentor] = []


class TracingError(RuntimeError):
    """Traces are asked for and cannot be made; the message says what to install."""


def set_up(*, service: str, endpoint: str, share: float = 1.0) -> None:
    """Send this process's spans to an OTLP/HTTP endpoint, `share` of the traces; without an endpoint, do nothing.

    To be called after a fork, in the process that works. Raises `TracingError`.
    """
    if not endpoint:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
        from opentelemetry.instrumentation.redis import RedisInstrumentor
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise TracingError(
            f"OTEL_EXPORTER_OTLP_ENDPOINT is set and {error.name} is missing: pip install -c constraints.txt '.[tracing]'"
        ) from error
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    provider = _install(BatchSpanProcessor(exporter), service=service, share=share)
    for instrumentor in (PsycopgInstrumentor(), RedisInstrumentor()):
        instrumentor.instrument(tracer_provider=provider)
        _instrumentors.append(instrumentor)


def set_up_with(exporter: SpanExporter) -> None:
    """Give every span to this exporter as it ends, for tests."""
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    _install(SimpleSpanProcessor(exporter), service="test", share=1.0)


def _install(processor: SpanProcessor, *, service: str, share: float) -> TracerProvider:
    global _provider, _tracer
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

    provider = TracerProvider(
        resource=Resource.create({"service.name": service}), sampler=ParentBasedTraceIdRatio(share)
    )
    provider.add_span_processor(processor)
    _provider, _tracer = provider, provider.get_tracer("vitrine")
    return provider


def shut_down() -> None:
    """Send what waits, and make no more spans."""
    global _provider, _tracer
    while _instrumentors:
        _instrumentors.pop().uninstrument()
    if _provider is not None:
        _provider.shutdown()
    _provider = _tracer = None


def span(name: str, /, **attributes: str | int | float | bool) -> AbstractContextManager[Span | _Nothing]:
    """A span around the block, below the present one; an error that passes through is recorded."""
    if _tracer is None:
        return _NOTHING
    return _tracer.start_as_current_span(name, attributes=attributes)


def is_on() -> bool:
    """Whether this process makes spans."""
    return _tracer is not None


def server_span(name: str, carrier: Mapping[str, str]) -> AbstractContextManager[Span | _Nothing]:
    """The span of a request or task, below the caller's where the carrier holds a `traceparent`."""
    if _tracer is None:
        return _NOTHING
    from opentelemetry.propagate import extract
    from opentelemetry.trace import SpanKind

    context = extract(carrier) if carrier else None
    return _tracer.start_as_current_span(name, context=context, kind=SpanKind.SERVER)


@contextmanager
def unrecorded() -> Iterator[_Nothing]:
    """No span of what happens inside is kept: a sweep each second that finds nothing is no story."""
    if _tracer is None:
        yield _NOTHING
        return
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, use_span

    # A valid parent that is not sampled: whatever would be made below it is not sampled either.
    with use_span(NonRecordingSpan(SpanContext(1, 1, is_remote=False, trace_flags=TraceFlags(0)))):
        yield _NOTHING


def carried() -> dict[str, str]:
    """What another process needs to go on with this trace; empty where there is none."""
    carrier: dict[str, str] = {}
    if _tracer is not None:
        from opentelemetry.propagate import inject

        inject(carrier)
    return carrier


def trace_id() -> str:
    """The present trace's id in hexadecimal, or an empty text."""
    if _tracer is None:
        return ""
    from opentelemetry.trace import format_trace_id, get_current_span

    context = get_current_span().get_span_context()
    return format_trace_id(context.trace_id) if context.is_valid and context.trace_flags.sampled else ""
