"""Opt-outs of ended calls: listed or reviewed, and no call to the number from then on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from batchcalls.batches import reviewing
from batchcalls.calling import claiming, results
from batchcalls.database import clock
from batchcalls.intake import dry_run
from batchcalls.models import CallResult, OptOutDecision, OptOutReview, Recipient, VoiceAccount
from batchcalls.reporting import explaining
from batchcalls.states import CallStatus, RecipientStatus
from batchcalls.voice.base import CallDetails, Turn, VoiceEvent
from campaigns import hashed_numbers
from campaigns.models import Campaign, Suppression
from tests.calling.placing import Recorder, lease_of, place_due

pytestmark = pytest.mark.django_db

NUMBER = "+12025550190"
OFF_YOUR_LIST = (("agent", "Hello!"), ("callee", "Please take me off your list."))


def end(call: CallResult, *, disposition: str = "", said: Sequence[tuple[str, str]] = ()) -> None:
    """Report the end of a call."""
    turns = [Turn(speaker=who, text=text, at_seconds=0.0) for who, text in said]
    event = VoiceEvent(
        event_key=f"end-{call.pk}",
        provider_call_id=str(call.provider_call_id),
        status=CallStatus.COMPLETED,
        raw_status="completed",
        occurred_at=clock.now(),
        answered_by="human",
        details=CallDetails(disposition=disposition, transcript=turns),
    )
    results.apply(call.account_id, [event], now=clock.now())


@pytest.mark.parametrize("outcome", ["DO_NOT_CONTACT", "do_not_call", "Do Not Contact", "Opt-out"])
def test_an_outcome_that_opts_out_lists_the_number_with_its_call(
    live_call: CallResult, outcome: str
) -> None:
    end(live_call, disposition=outcome, said=OFF_YOUR_LIST)
    entry = Suppression.objects.get()
    assert (entry.e164, entry.source, entry.is_hold) == (NUMBER, "call", False)
    assert (entry.call_id, entry.evidence) == (live_call.call_id, f"Outcome {outcome}")
    assert not OptOutReview.objects.exists()


def test_a_campaign_chooses_which_of_its_outcomes_opt_out(live_call: CallResult) -> None:
    campaign = Campaign.objects.create(name="Ours", prompt="Hi.", opt_out_outcomes="Lost for good")
    live_call.batch.campaign = campaign
    live_call.batch.save()
    end(live_call, disposition="LOST_FOR_GOOD")
    assert Suppression.objects.entries().get().e164 == NUMBER


@pytest.mark.parametrize(
    "said",
    [
        "Don't stop, go on!",
        "I'm not interested, thanks.",
        "Could you call me back tomorrow?",
    ],
)
def test_an_ordinary_conversation_holds_nothing(live_call: CallResult, said: str) -> None:
    end(live_call, disposition="NOT_INTERESTED", said=[("callee", said)])
    assert not Suppression.objects.exists()
    assert not OptOutReview.objects.exists()


def test_do_not_call_me_before_nine_is_reviewed_and_not_listed(live_call: CallResult) -> None:
    end(live_call, said=[("callee", "Do not call me before 9.")])
    review = OptOutReview.objects.get()
    assert (review.e164, review.heard) == (NUMBER, "Do not call me before 9.")
    assert not Suppression.objects.entries().exists()
    assert Suppression.objects.holds().get().call_id == live_call.call_id


def test_a_number_that_is_listed_for_good_is_not_reviewed(live_call: CallResult) -> None:
    Suppression.objects.create(e164=NUMBER)
    end(live_call, said=OFF_YOUR_LIST)
    assert not OptOutReview.objects.exists()


def test_a_held_number_waits_and_every_place_says_so(
    launched: Any, account: VoiceAccount, live_call: CallResult
) -> None:
    end(live_call, said=OFF_YOUR_LIST)
    batch = launched(NUMBER)
    assert dry_run.compute(batch, now=clock.now())["never"] == {"opt_out_review": 1}
    provider = Recorder()
    with lease_of(account) as lease:
        place_due(provider, lease)
    assert provider.placed == []
    row = Recipient.objects.get(batch=batch)
    assert (row.status, row.reason_code) == (RecipientStatus.DEFERRED, "opt_out_review")
    [verdict] = [one for one in explaining.why_not(row) if one.rule == explaining.DO_NOT_CALL]
    assert verdict.allows is False
    assert "is held until someone reviews it" in verdict.detail


@pytest.mark.parametrize(("decision", "calls"), [("opted_out", 0), ("not_an_opt_out", 1)])
def test_a_decision_lists_the_number_or_lets_it_be_called_at_once(
    launched: Any,
    account: VoiceAccount,
    live_call: CallResult,
    decision: str,
    calls: int,
) -> None:
    end(live_call, said=OFF_YOUR_LIST)
    batch = launched(NUMBER)
    with lease_of(account) as lease:
        place_due(Recorder(), lease)
    dana = User.objects.create_user("dana")
    reviewing.decide(OptOutReview.objects.get(), OptOutDecision(decision), actor=dana)
    provider = Recorder()
    with lease_of(account) as lease:
        place_due(provider, lease)
    assert len(provider.placed) == calls
    assert not Suppression.objects.holds().exists()
    assert Suppression.objects.entries().exists() is not bool(calls)
    row = Recipient.objects.get(batch=batch)
    assert (row.status == RecipientStatus.SKIPPED) is not bool(calls)


@pytest.mark.parametrize("what", ["listed", "held", "for the campaign", "by hash"])
def test_an_opt_out_between_claim_and_request_sends_nothing(
    launched: Any,
    account: VoiceAccount,
    live_call: CallResult,
    what: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    campaign = Campaign.objects.create(name="Ours", prompt="Hi.")
    batch = launched(NUMBER)
    type(batch).objects.filter(pk=batch.pk).update(campaign=campaign)
    real_claim = claiming.claim

    def claim_then_opt_out(*args: Any, **kwargs: Any) -> Any:
        claims = real_claim(*args, **kwargs)
        if claims.placeable:
            if what == "held":
                end(live_call, said=OFF_YOUR_LIST)
            elif what == "for the campaign":
                Suppression.objects.create(e164=NUMBER, campaign=campaign)
            elif what == "by hash":
                Suppression.objects.create(e164="sha256:" + "0" * 64)
                end(live_call, disposition="do_not_call")
            else:
                end(live_call, disposition="do_not_call")
        return claims

    monkeypatch.setattr(claiming, "claim", claim_then_opt_out)
    provider = Recorder()
    with lease_of(account) as lease:
        place_due(provider, lease)
    assert provider.placed == []


class TestScopeAndExpiry:
    @pytest.mark.parametrize(
        ("fields", "called"),
        [
            ({}, False),
            ({"campaign": "mine"}, False),
            ({"campaign": "another"}, True),
            ({"expires_in": timedelta(hours=1)}, False),
            ({"expires_in": -timedelta(seconds=1)}, True),
            ({"campaign": "mine", "expires_in": -timedelta(seconds=1)}, True),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("form", [NUMBER, "hash"])
    def test_claim_dry_run_and_explanation_honor_both(
        self, launched: Any, account: VoiceAccount, fields: dict[str, Any], called: bool, form: str
    ) -> None:
        campaigns = {
            name: Campaign.objects.create(name=name, prompt="Hi.") for name in ("mine", "another")
        }
        entry = {"e164": NUMBER if form == NUMBER else hashed_numbers.hashes_of(NUMBER)[1]}
        expires_in = fields.get("expires_in")
        Suppression.objects.create(
            **entry,
            campaign=campaigns.get(fields.get("campaign", "")),
            expires_at=clock.now() + expires_in if expires_in else None,
        )
        batch = launched(NUMBER)
        type(batch).objects.filter(pk=batch.pk).update(campaign=campaigns["mine"])
        batch.refresh_from_db()
        row = batch.recipients.select_related("batch").get()
        assert dry_run.compute(batch, now=clock.now())["now"] == int(called)
        verdicts = {one.rule: one.allows for one in explaining.why_not(row)}
        assert verdicts[explaining.DO_NOT_CALL] is called
        provider = Recorder()
        with lease_of(account) as lease:
            place_due(provider, lease)
        assert len(provider.placed) == int(called)

    def test_a_campaigns_entry_does_not_stop_a_batch_of_no_campaign(
        self, launched: Any, account: VoiceAccount
    ) -> None:
        campaign = Campaign.objects.create(name="another", prompt="Hi.")
        Suppression.objects.create(e164=NUMBER, campaign=campaign)
        launched(NUMBER)
        provider = Recorder()
        with lease_of(account) as lease:
            place_due(provider, lease)
        assert len(provider.placed) == 1
