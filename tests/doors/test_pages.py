"""Whatever is typed into an address or a form of the back office, it is never an error of ours."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.admin.test_roles import OPEN_TO_ALL, address_of, admin_patterns, world
from tests.doors.nasty import EVERYTHING, TEXTS, Faults, values_for

pytestmark = pytest.mark.django_db
__all__ = ["world"]

#: Parameters of Django's own pages.
STOCK = ("q", "p", "o", "all", "e", "_popup", "_to_field", "_changelist_filters", "next")


@pytest.fixture
def client(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def names() -> list[str]:
    every = {str(pattern.name) for pattern in admin_patterns()}
    return sorted(every - OPEN_TO_ALL - {"autocomplete", "app_list"})


def routes(
    patterns: list[URLPattern | URLResolver], before: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    for one in patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from routes(one.url_patterns, route)
        else:
            yield route, one


@pytest.mark.usefixtures("world")
def test_no_address_is_answered_with_an_error(client: Client, faults: Faults) -> None:
    for route, pattern in routes(get_resolver().url_patterns):
        if not pattern.pattern.converters:
            continue
        for name, value in [*values_for(route, TEXTS), ("id", "1")]:
            path = "/" + route.lstrip("^").rstrip("$\\Z")
            for converter in pattern.pattern.converters:
                path = path.replace(
                    next(p for p in _written(path, converter)), quote(value, safe="")
                )
            faults.ask(f"{path[:80]} ({name})", partial(client.get, path))


def _written(path: str, name: str) -> Iterator[str]:
    for piece in path.split("<")[1:]:
        inside = piece.split(">")[0]
        if inside.rpartition(":")[2] == name:
            yield f"<{inside}>"


class Fields(HTMLParser):
    """The fields of a page's forms that are posted, with their values."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.files: list[bool] = []
        self._inside = False
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = found.get("method", "").lower() == "post"
            if self._inside:
                self.forms.append((found.get("action", ""), {}))
                self.files.append(False)
        if not self._inside or not self.forms:
            return
        fields, name = self.forms[-1][1], found.get("name", "")
        kind = found.get("type", "")
        self.files[-1] |= kind == "file"
        if tag == "input" and name and kind not in {"file", "submit"}:
            if kind not in {"checkbox", "radio"} or "checked" in found or name not in fields:
                fields[name] = found.get("value", "on")
        elif tag in {"textarea", "select"} and name:
            fields[name] = ""
            self._select = name if tag == "select" else ""
        elif tag == "option" and self._select and "selected" in found:
            fields[self._select] = found.get("value", "")
        elif tag == "button" and name:
            fields.setdefault(name, found.get("value", ""))

    def of_a_file(self) -> list[tuple[str, dict[str, str]]]:
        """Return the forms that ask for a file."""
        return [form for form, takes_file in zip(self.forms, self.files, strict=True) if takes_file]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


def filled_in(target: str, fields: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield forms of which each field has a value that breaks programs; with DOORS=all, one too."""
    for field in fields if EVERYTHING else ():
        for kind, value in values_for(target + field, TEXTS):
            yield f"{field} ({kind})", {**fields, field: value}
    for kind, value in values_for(target, TEXTS, count=2):
        yield f"all ({kind})", dict.fromkeys(fields, value)


def parameters_of(answer: Any) -> list[str]:
    """Return the parameters that a list reads from its address."""
    context = answer.context or {}
    listing, changes = context.get("listing"), context.get("cl")
    if listing is not None:
        return [*listing.filter.filters, "older", "newer", "columns"]
    if changes is None:  # pages of their own, without filters
        return []
    filters = [name for spec in changes.filter_specs for name in spec.expected_parameters()]
    return [*STOCK, *filters, "id__exact", "pk__in", "name__gte"]


def lists() -> list[str]:
    """Return our own lists, and some of those that share Django's code."""
    stock = {"auth_user", "campaigns_campaign", "campaigns_suppression"}
    every = [name for name in names() if name.endswith("_changelist")]
    if EVERYTHING:
        return every
    shared = {f"{app}_{model}_changelist" for app, model in stock_models()}
    return [name for name in every if name not in shared - {f"{one}_changelist" for one in stock}]


def stock_models() -> Iterator[tuple[str, str]]:
    for model, pages in admin.site._registry.items():
        if type(pages).changelist_view is admin.ModelAdmin.changelist_view:
            yield model._meta.app_label, str(model._meta.model_name)


@pytest.mark.usefixtures("world")
def test_no_query_is_answered_with_an_error(client: Client, faults: Faults) -> None:
    for name in lists():
        address = address_of(name)
        for parameter in parameters_of(client.get(address)):
            for kind, value in values_for(name + parameter, TEXTS):
                ask = partial(client.get, address, {parameter: value})
                faults.ask(f"{address} {parameter} ({kind})", ask)
    for table in ("campaign", "suppression"):
        for parameter in ("batch", "nothing"):
            address = f"/campaigns/{table}/export/"
            faults.ask(f"{address} {parameter}", partial(client.get, address, {parameter: "x"}))


@pytest.mark.usefixtures("world")
def test_no_form_is_answered_with_an_error(client: Client, faults: Faults) -> None:
    done = set()
    for name in names():
        address = address_of(name)
        answer = client.get(address)
        if answer.status_code != 200 or answer.streaming:
            continue
        for action, fields in Fields(answer.content.decode()).forms:
            target = urlsplit(action).path if action else address
            if "logout" in target or (target, *fields) in done:
                continue
            done.add((target, *fields))
            for what, filled in filled_in(target, fields):
                faults.ask(f"POST {target} {what}", partial(client.post, target, filled))
