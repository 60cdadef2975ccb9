"""Shared parts of our own pages: URLs, context, and confirm-then-do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django_tables2 import Table

from batchcalls.access.sessions import is_fragment
from batchcalls.admin.listing import Listing
from batchcalls.database import disks

ModelT = TypeVar("ModelT", bound=Model)


@dataclass(frozen=True, slots=True)
class Done:
    """The message about a completed action, and the URL to redirect to instead of ``back``."""

    text: str
    to: str = ""
    tone: int = messages.SUCCESS


#: Takes a form's values by name. Returns None after adding an error to the form.
Verb = Callable[..., Done | str | None]


def act(
    request: HttpRequest,
    verb: Verb,
    *,
    back: str,
    form: forms.BaseForm | None = None,
    refusals: tuple[type[Exception], ...] = (),
    refusal_tone: int = messages.ERROR,
) -> HttpResponse | None:
    """Run a confirmed action, show its message and redirect. Return None to show the page again.

    The text of an exception in ``refusals`` becomes the message instead. A full disk is an error
    of the form, which keeps what was typed.
    """
    if request.method != "POST" or not (form is None or form.is_valid()):
        return None
    try:
        with disks.naming_full_disks():
            done = verb(**(form.cleaned_data if form is not None else {}))
    except refusals as error:
        done = Done(str(error), tone=refusal_tone)
    except disks.DiskFull as error:
        if form is not None:
            form.add_error(None, str(error))
            return None
        done = Done(str(error), tone=messages.ERROR)
    if done is None:
        return None
    if isinstance(done, str):
        done = Done(done)
    messages.add_message(request, done.tone, done.text)
    return redirect(done.to or back)


def refresh(request: HttpRequest, part: str, context: dict[str, Any]) -> TemplateResponse:
    """Render a part of a page for its automatic refresh, with what every page shows."""
    return TemplateResponse(request, "admin/refresh.html", {**context, "part": part})


def row_or_404(rows: QuerySet[ModelT], pk: object) -> ModelT:
    """Return the row with the id from a URL. Raise `Http404` if it is missing or no valid id."""
    try:
        return get_object_or_404(rows, pk=pk)
    except (ValueError, ValidationError) as error:
        raise Http404("There is no such row.") from error


class OwnPages(admin.ModelAdmin[ModelT]):
    """A `ModelAdmin` with pages of our own."""

    #: The label of the list in the sidebar.
    list_label: ClassVar[str] = ""

    def at(
        self,
        route: str,
        view: Callable[..., Any],
        name: str,
        arguments: dict[str, Any] | None = None,
    ) -> URLPattern:
        """Return the URL pattern of a page. Its name starts with the table's name."""
        return path(route, self.admin_site.admin_view(view), arguments, name=self._name(name))

    def url_of(self, name: str, *arguments: object) -> str:
        """Return the URL of one of this table's pages."""
        return reverse(f"admin:{self._name(name)}", args=arguments)

    def page(
        self, request: HttpRequest, template: str, title: str, *, fragment: str = "", **context: Any
    ) -> TemplateResponse:
        """Render a template of this app. ``template`` includes its folder and no extension.

        An automatic refresh renders the ``fragment`` template instead.
        """
        known = {**self.admin_site.each_context(request), "opts": self.opts, "title": title}
        name = f"admin/{self.opts.app_label}/{template}"
        if fragment and is_fragment(request):
            return refresh(request, f"{name}_{fragment}.html", {**known, **context})
        return TemplateResponse(request, f"{name}.html", {**known, **context})

    def list_page(
        self, request: HttpRequest, listing: Listing[ModelT], table: Table, **context: Any
    ) -> TemplateResponse:
        """Render one page of the list."""
        template = f"{self.opts.model_name}/change_list"
        context |= {"listing": listing, "table": table}
        return self.page(request, template, self.list_label, **context)

    def confirm(
        self,
        request: HttpRequest,
        template: str,
        verb: Verb,
        *,
        title: str,
        label: str,
        subject: object,
        back: str,
        back_label: str = "Back",
        button: str = "",
        tone: str = "",
        may_look: bool = True,
        form: forms.BaseForm | None = None,
        refusals: tuple[type[Exception], ...] = (),
        refusal_tone: int = messages.ERROR,
        **context: Any,
    ) -> HttpResponse:
        """Explain an action, and run it on confirmation.

        ``template`` extends ``admin/batchcalls/confirm.html``. ``subject`` is the object of the
        action, and ``back`` its page. The page links to ``back`` only if ``may_look`` is true.
        """
        answer = act(
            request, verb, back=back, form=form, refusals=refusals, refusal_tone=refusal_tone
        )
        crumbs = [(self.list_label, self.url_of("changelist")), (subject, back)]
        return answer or self.page(
            request,
            template,
            title,
            crumbs=[(text, url if may_look else "") for text, url in crumbs],
            label=label,
            button=button or label,
            tone=tone,
            back=back if may_look else "",
            back_label=back_label,
            form=form,
            **context,
        )

    def _name(self, page: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"
