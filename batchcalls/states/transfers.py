"""The statuses of lists, exports and outgoing webhooks."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from batchcalls.states.roles import DANGER, INFO, NEUTRAL, SUCCESS, Role, Status, those


@dataclass(frozen=True, slots=True)
class ListRole(Role):
    """The meaning of an uploaded list's status."""

    _: KW_ONLY
    #: More rows may still be imported.
    is_open: bool = False
    #: Its rows are not part of the batch.
    left_out: bool = False


class ListStatus(Status):
    """Import progress of an uploaded list."""

    role: ListRole

    UPLOADED = "uploaded", ListRole(NEUTRAL, is_open=True), "Uploaded"
    IMPORTING = "importing", ListRole(INFO, is_open=True), "Importing"
    IMPORTED = "imported", ListRole(SUCCESS), "Imported"
    FAILED = "failed", ListRole(DANGER, left_out=True), "Failed"
    STOPPED = "stopped", ListRole(NEUTRAL, left_out=True), "Stopped"


LIST_OPEN = those(ListStatus, lambda status: status.role.is_open)
LIST_LEFT_OUT = those(ListStatus, lambda status: status.role.left_out)


class ExportStatus(Status):
    """Progress of a requested export file."""

    WAITING = "waiting", Role(INFO), "Being written"
    DONE = "done", Role(SUCCESS), "Ready"
    FAILED = "failed", Role(DANGER), "Failed"


class DeliveryStatus(Status):
    """Progress of an outgoing webhook."""

    PENDING = "pending", Role(INFO), "Waiting"
    DELIVERED = "delivered", Role(SUCCESS), "Delivered"
    DEAD = "dead", Role(DANGER), "Given up"
