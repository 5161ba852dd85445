"""Index versions in the admin: how far each is, the comparison with its samples, and buttons behind a confirmation.

Versions are shared by all stores: whoever may see them sees their state; acting on them, and the samples of all stores, need
the permission `search.manage_indexversions`.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from catalog.admin.decorators import display
from catalog.admin.scope import ReadOnlyAdmin
from search import versions
from search.errors import SearchError
from search.models import IndexVersion, VersionState
from search.upgrading import jobs, promotion
from search.upgrading.building import progress_of, start_build
from search.upgrading.forms import ACTS, BuildForm, ReasonForm
from search.upgrading.gates import quick_gates
from search.upgrading.records import JobState
from search.upgrading.showing import shown_samples
from search.upgrading.telling import figure_rows

PERMISSION = "search.manage_indexversions"
_STATES = {"live": "success", "building": "info", "standby": "primary", "retired": "warning"}


@admin.register(IndexVersion)
class IndexVersionAdmin(ReadOnlyAdmin):
    list_display = ["collection", "shown_state", "index_type", "dimension", "shown_encoder", "shown_lag", "promoted_at"]
    list_filter = ["state"]
    list_before_template = "search/versions/list_before.html"

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        name = "search_indexversion_{}".format
        return [
            path("build/", view(self.build_page), name=name("build")),
            path("<int:pk>/progress/", view(self.progress_part), name=name("progress")),
            path("<int:pk>/compare/", view(self.compare_act), name=name("compare")),
            *(path(f"<int:pk>/{act}/", view(self.act_page), {"act": act}, name=name(act)) for act in ACTS),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {**(extra_context or {}), "may_manage": may_manage(request)})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The version's own page instead of a form that nobody may change."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self._page(request, "version", _version_context(_version(object_id), may_manage(request)))

    def build_page(self, request: HttpRequest) -> HttpResponse:
        """What to build; a POST plans it, and the workers begin."""
        _require(request)
        form = BuildForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                version = start_build(**form.asked)
            except SearchError as error:
                form.add_error(None, error.message)
            else:
                promotion.record_build(version, by=_who(request))
                messages.success(request, f"{version.collection} is being built. Searches go on meanwhile.")
                return _to(version)
        return self._page(request, "build", {"form": form, "title": "Build a version"})

    def progress_part(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The bar alone, which the page asks for again while something moves."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return TemplateResponse(request, "search/versions/_progress.html", _progress_context(_version(str(pk))))

    def compare_act(self, request: HttpRequest, pk: int) -> HttpResponse:
        _require(request)
        if request.method != "POST":
            return _to(_version(str(pk)))
        return _acted(
            request, pk, lambda version: jobs.ask_comparison(version, by=_who(request)), "It is compared now."
        )

    def act_page(self, request: HttpRequest, pk: int, act: str) -> HttpResponse:
        """The confirmation of an act and, posted, the act itself."""
        _require(request)
        version = _version(str(pk))
        form = ReasonForm(request.POST or None, may_force=ACTS[act].may_be_forced)
        if request.method == "POST" and form.is_valid():
            return _acted(request, pk, lambda one: _act(request, act, one, form), ACTS[act].done)
        live = IndexVersion.objects.filter(state=VersionState.LIVE).first()
        context = {
            "form": form,
            "act": ACTS[act],
            "version": version,
            "title": ACTS[act].question,
            "gates": quick_gates(version, live) if act == "promote" else [],
            "standby": versions.standby_version() if act == "rollback" else None,
            "live": live,
        }
        return self._page(request, "confirm", context)

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        site = {**self.admin_site.each_context(request), "opts": self.model._meta}
        return TemplateResponse(request, f"search/versions/{name}.html", {**site, **context})

    @display(description="state", ordering="state", label=_STATES)
    def shown_state(self, version: IndexVersion) -> str:
        return version.state

    @display(description="encoder", ordering="encoder")
    def shown_encoder(self, version: IndexVersion) -> str:
        return version.model_name

    @display(description="behind by")
    def shown_lag(self, version: IndexVersion) -> str:
        lag = version.lag_seconds
        return "-" if lag is None or version.state == VersionState.RETIRED else f"{lag:,.0f} s"


def may_manage(request: HttpRequest) -> bool:
    """Whether this person may act on what all stores share."""
    return bool(request.user.is_staff and request.user.has_perm(PERMISSION))


def _require(request: HttpRequest) -> None:
    if not may_manage(request):
        raise PermissionDenied


def _who(request: HttpRequest) -> str:
    user = request.user
    return f"{user.get_username()}{' (superuser)' if getattr(user, 'is_superuser', False) else ''}"[:200]


def _act(request: HttpRequest, act: str, version: IndexVersion, form: ReasonForm) -> None:
    by, reason, is_forced = _who(request), form.cleaned_data["reason"], form.cleaned_data.get("force", False)
    if act == "promote":
        jobs.ask_promotion(version, by=by, reason=reason, is_forced=is_forced)
    elif act == "rollback":
        promotion.rollback(version, by=by, reason=reason)
    else:
        promotion.retire(version, by=by, reason=reason)


def _acted(request: HttpRequest, pk: int, act: Any, done: str) -> HttpResponse:
    version = _version(str(pk))
    try:
        act(version)
    except SearchError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, done)
    return _to(version)


def _to(version: IndexVersion) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("admin:search_indexversion_change", args=[version.pk]))


def _version(pk: str) -> IndexVersion:
    found = IndexVersion.objects.filter(pk=int(pk)).first() if pk.isdecimal() and len(pk) < 19 else None
    if found is None:
        raise Http404("There is no such version; it may have been dropped.")
    return found


def _progress_context(version: IndexVersion) -> dict[str, Any]:
    progress = progress_of(version)
    comparison = version.comparisons.first()
    change = version.changes.first()
    is_asked = any(
        row is not None and row.state in (JobState.WAITING, JobState.RUNNING) for row in (comparison, change)
    )
    return {
        "version": version,
        "progress": progress,
        # Whole numbers, whatever the language puts before the decimals: they are widths too.
        "percent": int(100 * progress.share),
        "left": _duration(progress.left_s),
        "share_percent": round(100 * (version.build_share or 0)),
        "comparison": comparison,
        "compared_percent": round(100 * comparison.steps_done / comparison.steps)
        if comparison and comparison.steps
        else 0,
        "change": change,
        "is_moving": is_asked or (version.state == VersionState.BUILDING and version.filled_at is None),
        "is_done": version.filled_at is not None or version.promoted_at is not None,
    }


def _duration(seconds: float | None) -> str:
    """Roughly: people plan by minutes and hours."""
    if seconds is None:
        return "an unknown time"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def _version_context(version: IndexVersion, is_managed: bool) -> dict[str, Any]:
    done = version.comparisons.filter(state=JobState.DONE).first()
    return {
        **_progress_context(version),
        "title": version.collection,
        "may_manage": is_managed,
        "facts": _facts(version),
        "done": done,
        # A judged set's name says what a store is about.
        "figures": figure_rows(done.figures) if done and is_managed else [],
        "samples": shown_samples(done.samples) if done and is_managed else [],
        "changes": version.changes.all()[:20],
        "acts": [one for name, one in ACTS.items() if version.state in one.states] if is_managed else [],
        "may_compare": is_managed and version.state in (VersionState.BUILDING, VersionState.STANDBY),
    }


def _facts(version: IndexVersion) -> list[tuple[str, Any]]:
    return [
        ("State", version.state),
        ("Encoder", f"{version.model_name}, fingerprint {version.fingerprint}"),
        ("Index", f"{version.index_type}, {version.dimension} dimensions"),
        ("Parameters", {**version.index_params, **version.search_params} or "none"),
        ("Behind by", "-" if version.lag_seconds is None else f"{version.lag_seconds:,.0f} s"),
        ("Made", version.created_at),
        ("Live since", version.promoted_at or "-"),
        ("Retired", version.retired_at or "-"),
    ]
