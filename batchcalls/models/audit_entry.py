"""The audit log: who changed or saw something protected, from where, and what changed."""

from __future__ import annotations

from django.apps import apps
from django.db import models


class AuditAction(models.TextChoices):
    """What was done. Not a `choices` of the column, so that another one needs no migration."""

    ADDED = "added", "Added"
    CHANGED = "changed", "Changed"
    DELETED = "deleted", "Deleted"
    IMPORTED = "imported", "Imported"
    SWITCHED_ON = "switched_on", "Switched on"
    SWITCHED_OFF = "switched_off", "Switched off"
    SECRET_ROTATED = "secret_rotated", "Secret rotated"
    SECRET_SHOWN = "secret_shown", "Secret shown"
    REVOKED = "revoked", "Revoked"
    DECIDED = "decided", "Decided"
    SUBMITTED = "submitted", "Submitted"
    LAUNCHED = "launched", "Launched"
    PAUSED = "paused", "Paused"
    RESUMED = "resumed", "Resumed"
    CANCELED = "canceled", "Canceled"
    REOPENED = "reopened", "Reopened"
    STOPPED = "stopped", "Stopped"
    SETTLED = "settled", "Settled"
    SENT_AGAIN = "sent_again", "Sent again"
    TESTED = "tested", "Tested"
    VIEWED = "viewed", "Viewed"
    EXPORTED = "exported", "Exported"
    DOWNLOADED = "downloaded", "Downloaded"
    PURGED = "purged", "Purged"
    PURGED_DATA = "purged_data", "Purged data"
    ERASED = "erased", "Erased"


class AuditDoor(models.TextChoices):
    """Where the request came in. A worker has no door: it does what somebody asked for before."""

    PAGE = "page", "Page"
    API = "api", "API"
    BLAND_API = "bland_api", "Bland-compatible API"
    HOOK = "hook", "Webhook"
    COMMAND = "command", "Command line"
    WORKER = "worker", "Worker"


class AuditEntry(models.Model):
    """One line of the audit log. Triggers of the database refuse to change or delete it.

    It has no foreign keys: it outlives what it is about, and the person who did it. Phone numbers
    of recipients are never stored, only masked, with a keyed hash to search by.
    """

    at = models.DateTimeField()
    action = models.CharField(max_length=30)

    kind = models.CharField("object type", max_length=80)
    object_id = models.CharField("object ID", max_length=64, blank=True)
    object_name = models.CharField("object", max_length=200, blank=True)

    actor_key = models.BigIntegerField("user ID", null=True)
    actor_name = models.CharField("who", max_length=150, blank=True)
    door = models.CharField(max_length=20)
    address = models.CharField(max_length=45, blank=True)
    session = models.CharField(max_length=16, blank=True)
    api_key_id = models.BigIntegerField("API key ID", null=True)
    api_key_name = models.CharField("API key", max_length=130, blank=True)
    request_id = models.CharField("request ID", max_length=64, blank=True)

    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    note = models.CharField(max_length=500, blank=True)
    count = models.BigIntegerField("rows", null=True)
    number_hash = models.CharField(max_length=32, blank=True)
    #: Only for purges: entries up to this ID may be deleted.
    purged_through = models.BigIntegerField(null=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "audit entries"
        default_permissions = ("view",)
        permissions = [("export_auditentry", "Can export audit entries")]
        indexes = [
            models.Index(fields=["at", "id"], name="audit_by_time"),
            models.Index(fields=["actor_name", "id"], name="audit_by_actor"),
            models.Index(fields=["action", "id"], name="audit_by_action"),
            models.Index(fields=["kind", "object_id", "id"], name="audit_by_object"),
            models.Index(
                fields=["number_hash", "id"],
                condition=~models.Q(number_hash=""),
                name="audit_by_number",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action_label}: {self.kind_label} {self.object_name}".rstrip()

    @property
    def action_label(self) -> str:
        """The action in words; of an action that is no longer used, its code."""
        known = self.action in AuditAction.values
        return str(AuditAction(self.action).label) if known else self.action

    @property
    def door_label(self) -> str:
        """The door in words."""
        known = self.door in AuditDoor.values
        return str(AuditDoor(self.door).label) if known else self.door

    @property
    def kind_label(self) -> str:
        """The type of the object, such as "webhook endpoint"."""
        try:
            return str(apps.get_model(self.kind)._meta.verbose_name)
        except (LookupError, ValueError):
            return self.kind
