"""Terms shared by campaigns, providers and results."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.db.models import TextChoices


class AnsweredBy(TextChoices):
    """Who picked up. Source: call object of the Bland API, ``answered_by``."""

    HUMAN = "human", "Human"
    VOICEMAIL = "voicemail", "Voicemail"
    UNKNOWN = "unknown", "Unknown"
    NO_ANSWER = "no_answer", "No answer"


class Disposition(TextChoices):
    """Final outcome of a call. Source: built-in dispositions of the Bland API."""

    INTERESTED = "INTERESTED", "Interested"
    NOT_INTERESTED = "NOT_INTERESTED", "Not interested"
    FOLLOW_UP_REQUIRED = "FOLLOW_UP_REQUIRED", "Follow-up required"
    CALL_BACK_SCHEDULED = "CALL_BACK_SCHEDULED", "Call-back scheduled"
    TRANSFERRED = "TRANSFERRED", "Transferred"
    OBJECTION_RAISED = "OBJECTION_RAISED", "Objection raised"
    NEEDS_MORE_INFO = "NEEDS_MORE_INFO", "Needs more information"
    NOT_QUALIFIED = "NOT_QUALIFIED", "Not qualified"
    NO_CONTACT_MADE = "NO_CONTACT_MADE", "No contact made"
    COMPLETED_ACTION = "COMPLETED_ACTION", "Completed action"
    DO_NOT_CONTACT = "DO_NOT_CONTACT", "Do not contact"
    AGENT_ENDED_CALL = "AGENT_ENDED_CALL", "Agent ended the call"
    NO_ANSWER = "NO_ANSWER", "No answer"
    BUSY = "BUSY", "Busy"
    CANCELED = "CANCELED", "Canceled"
    FAILED = "FAILED", "Failed"


def outcome_in_words(disposition: str) -> str:
    """Return a disposition as people read it: NO_ANSWER is "No answer".

    Dispositions of a campaign's own are codes too, or words already.
    """
    if disposition in Disposition.values:
        return str(Disposition(disposition).label)
    if disposition.isupper() or "_" in disposition:
        return disposition.replace("_", " ").strip().capitalize()
    return disposition


def dispositions_like(text: str, own: Iterable[str] = ()) -> set[str]:
    """Return the dispositions that somebody may mean: codes or words, in any case.

    ``own`` are those that campaigns define.
    """
    wanted = _plain(text)
    known = [*Disposition.values, *own]
    found = {one for one in known if wanted in {_plain(one), _plain(outcome_in_words(one))}}
    return found | {text, text.upper(), text.lower(), wanted.replace(" ", "_").upper()}


def _plain(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text).strip().casefold()


class Purpose(TextChoices):
    """Why people are called; rule packs and consent rules depend on it."""

    INFORMATIONAL = "informational", "Informational"
    MARKETING = "marketing", "Marketing"
    EMERGENCY = "emergency", "Emergency"

    @property
    def meaning(self) -> str:
        """What calls of this purpose are about, as a sentence."""
        return _MEANINGS[self]


_MEANINGS = {
    Purpose.INFORMATIONAL: "News about something the person already has or asked for, such as an "
    "appointment or a delivery.",
    Purpose.MARKETING: "An offer, a request to buy or donate, or a survey that leads to one.",
    Purpose.EMERGENCY: "A danger to health or safety, such as a recall or a gas leak.",
}
#: All purposes with what they mean, for help texts.
PURPOSES_IN_WORDS = " ".join(f"{one.label}: {one.meaning}" for one in Purpose)


class ConsentRule(TextChoices):
    """Which calls require consent recorded in the list."""

    NOBODY = "nobody", "No calls"
    MARKETING = "marketing", "Marketing calls"
    ALL_BUT_EMERGENCY = "all_but_emergency", "All calls but emergencies"

    def applies_to(self, purpose: Purpose) -> bool:
        """Return whether calls of this purpose require consent."""
        if self == ConsentRule.MARKETING:
            return purpose == Purpose.MARKETING
        return self == ConsentRule.ALL_BUT_EMERGENCY and purpose != Purpose.EMERGENCY


class RetryOutcome(TextChoices):
    """Outcomes that a policy may retry."""

    NO_ANSWER = "no_answer", "No answer"
    BUSY = "busy", "Busy"
    VOICEMAIL = "voicemail", "Voicemail"
    FAILED = "failed", "Failed"
