"""The admin's forms for index versions, and the acts that need a confirmation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from search.models import VersionState, public_model_name


@dataclass(frozen=True, slots=True)
class Act:
    """Something that can be done with a version: in which states, what is asked before, what it means, and is said after."""

    name: str
    label: str
    states: tuple[str, ...]
    question: str
    meaning: str
    done: str
    may_be_forced: bool = False


ACTS = {
    "promote": Act(
        "promote",
        "Promote",
        (VersionState.BUILDING, VersionState.STANDBY),
        "Promote this version?",
        "If every gate holds, all stores' searches are answered by it from then on. The version that is live now goes on"
        " following the catalogue, so that you can go back at once.",
        "The gates are asked now; this page says what they answer.",
        may_be_forced=True,
    ),
    "rollback": Act(
        "rollback",
        "Roll back",
        (VersionState.LIVE,),
        "Roll back from this version?",
        "All stores' searches are answered by the version before it at once. It has followed the catalogue all along:"
        " nothing is lost. This one then stands by in its place.",
        "The version before is live again.",
    ),
    "retire": Act(
        "retire",
        "Retire",
        (VersionState.BUILDING, VersionState.STANDBY),
        "Retire this version?",
        "It follows the catalogue no more and is dropped within hours. There is no way back but to build another.",
        "It is retired, and dropped within hours.",
    ),
}


class BuildForm(forms.Form):
    """Which encoder and index to build. Parameters are `NAME=NUMBER` with commas."""

    encoder = forms.ChoiceField(widget=UnfoldAdminSelectWidget, help_text="More of them: INDEX_ENCODERS.")
    index_type = forms.ChoiceField(
        widget=UnfoldAdminSelectWidget,
        choices=[(name, name) for name in ("AUTO", "FLAT", "HNSW", "IVF_PQ")],
        help_text="AUTO is FLAT on Milvus Lite and HNSW on a server.",
    )
    index_params = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Such as M=32, efConstruction=400. Empty: the defaults.",
    )
    search_params = forms.CharField(required=False, widget=UnfoldAdminTextInputWidget, help_text="Such as ef=256.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        encoder: Any = self.fields["encoder"]
        encoder.choices = [(name, public_model_name(name)) for name in dict.fromkeys(map(str, settings.INDEX_ENCODERS))]

    def clean_index_params(self) -> dict[str, int]:
        return _numbers(self.cleaned_data["index_params"])

    def clean_search_params(self) -> dict[str, int]:
        return _numbers(self.cleaned_data["search_params"])

    @property
    def asked(self) -> dict[str, Any]:
        """The arguments of `start_build`."""
        data = self.cleaned_data
        return {
            "encoder": data["encoder"],
            "index_type": data["index_type"],
            "build": data["index_params"],
            "search": data["search_params"],
        }


class ReasonForm(forms.Form):
    """Why; and for a promotion whether to go past gates that do not hold."""

    reason = forms.CharField(
        required=False, max_length=1000, widget=UnfoldAdminTextareaWidget, help_text="Kept with what was done."
    )
    force = forms.BooleanField(
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        label="Past the gates",
        help_text="Promote although a gate does not hold. Needs a reason.",
    )

    def __init__(self, *args: Any, may_force: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_force:
            del self.fields["force"]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("force") and not data.get("reason"):
            self.add_error("reason", "Say why the gates do not count this time.")
        return data


def _numbers(text: str) -> dict[str, int]:
    found = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, _, number = part.partition("=")
        if not name.strip() or not number.strip().isdecimal() or len(number.strip()) > 9:
            raise forms.ValidationError(f"“{part[:40]}” is not NAME=NUMBER, such as M=32.")
        found[name.strip()] = int(number)
    return found
