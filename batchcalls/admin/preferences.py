"""A person's own preferences: the time zone of all times, and keyboard shortcuts."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from functools import cache
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from batchcalls.admin.actor import actor_of
from batchcalls.models import Preferences, preferences_of

#: Zones of places; the database also has abbreviations and names of former times.
_AREAS = (
    *("America", "Europe", "Asia", "Africa", "Australia", "Pacific", "Atlantic", "Indian"),
    "Antarctica",
)
#: What people in the US choose from most.
_FREQUENT = (
    *("America/New_York", "America/Chicago", "America/Denver", "America/Phoenix"),
    *("America/Los_Angeles", "America/Anchorage", "Pacific/Honolulu", "UTC"),
)


class PreferencesForm(forms.ModelForm[Preferences]):
    time_zone = forms.ChoiceField(
        label="Time zone",
        required=False,
        help_text="All times are shown in this time zone, and days begin and end in it.",
    )

    class Meta:
        model = Preferences
        fields = ["time_zone", "shortcuts"]
        labels = {"shortcuts": "Keyboard shortcuts"}
        help_texts = {"shortcuts": "Press ? on any page to see them."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["time_zone"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        site = timezone.get_default_timezone_name()
        field.choices = [("", f"Site default ({site})"), *_zones()]


@cache
def _zones() -> tuple[tuple[str, list[tuple[str, str]]], ...]:
    """Return the time zones by area, those that are chosen most first."""
    return tuple(_groups())


def _groups() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    yield "Frequent", [(name, name.replace("_", " ")) for name in _FREQUENT]
    names = sorted(zoneinfo.available_timezones() - set(_FREQUENT))
    for area in _AREAS:
        found = [name for name in names if name.startswith(f"{area}/")]
        yield area, [(name, name.partition("/")[2].replace("_", " ")) for name in found]


@require_http_methods(["GET", "HEAD", "POST"])
def preferences_view(request: HttpRequest) -> HttpResponse:
    """Show and store the preferences of the person who is signed in."""
    mine = preferences_of(actor_of(request))
    form = PreferencesForm(request.POST if request.method == "POST" else None, instance=mine)
    if form.is_valid():
        form.save()
        messages.success(request, "Your preferences were saved.")
        return redirect("admin:preferences")
    context = {
        **admin.site.each_context(request),
        "title": "Preferences",
        "subtitle": "For your account only, on every device.",
        "form": form,
        "now": timezone.localtime(),
    }
    return TemplateResponse(request, "admin/preferences.html", context)
