"""Serializers that create a batch from recipients as objects, or from a file and its mapping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, cast

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from batchcalls.access.json_lists import JsonList
from batchcalls.api.batch_members import BATCH
from batchcalls.api.batch_rules import RulesField
from batchcalls.api.fields import OBJECT, BudgetField, CallSettingsField, ObjectField, Strict
from batchcalls.api.settings_schema import SENT_RECIPIENT
from batchcalls.drafting import drafts, recipient_objects
from batchcalls.drafting.chosen_rules import ChosenRules
from batchcalls.drafting.drafts import DraftRequest
from batchcalls.intake.uploads import ReadingOptions
from batchcalls.lists.mapping import Target
from batchcalls.models import Batch, VoiceAccount
from batchcalls.models.batch import DuplicateChoice
from batchcalls.models.launched_with import Use, names_of
from campaigns import e164
from campaigns.call_settings import DateOrder
from campaigns.models import Campaign
from campaigns.number_writing import Written
from campaigns.vocabulary import PURPOSES_IN_WORDS, Purpose

#: Lists up to these sizes are checked while a client waits for the dry run.
SHORT_ROWS, SHORT_BYTES = 1_000, 100_000


@extend_schema_field({"type": "array", "minItems": 1, "items": SENT_RECIPIENT})
class RecipientsField(serializers.Field[Any, Any, Any, Any]):
    """A list of objects. Their contents are validated when they become rows."""

    default_error_messages = {"not_a_list": "Write a list of recipients."}

    def to_internal_value(self, data: Any) -> Sequence[Any]:
        """Return the list."""
        if not isinstance(data, list | JsonList):
            self.fail("not_a_list")
        return data

    def to_representation(self, value: Any) -> Any:
        """Return the value unchanged."""
        return value


@extend_schema_field(OBJECT)
class MappingField(ObjectField):
    """A column mapping: header, or #3 for the third column, to target."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return the mapping. Raise `ValidationError` for values that are not text."""
        given = super().to_internal_value(data)
        wrong = {
            name: [ErrorDetail("Write a target such as phone_number or request_data.x.", "invalid")]
            for name, target in given.items()
            if not isinstance(target, str) or "=" in target or not target.strip()
        }
        if wrong:
            raise serializers.ValidationError(wrong)
        return given


class DatesField(serializers.ChoiceField):
    """How the start times of a list are written."""

    def __init__(self) -> None:
        super().__init__(
            choices=[(order.value, order.label) for order in DateOrder],
            required=False,
            allow_blank=True,
            help_text="Order of day, month and year in start times. Leave blank to detect it from "
            "all of them; dates that fit several orders are then skipped.",
        )


class BatchFields(Strict):
    """The fields of a batch, for creating and changing one."""

    name = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text=BATCH["name"]
    )
    campaign = serializers.PrimaryKeyRelatedField(
        queryset=Campaign.objects.select_related("pathway", "policy"),
        required=False,
        allow_null=True,
        help_text="Campaign with the prompt or pathway, call settings, and calling policy.",
    )
    account = serializers.PrimaryKeyRelatedField(
        queryset=VoiceAccount.objects.all(),
        required=False,
        help_text="Voice account to call with. Default: the built-in simulator.",
    )
    purpose = serializers.ChoiceField(
        choices=Purpose.choices,
        required=False,
        help_text="Why people are called. It decides which consent is required. Default: the "
        "campaign's. Without a campaign it is required if the account calls real phones, and else "
        f"`informational`. {PURPOSES_IN_WORDS}",
    )
    prompt = serializers.CharField(
        required=False, allow_blank=True, trim_whitespace=False, help_text=BATCH["prompt"]
    )
    pathway_id = serializers.CharField(
        max_length=100, required=False, allow_blank=True, help_text=BATCH["pathway_id"]
    )
    pathway_version = serializers.CharField(
        max_length=40, required=False, allow_blank=True, help_text=BATCH["pathway_version"]
    )
    call_settings = CallSettingsField(required=False)
    region = serializers.CharField(
        max_length=2, required=False, help_text="Country of numbers without country code: US, GB …"
    )
    duplicates = serializers.ChoiceField(
        choices=DuplicateChoice.choices, required=False, help_text=BATCH["duplicates"]
    )
    start_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text=BATCH["start_at"]
    )
    cps = serializers.FloatField(
        min_value=0.001,
        max_value=10_000,
        required=False,
        allow_null=True,
        help_text=BATCH["cps"],
    )
    concurrency = serializers.IntegerField(
        min_value=1,
        max_value=1_000_000,
        required=False,
        allow_null=True,
        help_text=BATCH["concurrency"],
    )
    budget = BudgetField(required=False, allow_null=True)
    breaker_percent = serializers.IntegerField(
        min_value=0,
        max_value=100,
        required=False,
        allow_null=True,
        help_text="Percent of recent calls that may fail before the batch pauses; null for the "
        "account's limit, 0 for none.",
    )
    rules = RulesField()

    @property
    def names_kept(self) -> list[str]:
        """The fields of a batch itself, which a change sends again."""
        return [name for name, field in self.fields.items() if not field.write_only]

    def validate_region(self, value: str) -> str:
        """Reject anything that is not a country."""
        return country(value)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Reject a prompt together with a pathway."""
        if attrs.get("prompt") and attrs.get("pathway_id"):
            raise serializers.ValidationError(
                {"pathway_id": "Send a prompt or a pathway, not both."}
            )
        return attrs


class _NewBatch(BatchFields):
    launch = serializers.BooleanField(
        default=False,
        help_text="Launch as soon as the list is checked. Otherwise, the batch stays a draft.",
    )
    dry_run = serializers.BooleanField(
        default=False,
        help_text="Check the list and report what a launch would do, without calling anyone.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Reject a dry run together with a launch."""
        if attrs["launch"] and attrs["dry_run"]:
            raise serializers.ValidationError(
                {"launch": "A dry run does not launch. Send only one of the two."}
            )
        return super().validate(attrs)


