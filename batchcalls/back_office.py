"""The admin site of the back office: its sidebar and the context of every page.

It is not part of `batchcalls.admin`, the package of its pages: those register with the site when
they are imported, so this module imports them only when it needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import update_wrapper
from typing import Any, TypeVar, cast

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.db import DataError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, URLResolver, path, reverse

from batchcalls.access.audited_pages import audited
from batchcalls.access.sessions import is_fragment
from batchcalls.models import EmergencyStop, OptOutReview, preferences_of


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the sidebar: a list, and the permission needed to see it."""

    label: str
    url_name: str
    permissions: tuple[str, ...]
    #: How many rows wait for a person, which the sidebar shows.
    count: Callable[[], int] | None = None


@dataclass(slots=True)
class Link:
    """One line as it is shown."""

    label: str
    url: str
    current: bool = False
    count: int = 0


@dataclass(slots=True)
class Group:
    """A heading with the lines below it."""

    label: str
    links: list[Link] = field(default_factory=list)


def _entry(label: str, app: str, model: str) -> Entry:
    permissions = (f"{app}.view_{model}", f"{app}.change_{model}")
    return Entry(label, f"admin:{app}_{model}_changelist", permissions)


#: In the order of the work: what is sent, under which rules, with what, and the machinery.
SIDEBAR: dict[str, tuple[Entry, ...]] = {
    "Calling": (
        _entry("Batch Calls", "batchcalls", "batch"),
        _entry("Call Logs", "batchcalls", "callresult"),
        _entry("Campaigns", "campaigns", "campaign"),
        _entry("Pathways", "campaigns", "pathway"),
        _entry("Tools", "campaigns", "tool"),
    ),
    "Rules": (
        _entry("Calling policies", "campaigns", "callingpolicy"),
        _entry("Rule packs", "campaigns", "rulepackswitch"),
        _entry("Do-not-call", "campaigns", "suppression"),
        Entry(
            "Review opt-outs",
            "admin:batchcalls_optoutreview_changelist",
            ("batchcalls.view_optoutreview",),
            lambda: OptOutReview.objects.pending().count(),
        ),
    ),
    "Set-up": (
        _entry("Voice accounts", "batchcalls", "voiceaccount"),
        _entry("Webhooks", "batchcalls", "webhookendpoint"),
        _entry("Allowed hosts", "campaigns", "allowedhost"),
        _entry("Opt-out sources", "batchcalls", "optoutsource"),
        _entry("Column mappings", "campaigns", "columnmapping"),
        _entry("API keys", "batchcalls", "apikey"),
        _entry("Users", "auth", "user"),
        _entry("Groups", "auth", "group"),
        Entry("Sign-ins", "admin:sign_ins", ("auth.change_user",)),
    ),
    "System": (
        _entry("Lists", "batchcalls", "storedlist"),
        _entry("Exports", "batchcalls", "export"),
        _entry("Audit log", "batchcalls", "auditentry"),
        Entry("Retention", "admin:retention", ("batchcalls.view_purge",)),
        _entry("Workers", "batchcalls", "workerheartbeat"),
        _entry("Queued tasks", "django_q", "ormq"),
        _entry("Failed tasks", "django_q", "failure"),
        _entry("Successful tasks", "django_q", "success"),
        _entry("Scheduled tasks", "django_q", "schedule"),
    ),
}


class StockList(ChangeList):
    """The list of a stock page, which takes a value that no column can have as a wrong filter."""

    def get_results(self, request: HttpRequest) -> None:
        """Read the rows. Raise `IncorrectLookupParameters`, which shows the whole list."""
        try:
            super().get_results(request)
        # NUL on PostgreSQL, numbers beyond 64 bits on SQLite: only the driver notices.
        except (ValueError, OverflowError, DataError) as error:
            raise IncorrectLookupParameters(error) from error


class StockPages:
    """Django's own pages of a table, which take values that no column can have as unknown."""

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        """Return the list that says so."""
        return StockList

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Model | None:
        """Return a row, or None for a key that no database stores."""
        if "\0" in object_id:
            return None
        row: Model | None = super().get_object(request, object_id, from_field)  # type: ignore[misc]
        return row


_View = TypeVar("_View", bound=Callable[..., HttpResponseBase])


