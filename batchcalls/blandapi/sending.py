"""Turns requests into batches. A single call is a batch of one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django.conf import settings as django_settings
from django.db import transaction
from django.db.models import Q, QuerySet

from batchcalls.batches import lifecycle
from batchcalls.blandapi import accounts, parameters
from batchcalls.blandapi.batch_bodies import OTHERWISE, BatchOrder
from batchcalls.blandapi.errors import Refused, invalid
from batchcalls.blandapi.parameters import Parameters
from batchcalls.calling import gate, verdicts
from batchcalls.database import clock
from batchcalls.drafting import recipient_objects, single_calls
from batchcalls.drafting.drafts import DraftRequest
from batchcalls.drafting.recipient_objects import CONSENT_MEMBERS
from batchcalls.intake.uploads import ReadingOptions
from batchcalls.models import Batch, EmergencyStop, Recipient, VoiceAccount
from batchcalls.voice.registry import provider_of
from campaigns import e164
from campaigns.conversations import Conversation
from campaigns.models import Bans, Campaign, Suppression

if TYPE_CHECKING:
    from django.contrib.auth.models import User

#: Members of a Send Call that are not parameters of the call.
_APART = frozenset({"phone_number", "campaign_id", "batch_id", "b_cid"}) | CONSENT_MEMBERS
#: Clients of the API expect numbers without a country code to be from this country.
REGION = "US"
CAMPAIGN = "campaign_id"
STOPPED = "All calling is stopped. The calls will be placed when it resumes."


def send_batch(order: BatchOrder, *, actor: User) -> Batch:
    """Store a batch and launch it. Raise `Refused`, or what `recipient_objects.create` raises."""
    _refuse_campaigns(order, actor=actor)
    request = replace(
        _request(
            order.shared,
            name=order.name,
            campaign=order.campaign,
            account=accounts.account_for_calls(),
            actor=actor,
        ),
        concurrency=order.concurrency,
        status_webhook=order.status_webhook,
        batch_webhook=order.batch_webhook,
    )
    with transaction.atomic():
        batch = recipient_objects.create(request, order.recipients)
        # Set before the rows are imported: clients ask for the count immediately.
        Batch.objects.filter(pk=batch.pk).update(row_count=len(order.recipients))
        lifecycle.submit(batch, launch=True, actor=actor)
    order.warnings += _warnings(batch, order.recipients)
    return batch


def send_call(body: dict[str, Any], *, actor: User) -> tuple[UUID, list[str]]:
    """Store a batch of one and launch it. Return the call's id, and warnings.

    The number and the parameters are checked immediately: a call that would be skipped is refused.
    Raise `Refused`, or what `single_calls.compose` raises.
    """
    number = body.get("phone_number")
    found = parameters.read({name: body[name] for name in body if name not in _APART})
    lacking = []
    if number in (None, ""):
        lacking.append("Missing required parameter: phone_number.")
    if not found.conversation.is_led:
        lacking.append(f"Missing required parameter: task ({OTHERWISE}).")
    if lacking:
        raise invalid(*lacking)
    account = accounts.account_for_calls()
    kinds = account.special_kinds
    parsed = e164.parse(recipient_objects.text_of(number), region=REGION, kinds=kinds)
    if isinstance(parsed, e164.NumberProblem):
        raise invalid(f"Invalid phone number: {parsed.message}")
    campaign = parameters.label(body.get(CAMPAIGN), name=CAMPAIGN, at_most=200)
    request = _request(
        found, name=f"Call to {parsed.e164}", campaign=campaign, account=account, actor=actor
    )
    bans = Suppression.objects.bans_among([parsed.e164], now=clock.now())
    if bans.on(parsed.e164, request.campaign.pk if request.campaign else None):
        text = f"Number found in DNC list: {parsed.e164} must not be called."
        raise Refused(400, "DNC_ERROR", text, word="DNC Error")
    recipient = {
        "phone_number": number,
        "request_data": found.request_data,
        "metadata": found.metadata,
        **{name: value for name, value in body.items() if name in CONSENT_MEMBERS},
    }
    call_id = uuid4()
    call = single_calls.compose(request, recipient, call_id=call_id)
    if call.problem:
        raise invalid(call.problem)
    row = single_calls.store(call)
    return call_id, [*found.warnings, *_warnings(row.batch), *_delay_warnings(row, bans)]


def _request(
    shared: Parameters, *, name: str, campaign: str, account: VoiceAccount, actor: User
) -> DraftRequest:
    """Return the request for a draft. One of our campaigns provides its settings and policy."""
    said, settings = shared.conversation, shared.settings
    ours = _campaigns(actor).filter(name=campaign).first() if campaign else None
    if campaign and ours is None:
        settings = {**settings, CAMPAIGN: campaign}
    if ours is None and (ours := _campaign_for(_preset(said), actor=actor)):
        said = Conversation()
    return DraftRequest(
        name=name,
        campaign=ours,
        account=account,
        purpose=shared.purpose or (ours.purpose if ours else django_settings.BLAND_API_PURPOSE),
        prompt=said.prompt,
        pathway_id=said.pathway_id,
        pathway_version=said.pathway_version,
        call_settings={**settings, **said.presets},
        reading=ReadingOptions(region=REGION),
        created_by=actor,
    )


def _campaign_for(preset: str, *, actor: User) -> Campaign | None:
    """Return our campaign that a persona or agent names, or gives the ID of."""
    ids = [int(preset)] if preset.isascii() and preset.isdecimal() and len(preset) < 10 else []
    rows = _campaigns(actor).filter(Q(name=preset) | Q(pk__in=ids)) if preset else []
    return min(rows, key=lambda one: one.name != preset, default=None)


def _campaigns(actor: User) -> QuerySet[Campaign]:
    """Return the campaigns that the actor may use."""
    may_use = actor.has_perm("campaigns.view_campaign")
    return Campaign.objects.all() if may_use else Campaign.objects.none()


def _preset(said: Conversation) -> str:
    """Return the persona or agent that leads a conversation alone, or a blank."""
    return "" if said.prompt or said.pathway_id else said.persona_id or said.agent_id


def _refuse_campaigns(order: BatchOrder, *, actor: User) -> None:
    """Raise `Refused` for a campaign of ours that leads only some of the calls of a batch."""
    first: dict[str, int] = {}
    for number, one in enumerate(order.recipients, start=1):
        if preset := _preset(Conversation.of(one)):
            first.setdefault(preset, number)
    names = _campaigns(actor).values_list("name", "pk") if first else []
    for preset in (str(name) for pair in names for name in pair):
        if preset in first:
            raise invalid(
                f"Entry #{first[preset]}: “{preset[:100]}” is a campaign of this site, which leads "
                "all calls of a batch or none. Send these calls in a batch of their own."
            )


def _delay_warnings(row: Recipient, bans: Bans) -> list[str]:
    """Return the rule that delays a call right now. It is checked again at the call's turn."""
    if row.batch.start_at is not None:
        return []
    facts = gate.facts_about(row.batch, row, now=clock.now(), bans=bans)
    verdict = gate.check(row.batch, row, facts)
    return (
        [f"The call is held back: {verdict.message}"]
        if isinstance(verdict, verdicts.Refused)
        else []
    )


def _warnings(batch: Batch, rows: Iterable[Mapping[str, Any]] = ()) -> list[str]:
    """Return what the provider cannot do, and what prevents phones from ringing immediately."""
    found = []
    provider = provider_of(batch.account.provider)
    shared = {*batch.conversation.settings, *batch.call_settings}
    each = {frozenset(shared.union(row)) for row in rows} or {frozenset(shared)}
    ignored = dict.fromkeys(name for names in each for name in provider.ignored(names))
    if ignored:
        found.append(f"{provider.label} ignores {', '.join(sorted(ignored))}.")
    if not batch.account.dials_people:
        found.append(accounts.SIMULATED)
    if EmergencyStop.objects.in_force().exists():
        found.append(STOPPED)
    return found
