"""The OpenAPI 3 document of the API, and a page to read it and try it.

Both are public: they reveal nothing about an installation. Scripts and styles come from this
server, and the page sends requests with the key that the reader enters.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.utils.decorators import method_decorator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from campaigns.call_settings import REGISTRY, CallSetting, Section
from campaigns.call_settings.describing import MOST_OPTIONS, notes, place_in_words, type_in_words

DATA = "data:"


class ApiSchema(SpectacularAPIView):
    """The OpenAPI document, as YAML or as JSON."""

    authentication_classes = []
    permission_classes = []


# Its icons are images inside its style sheet.
@method_decorator(csp_update({"img-src": [SELF, DATA]}), name="dispatch")
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
