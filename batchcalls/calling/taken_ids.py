"""Provider ids that belong to another call already, which no two calls can share."""

from __future__ import annotations

from collections.abc import Sequence

from batchcalls.models import CallResult
from batchcalls.voice.base import CallAccepted
from batchcalls.voice.errors import OutcomeUnknown

CODE = "id_taken"

Accepted = tuple[CallResult, CallAccepted]


def separate(
    accepted: Sequence[Accepted],
) -> tuple[list[Accepted], list[tuple[CallResult, OutcomeUnknown]]]:
    """Return the answers that can be stored, and the calls whose id is another call's.

    Of several calls with the same new id, the first one gets it. Storing a second one would fail,
    and with it the answers of all calls that are stored together.
    """
    owners = {
        (account_id, provider_id): pk
        for account_id, provider_id, pk in CallResult.objects.filter(
            account__in={call.account_id for call, _ in accepted},
            provider_call_id__in={answer.provider_call_id for _, answer in accepted},
        )
        .order_by()
        .values_list("account_id", "provider_call_id", "pk")
    }
    usable: list[Accepted] = []
    taken: list[tuple[CallResult, OutcomeUnknown]] = []
    for call, answer in accepted:
        owner = owners.setdefault((call.account_id, answer.provider_call_id), call.pk)
        if owner == call.pk:
            usable.append((call, answer))
        else:
            taken.append((call, _error(answer)))
    return usable, taken


def _error(answer: CallAccepted) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"The provider answered with {answer.provider_call_id}, which is its ID of another call.",
        code=CODE,
    )
