"""Every status a batch, a recipient and a call can have, and which may follow which.

Code asks the sets below (``status in BatchStatus.terminal()``…) and never lists statuses.
"""

from __future__ import annotations

from django.db.models import TextChoices


class BatchStatus(TextChoices):
    DRAFT = "draft", "Draft"
    INITIALIZING = "initializing", "Initializing"
    VALIDATING = "validating", "Validating"
    READY = "ready", "Ready"
    DISPATCHING = "dispatching", "Dispatching"
    IN_PROGRESS = "in_progress", "In Progress"
    IN_PROGRESS_CHUNKED = "in_progress_chunked", "In Progress (Chunked)"
    WAITING_FOR_SCHEDULED_CALLS = "waiting_for_scheduled_calls", "Waiting for Scheduled Calls"
    PAUSED = "paused", "Paused"
    COMPLETED = "completed", "Completed"
    COMPLETED_PARTIAL = "completed_partial", "Completed Partial"
    FAILED = "failed", "Failed"
    CANCELED = "canceled", "Canceled"


class RecipientStatus(TextChoices):
    PENDING = "pending", "Pending"
    QUEUED = "queued", "Queued"
    DIALING = "dialing", "Dialing"
    IN_CALL = "in_call", "In call"
    DONE = "done", "Done"
    SKIPPED = "skipped", "Skipped"
    DEFERRED = "deferred", "Deferred"
    RETRY_WAIT = "retry_wait", "Waiting to retry"
    UNCONFIRMED = "unconfirmed", "Unconfirmed"
    FAILED = "failed", "Failed"
    CANCELED = "canceled", "Canceled"


class RecipientOutcome(TextChoices):
    """How a recipient that is done was met; the columns of the summary."""

    REACHED = "reached", "Reached"
    VOICEMAIL = "voicemail", "Voicemail"
    NOT_REACHED = "not_reached", "Not reached"


class CallStatus(TextChoices):
    """Progress of one attempt; a provider's own vocabulary is mapped onto it."""

    QUEUED = "queued", "Queued"
    RINGING = "ringing", "Ringing"
    IN_PROGRESS = "in_progress", "In progress"
    COMPLETED = "completed", "Completed"
    NO_ANSWER = "no_answer", "No answer"
    BUSY = "busy", "Busy"
    FAILED = "failed", "Failed"
    CANCELED = "canceled", "Canceled"
    UNKNOWN = "unknown", "Unknown"


class StopRequest(TextChoices):
    """What the provider is to be told about a call that somebody stopped, or that it was told."""

    WITHDRAW = "withdraw", "Withdraw it if it has not begun"
    HANG_UP = "hang_up", "Hang up"
    TOLD = "told", "The provider was told"


#: Requests that the provider does not know of yet.
STOP_DUE = frozenset({StopRequest.WITHDRAW, StopRequest.HANG_UP})


class ListStatus(TextChoices):
    """How far an uploaded list was taken in."""

    UPLOADED = "uploaded", "Uploaded"
    IMPORTING = "importing", "Importing"
    IMPORTED = "imported", "Imported"
    FAILED = "failed", "Failed"
    STOPPED = "stopped", "Stopped"


class ExportStatus(TextChoices):
    """How far a file that somebody asked for is."""

    WAITING = "waiting", "Being written"
    DONE = "done", "Ready"
    FAILED = "failed", "Failed"


class DeliveryStatus(TextChoices):
    """How far an outgoing webhook is."""

    PENDING = "pending", "Waiting"
    DELIVERED = "delivered", "Delivered"
    DEAD = "dead", "Given up"


B, R, C = BatchStatus, RecipientStatus, CallStatus

# Batch -------------------------------------------------------------------------------------------

