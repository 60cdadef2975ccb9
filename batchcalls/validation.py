"""One row of a list becomes one verdict: it can be called, or it is skipped with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from batchcalls.call_requests import RENDERED
from batchcalls.importing.reader import RowProblem
from batchcalls.models import Batch
from campaigns import call_settings, e164, prompts


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRules:
    """What every row of one batch is held against.

    ``required`` are the variables without which something would be left unsaid; ``timezone`` is
    where start times without an offset are read.
    """

    region: str
    required: frozenset[str]
    timezone: str | None = None

    @classmethod
    def of(cls, batch: Batch) -> Self:
        """Return the rules of a batch; raise `prompts.PromptError` for braces that do not close."""
        return cls(
            region=batch.region,
            required=templates_of(batch).required - prompts.BUILT_IN,
            timezone=batch.call_settings.get("timezone"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RowVerdict:
    """Callable when ``code`` is blank; else ``message`` says why the row is skipped."""

    e164: str = ""
    call_settings: dict[str, Any] = field(default_factory=dict)
    start_at: datetime | None = None
    code: str = ""
    message: str = ""


def templates_of(batch: Batch) -> prompts.TemplateSet:
    """Return what all texts of a batch's calls need; raise `prompts.PromptError`."""
    return prompts.names_in({"prompt": batch.prompt, **spoken(batch.call_settings)})


def spoken(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the call settings that hold templates."""
    return {name: value for name, value in settings.items() if name in RENDERED}


def judge(
    rules: RowRules,
    *,
    blank: bool,
    problem: RowProblem | None,
    raw_number: str,
    request_data: Mapping[str, str],
    settings: Mapping[str, str],
) -> RowVerdict:
    """Check one row: its form, its number, its call settings, its variables."""
    if blank:
        return RowVerdict(code="blank_row", message="The row is empty.")
    if problem is not None:
        return RowVerdict(code=problem.code, message=problem.message)
    number = e164.parse(raw_number, region=rules.region)
    if isinstance(number, e164.NumberProblem):
        return RowVerdict(code=number.code, message=number.message)
    normalized = call_settings.normalize(settings, per_row=True, timezone=rules.timezone)
    if normalized.problems:
        return RowVerdict(
            e164=number.e164,
            code=normalized.problems[0].code,
            message=" ".join(one.message for one in normalized.problems),
        )
    if unsaid := _what_would_be_unsaid(rules, normalized.values, request_data):
        code, message = unsaid
        return RowVerdict(e164=number.e164, code=code, message=message)
    start = normalized.values.pop("start_time", None)
    return RowVerdict(
        e164=number.e164,
        call_settings=normalized.values,
        start_at=datetime.fromisoformat(start) if start else None,
    )


def _what_would_be_unsaid(
    rules: RowRules, settings: Mapping[str, Any], request_data: Mapping[str, str]
) -> tuple[str, str] | None:
    """Return code and message when a text of the row's call could not be said as it is meant."""
    if settings.keys() >= {"task", "pathway_id"}:
        return "prompt_and_pathway", "The row has a prompt and a pathway; leave one of them blank."
    required = rules.required
    if own := spoken(settings):
        try:
            required |= prompts.names_in(own).required - prompts.BUILT_IN
        except prompts.PromptError as error:
            return "bad_prompt", str(error)
    missing = sorted(name for name in required if prompts.is_blank(request_data.get(name, "")))
    if not missing:
        return None
    names = ", ".join("{{" + name + "}}" for name in missing)
    return (
        "missing_variable",
        f"No value for {names}, which the call needs. Fill the cell, or give the variable a "
        "default: {{name|default}}.",
    )
