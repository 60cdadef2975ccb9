"""The OpenAPI 3 document of the API, and a page to read it and try it.

They reveal nothing about an installation; `API_DOCS` says who may read them. Scripts and styles
come from this server, and the page sends requests with the key that the reader enters.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from batchcalls.access import api_keys
from batchcalls.api import problem_details
from campaigns.call_settings import REGISTRY, CallSetting, Section
from campaigns.call_settings.describing import MOST_OPTIONS, notes, place_in_words, type_in_words

DATA = "data:"


def for_readers(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Show a view only to those whom `API_DOCS` names."""

    @csrf_exempt
    @wraps(view)
    def read(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method not in {"GET", "HEAD"}:
            # Not by the view, which renders its own media types only.
            text = "This address can only be read."
            refused = problem_details.answer(405, "method_not_allowed", text)
            refused["Allow"] = "GET, HEAD"
            return refused
        if settings.API_DOCS == "off":
            raise Http404("The API is not documented here.")
        secret = api_keys.secret_in(request.headers.get("Authorization", ""))
        if (
            settings.API_DOCS == "public"
            or admin.site.has_permission(request)
            or api_keys.find(secret) is not None
        ):
            return view(request, *args, **kwargs)
        return redirect_to_login(request.get_full_path(), reverse("admin:login"))

    return read


@method_decorator(for_readers, name="dispatch")
class ApiSchema(SpectacularAPIView):
    """The OpenAPI document, as YAML or as JSON."""

    authentication_classes = []
    permission_classes = []


# Its icons are images inside its style sheet.
@method_decorator(csp_update({"img-src": [SELF, DATA]}), name="dispatch")
@method_decorator(for_readers, name="dispatch")
class ApiDocs(SpectacularSwaggerSplitView):
    """The document as a page, with a table of all call settings below it."""

    authentication_classes = []
    permission_classes = []
    url_name = "api:schema"

    @extend_schema(exclude=True)
    def get(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Add the call settings to the context of the page."""
        answer = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
        answer.data["setting_groups"] = list(setting_groups())
        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """One row of the table. ``options`` lists options that the type only counts."""

    name: str
    type: str
    options: str
    default: str
    meaning: str
    place: str


def setting_groups() -> Iterator[tuple[str, list[SettingRow]]]:
    """Yield headings and rows: the parts of a call, then each section, then older settings."""
    entries = REGISTRY.values()
    current = [one for one in entries if not one.structural and not one.legacy]
    yield "Call", [_row(one) for one in entries if one.structural]
    for section in Section:
        yield section.label, [_row(one) for one in current if one.section == section]
    yield "Older settings", [_row(one) for one in entries if one.legacy]


def _row(setting: CallSetting) -> SettingRow:
    many = setting.choices if len(setting.choices) > MOST_OPTIONS else ()
    default = setting.default
    return SettingRow(
        name=setting.name,
        type=type_in_words(setting.schema),
        options=", ".join(many),
        default="" if default is None else _written(default),
        meaning=" ".join([setting.help, *notes(setting)]),
        place=place_in_words(setting),
    )


def _written(value: str | float) -> str:
    return value if isinstance(value, str) else json.dumps(value)