class BackOffice(AdminSite):
    """Django's admin with the product's shell around it."""

    site_header = site_title = "Batch Calls"
    index_title = "Dashboard"
    site_url = None
    # The sidebar is our own: grouped, and also shown on phones.
    enable_nav_sidebar = False

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[ModelAdmin[Any]] | None = None,
        **options: Any,
    ) -> None:
        """Register pages, which write to the audit log; those of the queue let nobody write."""
        stock = audited(admin_class or ModelAdmin)
        bases: tuple[type, ...] = (StockPages, stock)
        members: dict[str, Any] = {}
        if admin_class and admin_class.__module__ == "django_q.admin":
            from batchcalls.admin.readonly import NobodyWrites  # noqa: PLC0415

            bases, members["actions"] = (NobodyWrites, *bases), None
        super().register(model_or_iterable, type(stock.__name__, bases, members), **options)

    def admin_view(self, view: _View, cacheable: bool = False) -> _View:
        """Wrap a page: what people sent is kept while they sign in again."""
        from batchcalls.admin import kept_forms, sign_in  # noqa: PLC0415

        stock = super().admin_view(view, cacheable)

        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if request.user.is_authenticated:
                kept_forms.restore_files(request)
                return stock(request, *args, **kwargs)
            if is_fragment(request):
                return HttpResponse("You were signed out.", status=401, content_type="text/plain")
            if request.method == "POST":
                return sign_in.ask_again(request, kept_forms.kept(request))
            return stock(request, *args, **kwargs)

        return cast(_View, update_wrapper(page, stock))

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Add the pages that belong to no table."""
        from batchcalls.admin import emergency, preferences, restored, retention  # noqa: PLC0415
        from batchcalls.admin.sign_in_urls import sign_in_urls  # noqa: PLC0415

        return [
            *sign_in_urls(self),
            path("emergency/stop/", self.admin_view(emergency.stop_view), name="emergency_stop"),
            path("emergency/lift/", self.admin_view(emergency.lift_view), name="emergency_lift"),
            path("preferences/", self.admin_view(preferences.preferences_view), name="preferences"),
            path("restored/", self.admin_view(restored.restored_view), name="restored"),
            path("retention/", self.admin_view(retention.retention_view), name="retention"),
            path("restored/settle/", self.admin_view(restored.settle_view), name="restored_settle"),
            # Without the redirect to a row's own page: no table has any.
            *(one for one in super().get_urls() if getattr(one, "name", "") != "view_on_site"),
        ]

    def login(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Show the sign-in page, which asks for a code after the password if that is on."""
        from batchcalls.admin.sign_in import login_page  # noqa: PLC0415

        return login_page(request, self, extra_context or {})

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Show the page for changing one's own password."""
        from batchcalls.admin.security import OwnPasswordView  # noqa: PLC0415

        context = {**self.each_context(request), **(extra_context or {})}
        return OwnPasswordView.as_view(extra_context=context)(request)

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Show the dashboard."""
        from batchcalls.admin.dashboard import index_view  # noqa: PLC0415 - its pages register here

        context = {**self.each_context(request), "title": self.index_title, **(extra_context or {})}
        return index_view(request, context)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Add the sidebar and the emergency stop to the context of every page."""
        if is_fragment(request):  # which shows parts of a page, without what is around them
            context: dict[str, Any] = {"has_permission": self.has_permission(request)}
        else:
            context = super().each_context(request)
        if context["has_permission"]:
            from batchcalls.admin.export_news import news_of  # noqa: PLC0415

            if not is_fragment(request):
                context["sidebar"] = self.sidebar(request)
                context["export_news"] = news_of(request)
                context["preferences"] = preferences_of(request.user)
            stops = EmergencyStop.objects.in_force().select_related("stopped_by")
            context["emergency_stop"] = stops.first()
        return context

    def sidebar(self, request: HttpRequest) -> list[Group]:
        """Return the sidebar for the user, with the current page marked."""
        groups = [
            Group(label, list(self._links(request, lines))) for label, lines in SIDEBAR.items()
        ]
        groups.insert(0, Group("", [Link("Dashboard", reverse("admin:index"))]))
        links = [link for group in groups for link in group.links]
        here = [link for link in links if request.path.startswith(link.url)]
        if here:
            # The dashboard's URL is a prefix of every page's URL, so the longest match wins.
            nearest = max(here, key=lambda link: len(link.url))
            nearest.current = nearest.url != reverse("admin:index") or request.path == nearest.url
        return [group for group in groups if group.links]

    def _links(self, request: HttpRequest, entries: tuple[Entry, ...]) -> Iterator[Link]:
        for entry in entries:
            if not any(map(request.user.has_perm, entry.permissions)):
                continue
            try:
                link = Link(entry.label, reverse(entry.url_name))
            except NoReverseMatch:  # The queue has no table of messages in the database.
                continue
            link.count = entry.count() if entry.count else 0
            yield link
