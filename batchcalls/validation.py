"""One row of a list becomes one verdict: it can be called, or it is skipped with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from batchcalls.importing.reader import RowProblem
from batchcalls.models import Batch
from campaigns import call_settings, e164, prompts


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRules:
    """What every row of one batch is held against.

    ``required`` are the variables without which something would be left unsaid.
    """

    region: str
    required: frozenset[str]

    @classmethod
    def of(cls, batch: Batch) -> Self:
        """Return the rules of a batch; raise `prompts.PromptError` for braces that do not close."""
        return cls(region=batch.region, required=templates_of(batch).required - prompts.BUILT_IN)


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
    spoken = {
        name: value
        for name, value in batch.call_settings.items()
        if (setting := call_settings.get(name)) and setting.rendered
    }
    return prompts.names_in({"prompt": batch.prompt, **spoken})


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
    normalized = call_settings.normalize(settings, per_row=True)
    if normalized.problems:
        return RowVerdict(
            e164=number.e164,
            code=normalized.problems[0].code,
            message=" ".join(one.message for one in normalized.problems),
        )
    missing = sorted(name for name in rules.required if not request_data.get(name, "").strip())
    if missing:
        names = ", ".join("{{" + name + "}}" for name in missing)
        return RowVerdict(
            e164=number.e164,
            code="missing_variable",
            message=f"No value for {names}, which the call needs. Fill the cell, or give the "
            "variable a default: {{name|default}}.",
        )
    start = normalized.values.pop("start_time", None)
    return RowVerdict(
        e164=number.e164,
        call_settings=normalized.values,
        start_at=datetime.fromisoformat(start) if start else None,
    )
