"""The tables of sending: accounts, batches, recipients, calls and their events."""

from batchcalls.models.api_key import ApiAllowance, ApiKey, Scope
from batchcalls.models.audit_entry import AuditAction, AuditDoor, AuditEntry
from batchcalls.models.batch import Batch
from batchcalls.models.call_result import CallEvent, CallResult
from batchcalls.models.caller_id import CallerId
from batchcalls.models.data_life import BatchPurge, ErasedNumber, Purge
from batchcalls.models.doorbell import Doorbell
from batchcalls.models.emergency_stop import EmergencyStop
from batchcalls.models.epoch import Epoch
from batchcalls.models.event import AccountEvent, BatchEvent
from batchcalls.models.export import Export, ExportKind
from batchcalls.models.figures import DayOfCalls, KeptFigure
from batchcalls.models.heartbeat import WorkerHeartbeat
from batchcalls.models.idempotent_request import IdempotentRequest
from batchcalls.models.opt_out_review import OptOutDecision, OptOutReview
from batchcalls.models.opt_out_source import OptOutMessage, OptOutSource
from batchcalls.models.preferences import Preferences, preferences_of
from batchcalls.models.recipient import Recipient
from batchcalls.models.saved_filter import FilteredPage, SavedFilter
from batchcalls.models.sign_in import RecoveryCode, SignIn, sign_in_of
from batchcalls.models.spending import DailySpending
from batchcalls.models.stored_list import ListKind, ListPart, StoredList
from batchcalls.models.voice_account import VoiceAccount
from batchcalls.models.webhook import (
    AttemptKind,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
    WebhookFormat,
)

__all__ = [
    "AccountEvent",
    "ApiAllowance",
    "ApiKey",
    "AttemptKind",
    "AuditAction",
    "AuditDoor",
    "AuditEntry",
    "Batch",
    "BatchEvent",
    "BatchPurge",
    "CallEvent",
    "CallResult",
    "CallerId",
    "DailySpending",
    "DayOfCalls",
    "Doorbell",
    "EmergencyStop",
    "Epoch",
    "ErasedNumber",
    "Export",
    "ExportKind",
    "FilteredPage",
    "IdempotentRequest",
    "KeptFigure",
    "ListKind",
    "ListPart",
    "OptOutDecision",
    "OptOutMessage",
    "OptOutReview",
    "OptOutSource",
    "Preferences",
    "Purge",
    "Recipient",
    "RecoveryCode",
    "SavedFilter",
    "Scope",
    "SignIn",
    "StoredList",
    "VoiceAccount",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookEvent",
    "WebhookFormat",
    "WorkerHeartbeat",
    "preferences_of",
    "sign_in_of",
]
