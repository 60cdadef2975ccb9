"""Take in the opt-outs of calls that ended: those reported, and those that may have been heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from batchcalls.batches import reviewing, suppressing
from batchcalls.batches.suppressing import NewEntry
from batchcalls.models import Batch, CallResult
from campaigns import opt_outs_heard, opting_out
from campaigns.models import Campaign, SuppressionSource


def take_in(calls: Sequence[CallResult], batches: Mapping[object, Batch]) -> set[str]:
    """List the numbers of calls whose outcome opts out, and return them.

    Other calls in whose transcript an opt-out may be heard go to the review, which holds their
    numbers. A campaign's choice of outcomes holds as it is now, not as of the launch.
    """
    chosen = _outcomes_chosen(calls, batches)
    reported = [
        call
        for call in calls
        if opting_out.opts_out(call.disposition, chosen.get(batches[call.batch_id].campaign_id, []))
    ]
    if reported:
        suppressing.add(
            NewEntry(
                e164=call.to_number,
                source=SuppressionSource.CALL,
                reason="Asked not to be called again.",
                evidence=f"Outcome {call.disposition}",
                call_id=call.call_id,
            )
            for call in reported
        )
    opted_out = {call.to_number for call in reported}
    heard = {
        call: what
        for call in calls
        if call.to_number not in opted_out and (what := _heard_in(call)) is not None
    }
    if heard:
        reviewing.open_reviews(heard)
    return opted_out


def _outcomes_chosen(
    calls: Sequence[CallResult], batches: Mapping[object, Batch]
) -> dict[int | None, list[str]]:
    """Return the outcomes that opt out by campaign, without those that have none."""
    campaigns = (batches[call.batch_id].campaign_id for call in calls if call.disposition)
    ids = {campaign for campaign in campaigns if campaign is not None}
    if not ids:
        return {}
    rows = Campaign.objects.filter(pk__in=ids).exclude(opt_out_outcomes="").order_by()
    return {
        pk: opting_out.outcomes_in(text) for pk, text in rows.values_list("pk", "opt_out_outcomes")
    }


def _heard_in(call: CallResult) -> opt_outs_heard.Heard | None:
    return opt_outs_heard.heard_in((turn["speaker"], turn["text"]) for turn in call.transcript)
