"""Why a person was or was not called, as the page of a recipient shows it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers

from batchcalls.api.batch_members import RECIPIENT
from batchcalls.models import Recipient
from batchcalls.reporting.explaining import Decision, DecisionKind
from batchcalls.reporting.original_row import original_row


class CheckSerializer(serializers.Serializer[Any]):
    """The verdict of one rule."""

    rule = serializers.CharField(source="code", help_text="The rule, such as `calling_hours`.")
    label = serializers.CharField(  # type: ignore[assignment]
        source="rule", help_text="The rule in words."
    )
    allows = serializers.BooleanField(
        allow_null=True, help_text="Null if an earlier rule refused the call."
    )
    detail = serializers.CharField(help_text="What the decision was based on.")


class DecisionSerializer(serializers.Serializer[Any]):
    """What the rules said at one moment, in the order in which they are checked."""

    kind = serializers.ChoiceField(
        choices=[(kind.value, kind.value) for kind in DecisionKind],
        help_text="`list`: when the list was checked. `attempt`: a call was allowed. `refusal`: "
        "a call was refused, the last time. `preview`: what would be decided now, if a row waits.",
    )
    at = serializers.DateTimeField(allow_null=True, help_text="When; null if that is not known.")
    attempt = serializers.IntegerField(
        source="call.attempt", default=None, allow_null=True, help_text="The number of the attempt."
    )
    call = serializers.UUIDField(
        source="call.call_id", default=None, allow_null=True, help_text="The ID of the call."
    )
    checks = CheckSerializer(
        source="verdicts", many=True, help_text="Each rule's verdict, in order."
    )


class ListRowSerializer(serializers.Serializer[Any]):
    """The uploaded row."""

    file_name = serializers.CharField(help_text="Name of the uploaded file.")
    number = serializers.IntegerField(help_text="The row of the file; the header is row 1.")


class WhySerializer(serializers.Serializer[Any]):
    """Why a person was or was not called."""

    id = serializers.IntegerField(help_text="ID of the recipient.")
    row_number = serializers.IntegerField(help_text=RECIPIENT["row_number"])
    list_row = ListRowSerializer(
        allow_null=True, help_text="The uploaded row; null if its list is not known."
    )
    raw_number = serializers.CharField(help_text=RECIPIENT["raw_number"])
    e164 = serializers.CharField(help_text=RECIPIENT["e164"])
    status = serializers.CharField(help_text=RECIPIENT["status"])
    outcome = serializers.CharField(help_text=RECIPIENT["outcome"])
    reason_code = serializers.CharField(help_text=RECIPIENT["reason_code"])
    reason = serializers.CharField(help_text=RECIPIENT["reason"])
    decisions = DecisionSerializer(many=True, help_text="Each decision, the latest first.")


def explained(recipient: Recipient, decisions: Iterable[Decision]) -> dict[str, Any]:
    """Return a recipient's decisions as the API shows them."""
    own = [str(name) for name in WhySerializer().fields]
    shown = {name: getattr(recipient, name) for name in own if hasattr(recipient, name)}
    shown |= {"list_row": original_row(recipient), "decisions": list(decisions)}
    return dict(WhySerializer(shown).data)
