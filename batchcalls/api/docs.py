"""The OpenAPI 3 document of the API, and a page to read it and try it.

They reveal nothing about an installation; `API_DOCS` says who may read them. Scripts and styles
come from this server, and the page sends requests with the key that the reader enters.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.decorators import method_decorator
from drf_spectacular.views import SpectacularAPIView

from batchcalls.access.api_docs import DocumentPage, for_readers
from campaigns.call_settings import REGISTRY, CallSetting, Section
from campaigns.call_settings.describing import MOST_OPTIONS, notes, place_in_words, type_in_words


@method_decorator(for_readers, name="dispatch")
class ApiSchema(SpectacularAPIView):
    """The OpenAPI document, as YAML or as JSON."""

    authentication_classes = []
    permission_classes = []


class ApiDocs(DocumentPage):
    """The document as a page, with quick guides and a table of all call settings below it."""

    url_name = "api:schema"

    def below(self) -> dict[str, Any]:
        """Return the guides and the call settings."""
        return {"name": "API", "guides": GUIDES, "setting_groups": list(setting_groups())}


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """A task, and programs that do it, each a file of `guides/` that runs as it is.

    ``files`` are (label, name of the file).
    """

    heading: str
    introduction: str
    files: tuple[tuple[str, str], ...]

    @property
    def programs(self) -> list[tuple[str, str, str]]:
        """The label, the file name, and the text of each program."""
        return [(label, name, (_GUIDES / name).read_text("utf-8")) for label, name in self.files]


_GUIDES = Path(__file__).with_name("guides")
GUIDES = (
    Guide(
        heading="Send a list and read the results",
        introduction="Creates a batch from a CSV file, checks it, starts calling, waits for the "
        "end, and reads the results. CALLS_URL is the address of this site; CALLS_KEY is an API "
        "key.",
        files=(
            ("Python", "send_list.py"),
            ("JavaScript", "send_list.mjs"),
            ("curl", "send_list.sh"),
            ("The list", "customers.csv"),
        ),
    ),
    Guide(
        heading="Receive webhooks",
        introduction="Receives events of batches and calls, and checks their signatures. "
        "WEBHOOK_SECRET is the secret of a webhook endpoint.",
        files=(("Python", "receive_webhooks.py"), ("JavaScript", "receive_webhooks.mjs")),
    ),
)


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
