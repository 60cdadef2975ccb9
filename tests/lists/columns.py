"""Columns matched by their headers, with a few call settings."""

from __future__ import annotations

from batchcalls.lists import guessing, matching
from batchcalls.lists.headers import describe_headers
from batchcalls.lists.mapping import ListMapping, Target, check

SETTINGS = {
    "voice",
    "webhook",
    "start_time",
    "timezone",
    "max_duration",
    "phone_number",
    "request_data",
    "metadata",
    "task",
}
SEED = ["phone_number", "business_name", "previous_customer", "champion_name", "webhook"]


def is_setting(name: str) -> bool:
    return name in SETTINGS


def guess(*headers: str) -> ListMapping:
    return guessing.guess(describe_headers(list(headers)), is_call_setting=is_setting)


def change(headers: list[str], *options: str) -> ListMapping:
    described = describe_headers(headers)
    return matching.apply_options(
        guessing.guess(described, is_call_setting=is_setting),
        described,
        [matching.parse_option(option) for option in options],
        is_call_setting=is_setting,
    )


def written(columns: ListMapping) -> list[str]:
    """Write each column's target as the command line does."""
    short = {
        Target.CALL_SETTING: "",
        Target.REQUEST_DATA: "request_data.",
        Target.METADATA: "metadata.",
    }
    return [short[c.target] + c.name if c.target in short else c.written for c in columns.columns]


def codes(columns: ListMapping) -> list[str]:
    return [problem.code for problem in check(columns, is_call_setting=is_setting)]
