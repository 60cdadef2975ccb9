"""The document, a page to read it and try it, and a page for those who change over."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

from batchcalls.access.api_docs import DocumentPage, for_readers
from batchcalls.blandapi.docs.document import document

GUIDE = Path(__file__).parents[1] / "README.md"
#: Links between files of the project, which have no addresses here.
_FILE_LINK = re.compile(r"\[([^\]]+)\]\((?![a-z]+:|/|#)[^)]*\)")


@require_safe
@for_readers
def schema(request: HttpRequest) -> JsonResponse:
    """Return the document, with the server that was asked."""
    found = document()
    url = request.build_absolute_uri("/").rstrip("/")
    servers = [{**server, "url": url} for server in found["servers"]]
    return JsonResponse({**found, "servers": servers}, json_dumps_params={"indent": 1})


class Page(DocumentPage):
    """The document as a page."""

    url_name = "bland-docs:schema"

    def below(self) -> dict[str, Any]:
        """Return the name of the page."""
        return {"name": "Bland-compatible API"}


@require_safe
@for_readers
def from_bland(request: HttpRequest) -> HttpResponse:
    """Show the guide of this API, whose links to files of the project become plain words."""
    text = _FILE_LINK.sub(r"\1", GUIDE.read_text("utf-8"))
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(text)
    _label_cells(tokens)
    # Our own file, in which HTML is escaped.
    guide = mark_safe(markdown.renderer.render(tokens, markdown.options, {}))  # noqa: S308
    return render(request, "drf_spectacular/from_bland.html", {"guide": guide})


def _label_cells(tokens: list[Token]) -> None:
    """Name the column of each cell, for narrow screens where a row is a card."""
    labels: list[str] = []
    column = 0
    for token, content in pairwise(tokens):
        if token.type == "table_open":
            labels = []
        elif token.type == "tr_open":
            column = 0
        elif token.type == "th_open":
            labels.append(content.content)
        elif token.type == "td_open":
            if labels[column]:
                token.attrSet("data-label", labels[column])
            column += 1
