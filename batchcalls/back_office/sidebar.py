"""The sidebar: at most twelve lines, each with the lists of its area as tabs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.http import HttpRequest
from django.urls import reverse

from batchcalls.models import OptOutReview


@dataclass(frozen=True, slots=True)
class Tab:
    """One list of an area, and the permissions of which any lets a user see it."""

    label: str
    url_name: str
    permissions: tuple[str, ...]
    #: How many rows wait for a person, which the sidebar shows.
    count: Callable[[], int] | None = None


@dataclass(slots=True)
class Link:
    """A line of the sidebar, or a tab, as it is shown."""

    label: str
    url: str
    current: bool = False
    count: int = 0
    tabs: list[Link] = field(default_factory=list)


@dataclass(slots=True)
class Group:
    """A heading with the lines below it."""

    label: str
    links: list[Link] = field(default_factory=list)


def _tab(label: str, app: str, model: str) -> Tab:
    permissions = (f"{app}.view_{model}", f"{app}.change_{model}")
    return Tab(label, f"admin:{app}_{model}_changelist", permissions)


_EXPORTERS = ("batchcalls.view_export", "batchcalls.export_batch", "batchcalls.export_callresult")

#: In the order of the work: what is sent, under which rules, and with what.
SIDEBAR: dict[str, dict[str, tuple[Tab, ...]]] = {
    "Calling": {
        "Batch Calls": (
            _tab("Batches", "batchcalls", "batch"),
            _tab("Lists", "batchcalls", "storedlist"),
            _tab("Column mappings", "campaigns", "columnmapping"),
        ),
        "Call Logs": (_tab("Call Logs", "batchcalls", "callresult"),),
        "Exports": (Tab("Exports", "admin:batchcalls_export_changelist", _EXPORTERS),),
        "Campaigns": (
            _tab("Campaigns", "campaigns", "campaign"),
            _tab("Pathways", "campaigns", "pathway"),
            _tab("Tools", "campaigns", "tool"),
        ),
    },
    "Rules": {
        "Calling policies": (
            _tab("Policies", "campaigns", "callingpolicy"),
            _tab("Rule packs", "campaigns", "rulepackswitch"),
        ),
        "Do-not-call": (
            _tab("Numbers", "campaigns", "suppression"),
            Tab(
                "Review opt-outs",
                "admin:batchcalls_optoutreview_changelist",
                ("batchcalls.view_optoutreview",),
                lambda: OptOutReview.objects.pending().count(),
            ),
            _tab("Opt-out sources", "batchcalls", "optoutsource"),
        ),
    },
    "Settings": {
        "Voice accounts": (_tab("Voice accounts", "batchcalls", "voiceaccount"),),
        "Webhooks": (
            _tab("Endpoints", "batchcalls", "webhookendpoint"),
            _tab("Deliveries", "batchcalls", "webhookdelivery"),
            _tab("Allowed hosts", "campaigns", "allowedhost"),
        ),
        "API keys": (_tab("API keys", "batchcalls", "apikey"),),
        "Users": (
            _tab("Users", "auth", "user"),
            _tab("Groups", "auth", "group"),
            Tab("Sign-ins", "admin:sign_ins", ("auth.change_user",)),
        ),
        "System": (
            _tab("Workers", "batchcalls", "workerheartbeat"),
            _tab("Audit log", "batchcalls", "auditentry"),
            Tab("Retention", "admin:retention", ("batchcalls.view_purge",)),
        ),
    },
}


def sidebar_of(request: HttpRequest) -> list[Group]:
    """Return the sidebar for the user, with the line and the tab of the current page marked."""
    groups = [Group(label, list(_lines(request, areas))) for label, areas in SIDEBAR.items()]
    tabs = {tab.url: (line, tab) for group in groups for line in group.links for tab in line.tabs}
    dashboard = Link("Dashboard", reverse("admin:index"))
    dashboard.current = request.path == dashboard.url
    if here := [url for url in tabs if request.path.startswith(url)]:
        for link in tabs[max(here, key=len)]:
            link.current = True
    return [Group("", [dashboard]), *(group for group in groups if group.links)]


def tabs_of(request: HttpRequest, sidebar: list[Group]) -> list[Link]:
    """Return the tabs of the current list, if its area has others; none on the pages of a row."""
    for line in (line for group in sidebar for line in group.links):
        if len(line.tabs) > 1 and any(tab.url == request.path for tab in line.tabs):
            return line.tabs
    return []


def _lines(request: HttpRequest, areas: dict[str, tuple[Tab, ...]]) -> Iterator[Link]:
    for label, known in areas.items():
        tabs = [
            Link(tab.label, reverse(tab.url_name), count=tab.count() if tab.count else 0)
            for tab in known
            if any(map(request.user.has_perm, tab.permissions))
        ]
        if tabs:
            yield Link(label, tabs[0].url, count=sum(tab.count for tab in tabs), tabs=tabs)
