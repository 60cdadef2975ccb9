"""The voices of an account, for the field that names one."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern

from batchcalls.access.permissions import require
from batchcalls.admin.pages import OwnPages
from batchcalls.calling import voices
from batchcalls.models import Batch, VoiceAccount


class VoiceList(OwnPages[Batch]):
    """A list of names for scripts; without scripts, people type a name."""

    def get_urls(self) -> list[URLPattern]:
        """Add the list."""
        return [self.at("voices/<int:account>/", self.voices_view, "voices"), *super().get_urls()]

    def voices_view(self, request: HttpRequest, account: int) -> HttpResponse:
        """Return the names of an account's voices, and what each is like."""
        require(request.user, "batchcalls.add_batch")
        found = voices.listed(get_object_or_404(VoiceAccount, pk=account))
        return JsonResponse({"voices": [[one.name, one.description] for one in found]})