BATCH_TERMINAL = frozenset({B.COMPLETED, B.COMPLETED_PARTIAL, B.FAILED, B.CANCELED})
BATCH_IMPORTING = frozenset({B.INITIALIZING, B.VALIDATING})
#: Statuses in which calls may be placed.
BATCH_CALLING = frozenset(
    {B.DISPATCHING, B.IN_PROGRESS, B.IN_PROGRESS_CHUNKED, B.WAITING_FOR_SCHEDULED_CALLS}
)
#: Statuses in which calls may be live, so that events are still collected for them.
BATCH_WITH_LIVE_CALLS = BATCH_CALLING | {B.PAUSED, B.CANCELED}
BATCH_ACTIVE = BATCH_IMPORTING | BATCH_CALLING | {B.PAUSED}
BATCH_PAUSABLE = BATCH_CALLING
#: Statuses that end a batch whose calls were made, and from which it can go on.
BATCH_REOPENABLE = frozenset({B.COMPLETED, B.COMPLETED_PARTIAL})
#: Statuses in which what is sent, and to whom, can still be changed.
BATCH_PREPARING = frozenset({B.DRAFT, B.INITIALIZING, B.VALIDATING, B.READY})
#: Statuses in which a list may join: the lists before it are checked, and calls may follow.
BATCH_JOINABLE = BATCH_CALLING | {B.READY, B.PAUSED, B.COMPLETED_PARTIAL}
BATCH_CANCELABLE = frozenset(set(B) - BATCH_TERMINAL)

_CALLING_EDGES = {status: (BATCH_CALLING - {status}) for status in BATCH_CALLING}
_LEAVE_CALLING = frozenset({B.PAUSED, B.COMPLETED, B.COMPLETED_PARTIAL, B.FAILED, B.CANCELED})

#: status -> the statuses that may follow it.
BATCH_TRANSITIONS: dict[BatchStatus, frozenset[BatchStatus]] = {
    B.DRAFT: frozenset({B.INITIALIZING, B.CANCELED}),
    B.INITIALIZING: frozenset({B.VALIDATING, B.FAILED, B.CANCELED}),
    B.VALIDATING: frozenset({B.READY, B.DISPATCHING, B.FAILED, B.CANCELED}),
    B.READY: frozenset({B.DRAFT, B.DISPATCHING, B.FAILED, B.CANCELED}),
    **{status: edges | _LEAVE_CALLING for status, edges in _CALLING_EDGES.items()},
    B.PAUSED: frozenset({B.DISPATCHING, B.CANCELED}),
    **{status: frozenset() for status in BATCH_TERMINAL},
    # Somebody was not called after all, or is to be called once more.
    **dict.fromkeys(BATCH_REOPENABLE, frozenset({B.DISPATCHING})),
}

#: The reason code of rows whose list could not be used as a whole.
LIST_UNUSABLE = "list_unusable"

# Recipient ---------------------------------------------------------------------------------------

#: May be claimed for dialling as soon as ``due_at`` has come.
RECIPIENT_CLAIMABLE = frozenset({R.QUEUED, R.DEFERRED, R.RETRY_WAIT})
#: A call for this recipient is, or may be, live.
RECIPIENT_IN_FLIGHT = frozenset({R.DIALING, R.IN_CALL})
RECIPIENT_NOT_YET_PLACED = RECIPIENT_CLAIMABLE | {R.PENDING}
RECIPIENT_TERMINAL = frozenset({R.DONE, R.SKIPPED, R.FAILED, R.CANCELED})
#: These keep a batch from ending; an unconfirmed one does while its provider is being asked.
RECIPIENT_OPEN = RECIPIENT_NOT_YET_PLACED | RECIPIENT_IN_FLIGHT
#: Ended, but not with a finished call: the batch is "completed partial".
RECIPIENT_FALLEN_SHORT = frozenset({R.SKIPPED, R.FAILED, R.CANCELED, R.UNCONFIRMED})

# Call --------------------------------------------------------------------------------------------

CALL_LIVE = frozenset({C.QUEUED, C.RINGING, C.IN_PROGRESS})
CALL_FINAL = frozenset({C.COMPLETED, C.NO_ANSWER, C.BUSY, C.FAILED, C.CANCELED})
#: A call's status only ever rises in rank; a final status is never replaced.
CALL_RANK: dict[CallStatus, int] = {
    C.UNKNOWN: 0,
    C.QUEUED: 1,
    C.RINGING: 2,
    C.IN_PROGRESS: 3,
    **dict.fromkeys(CALL_FINAL, 9),
}
