"""The voices of accounts, for the field that names one."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern

from batchcalls.access.permissions import require
from batchcalls.admin.pages import OwnPages, row_or_404
from batchcalls.calling import voices
from batchcalls.models import Batch, VoiceAccount


class VoiceList(OwnPages[Batch]):
    """A list of names for scripts; without scripts, people type a name."""

    def get_urls(self) -> list[URLPattern]:
        """Add the list."""
        return [self.at("voices/", self.voices_view, "voices"), *super().get_urls()]

    def voices_view(self, request: HttpRequest) -> HttpResponse:
        """Return the names of the voices of ``?account=``, or of all, and what each is like."""
        require(request.user, "batchcalls.add_batch")
        accounts: Iterable[VoiceAccount] = VoiceAccount.objects.filter(enabled=True).order_by("pk")
        if chosen := request.GET.get("account"):
            accounts = [row_or_404(VoiceAccount.objects.all(), chosen)]
        found = voices.listed(accounts)
        return JsonResponse({"voices": [[one.name, one.description] for one in found]})