class Rows(Strict):
    """Rows for a batch, as objects or as a file."""

    numbers_written = serializers.ChoiceField(
        choices=[(written.value, written.label) for written in Written],
        required=False,
        allow_blank=True,
        help_text="How numbers without + are written. Blank: decided by all of them. A number that "
        "can be read both ways is skipped as `ambiguous_number` unless the others decide.",
    )


class RowsOfRecipients(Rows):
    """Recipients as objects."""

    recipients = RecipientsField(help_text="The people to call, in order.")

    @property
    def is_short(self) -> bool:
        """Tell whether the list is checked while the client waits."""
        return len(self.validated_data["recipients"]) <= SHORT_ROWS

    def join(self, batch: Batch, *, actor: Any) -> None:
        """Add the recipients to a batch. Raise as `recipient_objects.add` does."""
        values = self.validated_data
        recipient_objects.add(
            batch,
            values["recipients"],
            numbers_written=values.get("numbers_written", ""),
            actor=actor,
        )


class RowsOfFile(Rows):
    """A CSV or XLSX file, and its column mapping."""

    file = serializers.FileField(help_text="CSV or XLSX, with a header.")
    mapping = MappingField(
        required=False,
        help_text="A JSON object: header, or #3 for the third column, to phone_number[.2], "
        "request_data[.name], trusted_text[.name], metadata[.name], postcode[.name], state[.name], "
        "consent, consent_type, consent_date, consent_source, consent_evidence, opt_out, ignore or "
        "a call setting. Other columns are matched by their headers, which alone give "
        "no call setting that needs a permission: a list must not take over a call.",
    )
    map_all = serializers.BooleanField(
        default=False, help_text="Make every other column a variable."
    )
    encoding = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=40,
        help_text="For example utf-8 or cp1252. Leave blank to detect it. A file whose encoding is "
        "unclear is refused if its rows would be called right away.",
    )
    delimiter = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=20,
        trim_whitespace=False,
        help_text="What separates the cells. Leave blank to detect it.",
    )
    sheet = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=100,
        help_text="The sheet of a workbook. Leave blank for the first.",
    )
    dates = DatesField()
    header_row = serializers.IntegerField(
        required=False,
        min_value=1,
        help_text="The row with the names of the columns, if there is a title above it. Leave it "
        "out for the first row with text.",
    )
    include_hidden = serializers.BooleanField(
        default=False, help_text="Read the hidden rows and columns of a workbook too."
    )

    @property
    def is_short(self) -> bool:
        """Tell whether the list is checked while the client waits."""
        size: int = self.validated_data["file"].size
        return size <= SHORT_BYTES

    def join(self, batch: Batch, *, actor: Any) -> None:
        """Add the rows of the file to a batch. Raise as `drafts.add_list` does."""
        upload = self.validated_data["file"]
        drafts.add_list(
            batch,
            cast("BinaryIO", upload.file),
            file_name=upload.name,
            reading=self.reading(),
            actor=actor,
        )

    def reading(self) -> ReadingOptions:
        """Return the options for reading the file."""
        values = self.validated_data
        return ReadingOptions(
            encoding=values.get("encoding", ""),
            must_be_clear=values.get("launch", False),
            delimiter=values.get("delimiter", ""),
            sheet=values.get("sheet", ""),
            header_row=values.get("header_row", 0),
            include_hidden=values["include_hidden"],
            region=values.get("region", ""),
            dates=values.get("dates", ""),
            numbers_written=values.get("numbers_written", ""),
            column_options=column_options(values),
            map_all=Target.REQUEST_DATA if values["map_all"] else None,
        )


class BatchOfRecipients(RowsOfRecipients, _NewBatch):
    """A new batch with recipients as objects."""

    def make(self, *, actor: Any) -> Batch:
        """Store the draft. Raise as `recipient_objects.create` does."""
        values = self.validated_data
        return recipient_objects.create(request_of(values, actor=actor), values["recipients"])


class BatchOfFile(RowsOfFile, _NewBatch):
    """A new batch with a CSV or XLSX file."""

    def make(self, *, actor: Any) -> Batch:
        """Store the draft. Raise as `drafts.create` does."""
        values = self.validated_data
        upload = values["file"]
        return drafts.create(
            request_of(values, actor=actor, reading=self.reading()),
            cast("BinaryIO", upload.file),
            file_name=upload.name,
        )


def column_options(values: Mapping[str, Any]) -> list[str]:
    """Return the mapping of a request as the options of a command line."""
    return [f"{one}={to}" for one, to in values.get("mapping", {}).items()]


def country(value: str) -> str:
    """Return the two-letter code of a country. Raise `ValidationError` for an unknown one."""
    if not e164.is_region(value.upper()):
        raise serializers.ValidationError("This is not a country. Use two letters, such as US.")
    return value.upper()


def request_of(
    values: Mapping[str, Any], *, actor: Any, reading: ReadingOptions | None = None
) -> DraftRequest:
    """Return the request for a draft."""
    said = {name: values[name] for name in names_of(Use.ASKED) if name in values}
    said["account"] = values.get("account") or VoiceAccount.objects.built_in()
    if "rules" in values:
        said["rules"] = values["rules"] or ChosenRules()
    reading = reading or ReadingOptions(
        region=values.get("region", ""), numbers_written=values.get("numbers_written", "")
    )
    return DraftRequest(**said, reading=reading, created_by=actor)
