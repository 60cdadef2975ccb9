"""Serializers of a dry run: what a launch would do, and which rows were skipped."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from batchcalls.api.batch_members import BATCH, RECIPIENT
from batchcalls.api.fields import CountsField, StoredTimeField


class LaterSerializer(serializers.Serializer[Any]):
    """Rows that are called later."""

    count = serializers.IntegerField(help_text="How many there are.")
    first_at = StoredTimeField(
        allow_null=True, help_text="When the first of them is due; null if there are none."
    )


class DuplicatesSerializer(serializers.Serializer[Any]):
    """Rows whose number another row has too."""

    choice = serializers.CharField(help_text=BATCH["duplicates"])
    rows = serializers.IntegerField(help_text="How many there are.")


class ZoneSerializer(serializers.Serializer[Any]):
    """Rows of a time zone, or of several if a number may be in any of them."""

    zones = serializers.CharField(help_text="IANA names, with commas between them.")
    now = serializers.IntegerField(help_text="Rows that could be called at once.")
    later = serializers.IntegerField(help_text="Rows that are called later.")
    first_at = StoredTimeField(
        allow_null=True, help_text="When the first of these is due; null if there are none."
    )


class ZoneConflictSerializer(serializers.Serializer[Any]):
    """A row whose places contradict each other."""

    row = serializers.IntegerField(help_text="Row of the file; the header is row 1.")
    number = serializers.CharField(help_text="The number in E.164.")
    message = serializers.CharField(help_text="What contradicts what.")


class ZoneConflictsSerializer(serializers.Serializer[Any]):
    """Rows whose places contradict each other."""

    count = serializers.IntegerField(help_text="How many there are.")
    rows = ZoneConflictSerializer(many=True, help_text="The first twenty.")


class EstimateSerializer(serializers.Serializer[Any]):
    """Each figure is a range: from, to."""

    calls = serializers.ListField(
        child=serializers.IntegerField(), help_text="How many calls are placed."
    )
    seconds = serializers.ListField(
        child=serializers.IntegerField(), help_text="How long the batch takes."
    )
    cost = serializers.ListField(child=serializers.CharField(), help_text="What it costs.")
    currency = serializers.CharField(help_text="Currency of the cost (ISO 4217).")


class PromptSerializer(serializers.Serializer[Any]):
    """A prompt with the values of a row."""

    row = serializers.IntegerField(help_text="Row of the file; the header is row 1.")
    number = serializers.CharField(help_text="The number in E.164.")
    text = serializers.CharField(help_text="The prompt.")


class ReportedProblemSerializer(serializers.Serializer[Any]):
    """A row that is skipped."""

    row = serializers.IntegerField(help_text="Row of the file; the header is row 1.")
    raw_number = serializers.CharField(help_text=RECIPIENT["raw_number"])
    reason = serializers.CharField(help_text="The reason, for programs.")
    message = serializers.CharField(help_text="The reason in words.")


class StartTimesSerializer(serializers.Serializer[Any]):
    """How the start times of rows were read."""

    count = serializers.IntegerField(help_text="Rows with a start time.")
    past = serializers.IntegerField(
        help_text="Of them, those whose time has passed: they do not delay the call."
    )
    read_in = CountsField(
        help_text="By where the time zone came from: offset (in the text itself), row, postcode, "
        "number, or batch."
    )


class ReportSerializer(serializers.Serializer[Any]):
    """What a launch would do."""

    computed_at = StoredTimeField(help_text="When the list was checked.")
    rows = serializers.IntegerField(help_text="Rows that were checked.")
    now = serializers.IntegerField(help_text="Rows that could be called at once.")
    later = LaterSerializer(help_text="Rows that are called later.")
    never = CountsField(help_text="Rows that would be skipped when they are dialed, by reason.")
    skipped = CountsField(help_text="Rows already skipped, by reason code.")
    duplicates = DuplicatesSerializer(help_text="Rows whose number another row has too.")
    countries = CountsField(help_text="Rows by the country of their number.")
    time_zones = ZoneSerializer(many=True, help_text="Rows by time zone.")
    zone_sources = CountsField(
        required=False,
        help_text="Rows by what says where the recipient is: row (its own time zone), postcode, or "
        "number.",
    )
    zone_conflicts = ZoneConflictsSerializer(
        required=False,
        help_text="Rows whose time zone, postcode, number, or state contradict each other. Calls "
        "wait until hours are open in all of these places.",
    )
    estimate = EstimateSerializer(help_text="How long the batch takes, and what it costs.")
    assumptions = serializers.ListField(
        child=serializers.CharField(), help_text="What the estimate assumes."
    )
    start_times = StartTimesSerializer(
        required=False, help_text="Start times of rows still to be dialed."
    )
    notes = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="How start times were read, and what to do about rows that are never called.",
    )
    prompts = PromptSerializer(many=True, help_text="The prompts of the first rows.")
    problems = ReportedProblemSerializer(many=True, help_text="The first rows that are skipped.")


class RowErrorSerializer(serializers.Serializer[Any]):
    """A row that was skipped."""

    pointer = serializers.CharField(
        help_text="Where the row is in the body; of a row of a file, blank."
    )
    row = serializers.IntegerField(help_text="Row of the file; the header is row 1.")
    raw_number = serializers.CharField(help_text=RECIPIENT["raw_number"])
    code = serializers.CharField(help_text="Why it was skipped, for programs.")
    detail = serializers.CharField(help_text="Why it was skipped, in words.")


class RejectedSerializer(serializers.Serializer[Any]):
    """The rows that were skipped."""

    count = serializers.IntegerField(help_text="How many there are.")
    errors: Any = RowErrorSerializer(many=True, help_text="The first hundred.")
    url = serializers.URLField(help_text="All of them, as CSV.")


class DryRunSerializer(serializers.Serializer[Any]):
    """The check of the list of a batch."""

    status = serializers.CharField(help_text=BATCH["status"])
    is_done = serializers.BooleanField(help_text="False while the list is being checked.")
    report = ReportSerializer(
        allow_null=True, help_text="What a launch would do; null until the list is checked."
    )
    rejected = RejectedSerializer(help_text="The rows that were skipped.")
