"""The statuses of what is uploaded, downloaded or sent: lists, exports, webhooks."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from batchcalls.states.roles import DANGER, INFO, NEUTRAL, SUCCESS, Role, Status, those


@dataclass(frozen=True, slots=True)
class ListRole(Role):
    """What an uploaded list's status means."""

    _: KW_ONLY
    #: Its rows may still come.
    is_open: bool = False
    #: Its rows are not part of the batch.
    left_out: bool = False


class ListStatus(Status):
    """How far an uploaded list was taken in."""

    role: ListRole

    UPLOADED = "uploaded", ListRole(NEUTRAL, is_open=True), "Uploaded"
    IMPORTING = "importing", ListRole(INFO, is_open=True), "Importing"
    IMPORTED = "imported", ListRole(SUCCESS), "Imported"
    FAILED = "failed", ListRole(DANGER, left_out=True), "Failed"
    STOPPED = "stopped", ListRole(NEUTRAL, left_out=True), "Stopped"


LIST_OPEN = those(ListStatus, lambda status: status.role.is_open)
LIST_LEFT_OUT = those(ListStatus, lambda status: status.role.left_out)


class ExportStatus(Status):
    """How far a file that somebody asked for is."""

    WAITING = "waiting", Role(INFO), "Being written"
    DONE = "done", Role(SUCCESS), "Ready"
    FAILED = "failed", Role(DANGER), "Failed"


class DeliveryStatus(Status):
    """How far an outgoing webhook is."""

    PENDING = "pending", Role(INFO), "Waiting"
    DELIVERED = "delivered", Role(SUCCESS), "Delivered"
    DEAD = "dead", Role(DANGER), "Given up"
