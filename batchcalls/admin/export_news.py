"""News of the files that somebody waits for, on whichever page they are.

The session remembers the files until they are downloaded or dismissed.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

from batchcalls.models import Export
from batchcalls.states import ExportStatus

_AWAITED = "awaited_exports"
#: More than these are followed on the page of exports only.
_MOST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Files that are ready or failed, and whether others are still being written."""

    finished: list[Export]
    is_waiting: bool

    @property
    def sentence(self) -> str:
        """What a screen reader says."""
        ready = sum(one.status == ExportStatus.DONE for one in self.finished)
        failed = len(self.finished) - ready
        parts = [f"{ready} exports ready" if ready > 1 else "Your export is ready"] if ready else []
        parts += [f"{failed} exports failed" if failed > 1 else "Your export failed"] * bool(failed)
        return ". ".join(parts)


def follow(request: HttpRequest, export: Export) -> None:
    """Announce a file to this person when it is written."""
    request.session[_AWAITED] = [*request.session.get(_AWAITED, []), str(export.pk)][-_MOST:]


def forget(request: HttpRequest, export_id: object) -> None:
    """Announce a file no more."""
    awaited = request.session.get(_AWAITED, [])
    if str(export_id) in awaited:
        request.session[_AWAITED] = [one for one in awaited if one != str(export_id)]


def news_of(request: HttpRequest) -> News | None:
    """Return the news for this person, or None if they wait for nothing."""
    session = getattr(request, "session", None)
    awaited = session.get(_AWAITED) if session is not None else None
    if not awaited:
        return None
    files = Export.objects.filter(pk__in=awaited, created_by=request.user.pk)
    found = list(files.select_related("batch").order_by("ended_at", "pk"))
    finished = [one for one in found if one.status != ExportStatus.WAITING]
    return News(finished=finished, is_waiting=len(finished) < len(found)) if found else None
