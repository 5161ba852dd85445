"""Events over HTTP: their shape, what is answered, and the erasure of a visitor's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from drf_spectacular.utils import OpenApiExample, PolymorphicProxySerializer, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.models import Product, Store
from catalog.models.keys import KeyKind
from search.api.auth import request_key
from search.api.errors import field_errors
from search.api.fields import ID, VISITOR, StrictSerializer
from search.api.parsers import BoundedJSONParser
from search.api.throttling import EventRateThrottle
from search.errors import InvalidQuery
from search.events.recording import NewEvent, Recorded, record_events
from search.events.records import EventKind
from telemetry.metrics import EVENTS

MAX_EVENTS = 100
MAX_POSITION = 10_000


class EventIn(StrictSerializer):
    """One event. The same `id` again is the same event, and changes nothing."""

    id = serializers.CharField(max_length=64, validators=[ID], help_text="The client's own, such as a UUID.")
    type = serializers.ChoiceField(choices=EventKind.values)
    product = serializers.CharField(max_length=120, help_text="The sku.")
    search_id = serializers.CharField(
        required=False, allow_blank=True, max_length=64, help_text="Of the answer in which the product was a hit."
    )
    position = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MAX_POSITION, help_text="Among all hits, from 1."
    )
    visitor = serializers.CharField(
        required=False,
        max_length=64,
        validators=[VISITOR],
        help_text="A random pseudonym, never a name or an address.",
    )
    value = serializers.DecimalField(
        required=False,
        allow_null=True,
        max_digits=14,
        decimal_places=4,
        min_value=0,
        help_text="What it was worth, in the store's currency.",
    )
    occurred_at = serializers.DateTimeField(required=False, allow_null=True, help_text="Now, or in the last 48 hours.")


class EventsIn(StrictSerializer):
    """Several events. A wrong one is refused by itself."""

    events = serializers.ListField(child=EventIn(), min_length=1, max_length=MAX_EVENTS)


class RecordedOut(serializers.Serializer[Recorded]):
    id = serializers.CharField(source="event_id")
    status = serializers.ChoiceField(choices=["accepted", "duplicate", "refused"])
    field = serializers.CharField(required=False, help_text="What is wrong with a refused one.")
    message = serializers.CharField(required=False)


class EventsOut(serializers.Serializer[Any]):
    accepted = serializers.IntegerField()
    duplicate = serializers.IntegerField(help_text="Known already: nothing was changed.")
    refused = serializers.IntegerField()
    results = RecordedOut(many=True, help_text="In the order of the events.")


_EXAMPLE = OpenApiExample(
    "A click and a purchase",
    value={
        "events": [
            {
                "id": "3f0c7c1e-6a51-4d0e-9a55-0c9a35b0f2aa",
                "type": "click",
                "product": "DRESS-1",
                "search_id": "0ZyKkUqk3x3vS3mVwq1J9g",
                "position": 3,
                "visitor": "v-8c1f0f2b",
            },
            {"id": "order-1001-1", "type": "purchase", "product": "DRESS-1", "value": "39.90"},
        ]
    },
    request_only=True,
)


class EventsView(APIView):
    """What shoppers did with what a search found."""

    parser_classes = (BoundedJSONParser,)
    throttle_classes = (EventRateThrottle,)

    @extend_schema(
        operation_id="record_events",
        summary="Say what shoppers did with what a search found",
        tags=["events"],
        request=PolymorphicProxySerializer(
            component_name="EventOrEvents", serializers=[EventIn, EventsIn], resource_type_field_name=None
        ),
        responses={202: EventsOut},
        examples=[_EXAMPLE],
    )
    def post(self, request: Request) -> Response:
        key = request_key(request)
        sees_hidden = key.kind == KeyKind.SECRET
        recorded = events_request(key.store, stated_events(request.data), sees_hidden=sees_hidden)
        return Response(answer_of(recorded), status=status.HTTP_202_ACCEPTED)


def stated_events(data: Any) -> Sequence[Any]:
    """The events of a body: one event, or `{"events": [...]}`. Raises `ParseError` or `InvalidQuery` for another shape."""
    if not isinstance(data, Mapping):
        raise ParseError('Send one event as a JSON object, or {"events": [...]}.')
    if "events" not in data:
        return [dict(data)]
    strange = [str(name)[:60] for name in data if name != "events"]
    if strange:
        raise InvalidQuery(f"Unknown parameter {strange[0]!r} beside events.", field=strange[0])
    return _list_of(data["events"])


def events_request(store: Store, stated: Sequence[Any], *, sees_hidden: bool = False) -> list[Recorded]:
    """Check and keep the events: what the API and the shop page both call. One bad event refuses itself alone.

    Without `sees_hidden` a hidden product is as unknown as one that there is not. Raises `InvalidQuery` for more than
    `MAX_EVENTS`, and Django's `OperationalError` where Postgres does not answer.
    """
    checked = [_checked(event) for event in _list_of(stated)]
    known = Product.objects.filter(store=store)
    fresh = [event for event in checked if isinstance(event, NewEvent)]
    kept = iter(record_events(store, fresh, known=known if sees_hidden else known.published()))
    recorded = [next(kept) if isinstance(event, NewEvent) else event for event in checked]
    for event, one in zip(checked, recorded, strict=True):
        EVENTS.labels(event.kind if isinstance(event, NewEvent) else "unreadable", one.status).inc()
    return recorded


def answer_of(recorded: Sequence[Recorded]) -> dict[str, Any]:
    """The JSON that says what became of each event."""
    counts = Counter(one.status for one in recorded)
    results = [
        {"id": one.event_id, "status": one.status}
        | ({"field": one.field, "message": one.message} if one.status == "refused" else {})
        for one in recorded
    ]
    return {name: counts[name] for name in ("accepted", "duplicate", "refused")} | {"results": results}


def _list_of(events: Any) -> Sequence[Any]:
    if not isinstance(events, list) or not events:
        raise InvalidQuery("events must be a list with at least one event.", field="events")
    if len(events) > MAX_EVENTS:
        raise InvalidQuery(
            f"{len(events):,} events at once; at most {MAX_EVENTS} are taken: send several.", field="events"
        )
    return events


def _checked(stated: Any) -> NewEvent | Recorded:
    serializer = EventIn(data=stated)
    if not serializer.is_valid():
        first = field_errors(serializer.errors)[0]
        return Recorded(_id_of(stated), "refused", first.field, first.message)
    known = serializer.validated_data
    return NewEvent(
        event_id=known["id"],
        kind=known["type"],
        sku=known["product"],
        search_id=known.get("search_id", ""),
        position=known.get("position"),
        visitor=known.get("visitor", ""),
        value=known.get("value"),
        occurred_at=known.get("occurred_at"),
    )


def _id_of(stated: Any) -> str:
    """What the client may know a refused event by."""
    name = stated.get("id") if isinstance(stated, Mapping) else None
    return str(name)[:64] if isinstance(name, str | int) else ""
