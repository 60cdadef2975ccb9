"""How people see the fields of a call, in the log and on its page."""

from __future__ import annotations

from django.utils.safestring import SafeString

from batchcalls.models import CallResult
from batchcalls.models.call_fields import CallField, Kind
from batchcalls.reporting import formatting
from campaigns.vocabulary import outcome_in_words


def shown(field: CallField, call: CallResult) -> SafeString | str:
    """Return a field of a call, formatted for people."""
    value = field.value_of(call)
    match field.kind:
        case Kind.ID:
            return formatting.copy_id(value)
        case Kind.STATUS | Kind.CHOICE:
            label = str(getattr(call, f"get_{field.lookup}_display")())
            return formatting.pill(value, label) if field.kind is Kind.STATUS else label
        case Kind.SECONDS:
            return formatting.duration(value)
        case Kind.MONEY:
            return formatting.money(value, call.currency)
        case Kind.TIME:
            return formatting.ago(value)
    text = "" if value is None else str(value)
    return outcome_in_words(text) if field.name == "disposition" else text
