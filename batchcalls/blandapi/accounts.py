"""The voice account of these calls, and the endpoints that clients use to test a key."""

from __future__ import annotations

from django.conf import settings
from django.http import JsonResponse

from batchcalls.access.permissions import Need
from batchcalls.blandapi.errors import Refused
from batchcalls.blandapi.views import Action, Asked, door
from batchcalls.models import CallResult, Scope, VoiceAccount
from batchcalls.reporting import kept
from campaigns.models import Campaign

READ_CALLS = Need(Scope.CALLS_READ, "batchcalls.view_callresult")
READ_CAMPAIGNS = Need(Scope.CAMPAIGNS_READ, "campaigns.view_campaign")
SIMULATED = "These calls are simulated: no real phones ring. BLAND_API_ACCOUNT chooses otherwise."
#: Voices that the provider offers to everyone. Source: Bland API, Send Call, ``voice``.
CURATED_VOICES = ("Josh", "Florian", "Derek", "June", "Nat", "Paige")


def account_for_calls() -> VoiceAccount:
    """Return the voice account of all calls from this API. Raise `Refused` if there is none.

    1. The account that BLAND_API_ACCOUNT names.
    2. The only enabled account.
    3. The built-in simulator, which rings no real phones.
    """
    name: str = settings.BLAND_API_ACCOUNT
    if name:
        account = VoiceAccount.objects.filter(name=name).first()
        if account is None:
            text = f"BLAND_API_ACCOUNT names the voice account {name!r}, and there is none of it."
            raise Refused(503, "NO_VOICE_ACCOUNT", text)
        return account
    enabled = list(VoiceAccount.objects.filter(enabled=True)[:2])
    return enabled[0] if len(enabled) == 1 else VoiceAccount.objects.built_in()


def _me(asked: Asked) -> JsonResponse:
    """Confirm that the key works. There is no balance here: each call reports its own cost."""
    total = 0
    if not READ_CALLS.missing(asked.key):
        total = kept.get("calls", CallResult.objects.counted().count, kept.Form(int, int))
    billing = {"current_balance": 0, "refill_to": None}
    return JsonResponse({"status": "active", "billing": billing, "total_calls": total})


def _voices(asked: Asked) -> JsonResponse:
    """List the voices that campaigns use, and those that the provider offers to everyone."""
    names = dict.fromkeys(CURATED_VOICES, True)
    if not READ_CAMPAIGNS.missing(asked.key):
        used = Campaign.objects.order_by("pk").values_list("call_settings__voice", flat=True)
        names = {**{str(voice): False for voice in used if voice}, **names}
    voices: list[dict[str, object]] = [
        {
            "id": name,
            "name": name,
            "description": "" if public else "Used by a campaign.",
            "public": public,
            "tags": [],
            "voice_id": number,
            "is_custom": not public,
            "reduce_latency": False,
        }
        for number, (name, public) in enumerate(names.items())
    ]
    return JsonResponse({"voices": voices, "presets": []})


me = door(GET=Action(view=_me, need=None))
voices = door(GET=Action(view=_voices, need=None))
