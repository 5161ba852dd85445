"""What index versions take and give over REST, and the OpenAPI description of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers

from catalog.api.examples import IDEMPOTENCY_KEY
from search.api.fields import StrictSerializer
from search.models import VersionState
from search.upgrading.records import ChangeKind, JobState

View = TypeVar("View", bound=Callable[..., Any])

_TAGS = ["indexes"]


def _parameters(help_text: str) -> serializers.DictField:
    """Their names and ranges are checked where they are known (search.milvus.indexes)."""
    return serializers.DictField(child=serializers.IntegerField(), required=False, help_text=help_text)


class BuildIn(StrictSerializer):
    encoder = serializers.CharField(required=False, max_length=300, help_text="One of INDEX_ENCODERS; ENCODER_MODEL.")
    index_type = serializers.CharField(required=False, max_length=20, help_text="AUTO, FLAT, HNSW or IVF_PQ.")
    index_params = _parameters("Such as M and efConstruction.")
    search_params = _parameters("Such as ef or nprobe.")


class PromoteIn(StrictSerializer):
    force = serializers.BooleanField(required=False, help_text="Past gates that do not hold; needs a reason.")
    reason = serializers.CharField(required=False, allow_blank=True, max_length=1000)


class RollbackIn(StrictSerializer):
    reason = serializers.CharField(required=False, allow_blank=True, max_length=1000)


class ProgressOut(serializers.Serializer[Any]):
    images = serializers.IntegerField()
    done = serializers.IntegerField(help_text="Photos in step with the catalogue.")
    refused = serializers.IntegerField(help_text="Photos with an error of their own.")
    per_s = serializers.FloatField()
    left_s = serializers.FloatField(allow_null=True)


class GateOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    is_passed = serializers.BooleanField()
    detail = serializers.CharField()
    fix = serializers.CharField(allow_blank=True)


class ChangeOut(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=ChangeKind.choices)
    state = serializers.ChoiceField(choices=JobState.choices)
    message = serializers.CharField(allow_blank=True)
    gates = GateOut(many=True)
    is_forced = serializers.BooleanField()
    reason = serializers.CharField(allow_blank=True)
    asked_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class AskedOut(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=JobState.choices)
    message = serializers.CharField(allow_blank=True)


class IndexVersionOut(serializers.Serializer[Any]):
    """One version of the index."""

    id = serializers.IntegerField()
    collection = serializers.CharField()
    state = serializers.ChoiceField(choices=VersionState.choices)
    model = serializers.CharField()
    fingerprint = serializers.CharField(
        help_text="Of the encoder's weights: only its own queries may ask this version."
    )
    dimension = serializers.IntegerField()
    index_type = serializers.CharField()
    index_params = serializers.DictField(child=serializers.IntegerField())
    search_params = serializers.DictField(child=serializers.IntegerField())
    progress = ProgressOut(allow_null=True)
    is_filled = serializers.BooleanField(help_text="It holds the whole catalogue.")
    is_prepared = serializers.BooleanField(help_text="Calibrations and the like exist for its encoder.")
    build_share = serializers.FloatField(allow_null=True, help_text="Of a worker's time that the build may take now.")
    lag_seconds = serializers.FloatField(allow_null=True)
    created_at = serializers.DateTimeField()
    promoted_at = serializers.DateTimeField(allow_null=True)
    demoted_at = serializers.DateTimeField(allow_null=True)
    retired_at = serializers.DateTimeField(allow_null=True)


class IndexVersionDetailOut(IndexVersionOut):
    change = ChangeOut(allow_null=True, help_text="What was done with it last, or is being done.")
    comparison = AskedOut(allow_null=True)


class IndexVersionListOut(serializers.Serializer[Any]):
    found = serializers.IntegerField()
    indexes = IndexVersionOut(many=True)


class ComparisonOut(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=JobState.choices)
    message = serializers.CharField(allow_blank=True)
    version = serializers.CharField()
    baseline = serializers.CharField(help_text="The version that was live.")
    steps_done = serializers.IntegerField()
    steps = serializers.IntegerField()
    figures = serializers.DictField(
        help_text="overlap, judged, recall, latency_ms and size; before is the live version."
    )
    samples = serializers.ListField(child=serializers.DictField(), help_text="Questions with both answers.")
    asked_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


def _operation(name: str, summary: str, **facts: Any) -> Callable[[View], View]:
    return extend_schema(operation_id=f"indexes_{name}", summary=summary, tags=_TAGS, **facts)


listed = _operation("list", "List index versions", responses={200: IndexVersionListOut})
built = _operation(
    "build",
    "Build another version",
    parameters=[IDEMPOTENCY_KEY],
    request=BuildIn,
    responses={202: IndexVersionDetailOut},
    examples=[
        OpenApiExample("Another encoder", value={"encoder": "clip-ViT-B-32", "index_type": "HNSW"}, request_only=True)
    ],
)
read = _operation("read", "Read a version and how far it is", responses={200: IndexVersionDetailOut})
retired = _operation("retire", "Retire a version: it is dropped later", responses={202: IndexVersionDetailOut})
comparison = _operation("comparison", "Read a version's newest comparison", responses={200: ComparisonOut})
compared = _operation("compare", "Compare a version with the live one", request=None, responses={202: ComparisonOut})
promoted = _operation("promote", "Promote a version through its gates", request=PromoteIn, responses={202: ChangeOut})
rolled_back = _operation(
    "rollback",
    "Leave the live version for the one before it",
    request=RollbackIn,
    responses={200: IndexVersionDetailOut},
)
