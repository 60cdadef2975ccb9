"""Decide for each row of a list whether it can be called or is skipped, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache, partial
from typing import Any, Self

from django.conf import settings

from batchcalls.calling import caller_ids, destinations
from batchcalls.calling.call_requests import RENDERED
from batchcalls.calling.consent import demands_at, latest_day
from batchcalls.database import clock
from batchcalls.lists.rows import RowProblem
from batchcalls.models import Batch
from campaigns import call_settings, e164, prompts
from campaigns.allowed_hosts import AllowedHost, Hosts
from campaigns.call_settings import ZoneSource
from campaigns.consent import Consent, read_opt_out
from campaigns.consent_demands import Demand, Evidence, first_lack
from campaigns.consent_record import ConsentCells
from campaigns.conversations import LEADING
from campaigns.countries import Permitted
from campaigns.pathways import Pathway, as_template
from campaigns.places import jurisdictions, whereabouts
from campaigns.places.whereabouts import Source, Whereabouts

#: The reason code of a row with an explicit no, as opposed to one without an answer.
CONSENT_REFUSED = "consent_refused"
#: Those of a row whose opt-out column refuses, or may refuse.
OPTED_OUT, OPT_OUT_UNCLEAR = "opted_out", "opt_out_unclear"
#: Clear refusals, which may be added to the do-not-call list.
CLEAR_REFUSALS = frozenset({CONSENT_REFUSED, OPTED_OUT})
#: Refusals that apply to the same number in other rows too.
REFUSALS = CLEAR_REFUSALS | {OPT_OUT_UNCLEAR}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRules:
    """The rules that every row of a batch must meet.

    ``required`` holds the variables that the texts need, except those of the prompt, because a row
    may have its own prompt; ``required_with_prompt`` includes them. ``is_led`` is False for a batch
    whose rows have conversations of their own. ``timezone`` applies to start
    times without an offset. ``demands_on`` returns the consent that calls to some places need.
    ``today`` is the latest valid date of consent. ``permitted`` are the countries that may be
    called, None for all, and ``kinds`` the special kinds of numbers that may be called.
    ``caller_ids_off`` returns the numbers of the account that are switched off, and ``hosts`` the
    hosts that data may go to: both are read for the first row that needs them.
    """

    region: str
    required: frozenset[str]
    required_with_prompt: frozenset[str]
    is_led: bool = True
    timezone: str | None = None
    demands_on: Callable[[str], Sequence[Demand]]
    today: date
    max_value_characters: int
    permitted: Permitted | None = None
    kinds: frozenset[str] = frozenset()
    caller_ids_off: Callable[[], frozenset[str]] = frozenset
    hosts: Callable[[], Hosts] = Hosts

    @classmethod
    def of(cls, batch: Batch) -> Self:
        """Return the rules of a batch; raise `prompts.PromptError` for unclosed braces."""
        now = clock.now()
        return cls(
            region=batch.region,
            required=prompts.names_in(spoken(batch.call_settings)).required - prompts.BUILT_IN,
            required_with_prompt=templates_of(batch).required - prompts.BUILT_IN,
            is_led=batch.conversation.is_led,
            timezone=batch.call_settings.get("timezone"),
            demands_on=demands_at(batch, now=now),
            today=latest_day(now),
            max_value_characters=settings.MAX_VALUE_CHARACTERS,
            permitted=batch.account.permitted,
            kinds=batch.account.special_kinds,
            caller_ids_off=cache(batch.account.caller_ids_off),
            hosts=cache(AllowedHost.objects.current),
        )


#: Those of rows without such cells, shared by all of them and never changed.
_NO_CELLS, _NO_EVIDENCE, _NO_SETTINGS = ConsentCells(), Evidence(), call_settings.Normalized()
_NOWHERE = Whereabouts()


@dataclass(slots=True, kw_only=True)  # not frozen, which would take three times as long
class RowVerdict:
    """The result for a row: callable if ``code`` is blank, else ``message`` says why not.

    ``refused_numbers`` are those that must not be called because of this row. ``places`` are those
    of `jurisdictions.find`, with commas between them.
    """

    e164: str = ""
    refused_numbers: tuple[str, ...] = ()
    region: str = ""
    whereabouts: Whereabouts = _NOWHERE
    places: str = ""
    call_settings: dict[str, Any] = field(default_factory=dict)
    start_at: datetime | None = None
    start_zone: str = ""
    consent: Evidence = _NO_EVIDENCE
    code: str = ""
    message: str = ""


def templates_of(batch: Batch) -> prompts.TemplateSet:
    """Return the variables that a batch's texts and pathway need; raise `prompts.PromptError`."""
    texts = {"prompt": batch.prompt, **spoken(batch.call_settings)}
    if pathway := pathway_of(batch):
        texts["pathway"] = as_template(pathway.variables)
    return prompts.names_in(texts)


def pathway_of(batch: Batch) -> Pathway | None:
    """Return the saved pathway that leads a batch's calls, if there is one."""
    if not batch.pathway_id:
        return None
    saved = Pathway.objects.filter(pathway_id=batch.pathway_id, version=batch.pathway_version)
    return saved.first()


def spoken(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the call settings that may hold templates."""
    return {name: value for name, value in settings.items() if name in RENDERED}


def judge(
    rules: RowRules,
    *,
    blank: bool,
    problem: RowProblem | None,
    number: e164.Number | e164.NumberProblem,
    request_data: Mapping[str, str],
    row_settings: Mapping[str, str],
    consent: ConsentCells | None = None,
    numbers_meant: Callable[[], tuple[str, ...]] = tuple,
    opt_out_cells: Sequence[str] = (),
    postcode: str = "",
    state: str = "",
    date_order: str = "",
) -> RowVerdict:
    """Check one row: its form, its number, its consent, its call settings, its variables.

    ``consent`` is None for a list without columns about it. ``postcode`` and ``state`` are
    cells that say where the recipient is. ``date_order`` applies to all start times of the list.
    ``numbers_meant`` finds all numbers of a row that refuses, including numbers that are too
    doubtful to be dialed. A refusal is reported before any other problem, because it applies to
    the same numbers in other rows too.
    """
    if blank:
        return RowVerdict(code="blank_row", message="The row is empty.")
    cells = consent or _NO_CELLS
    refusal = _why_refused(rules, cells, opt_out_cells) if consent or opt_out_cells else None
    refused = numbers_meant() if refusal else ()
    if problem is not None and not refusal:
        return RowVerdict(code=problem.code, message=problem.message)
    if isinstance(number, e164.NumberProblem):
        if refusal and refused:
            code, message = refusal
            return RowVerdict(e164=refused[0], refused_numbers=refused, code=code, message=message)
        wrong = problem or number
        return RowVerdict(code=str(wrong.code), message=wrong.message)
    find = partial(whereabouts.find, region=number.region, number=number.time_zones)
    place = find(postcode=postcode, state=state)
    places = ",".join(
        jurisdictions.find(e164=number.e164, region=number.region, postcode=postcode, state=state)
    )
    evidence = cells.record(order=date_order, today=rules.today) if consent else _NO_EVIDENCE
    normalized = _NO_SETTINGS
    if row_settings:
        from_postcode = Source.POSTCODE in place.sources
        start_reading = call_settings.StartReading(
            order=date_order,
            zones=place.zones,
            zones_by=ZoneSource.POSTCODE if from_postcode else ZoneSource.NUMBER,
            timezone=rules.timezone,
            year=rules.today.year,
            is_of_row=True,
        )
        normalized = call_settings.normalize(row_settings, per_row=True, start=start_reading)
        if zone := normalized.values.get("timezone"):
            place = find(row=zone, postcode=postcode, state=state)
    code, message = (
        refusal
        or _what_is_not_permitted(rules, number.e164, normalized.values)
        or _why_without_consent(rules, cells, evidence, places)
        or _what_settings_lack(normalized)
        or _where_data_may_not_go(rules, normalized.values)
        or _what_is_too_long(rules, request_data)
        or _what_would_be_unsaid(rules, normalized.values, request_data)
        or ("", "")
    )
    start = normalized.values.pop("start_time", None)
    return RowVerdict(
        e164=number.e164,
        refused_numbers=refused,
        region=number.region,
        places=places,
        whereabouts=place,
        call_settings={} if code else normalized.values,
        start_at=datetime.fromisoformat(start) if start and not code else None,
        start_zone="" if code else normalized.start_zone,
        consent=evidence,
        code=code,
        message=message,
    )


def _what_is_not_permitted(
    rules: RowRules, number: str, row_settings: Mapping[str, Any]
) -> tuple[str, str] | None:
    """Return code and message when the row's numbers are not ones that the account may use."""
    own = row_settings.get("from")
    if own and own in rules.caller_ids_off():
        return caller_ids.SWITCHED_OFF, caller_ids.why_off(own)
    if rules.permitted is None:
        return None
    if own == number:
        return caller_ids.OWN_NUMBER, caller_ids.SAME_AS_RECIPIENT
    refused = rules.permitted.check(number) or destinations.check_settings(
        rules.permitted, row_settings
    )
    return (refused.code, refused.message) if refused else None


def _where_data_may_not_go(
    rules: RowRules, row_settings: Mapping[str, Any]
) -> tuple[str, str] | None:
    """Return code and message when an address of the row has a host that is not allowed."""
    refused = destinations.check_hosts(row_settings, rules.hosts)
    return (refused.code, refused.message) if refused else None


def _what_settings_lack(normalized: call_settings.Normalized) -> tuple[str, str] | None:
    """Return the code of the first problem, and the messages of all."""
    if not normalized.problems:
        return None
    return (
        normalized.problems[0].code,
        " ".join(problem.message for problem in normalized.problems),
    )


def _why_refused(
    rules: RowRules, cells: ConsentCells, opt_out_cells: Sequence[str]
) -> tuple[str, str] | None:
    """Return code and message when the row says not to call, even if no rule requires consent.

    An opt-out that is not clear refuses too: calling on a guess could break a promise.
    """
    opt_outs = [(read_opt_out(cell), cell) for cell in opt_out_cells]
    if cell := next((cell for said, cell in opt_outs if said == Consent.REFUSED), ""):
        return OPTED_OUT, f"The opt-out column says “{cell[:40]}”: this person opted out."
    if cell := cells.refusing(today=rules.today):
        return CONSENT_REFUSED, f"The consent column says “{cell[:40]}”, which means no."
    if cell := next((cell for said, cell in opt_outs if said == Consent.UNCLEAR), ""):
        return (
            OPT_OUT_UNCLEAR,
            f"It is not clear whether “{cell[:40]}” is an opt-out, so the number is not called. "
            "Write yes or no, or map the column to something else.",
        )
    return None


def _why_without_consent(
    rules: RowRules, cells: ConsentCells, evidence: Evidence, places: str
) -> tuple[str, str] | None:
    """Return code and message when the person is not known to have agreed to be called.

    A consent cell that cannot be read may be a refusal, so that its row is never called.
    """
    if cells.consent and (cell := cells.unclear(today=rules.today)):
        return (
            "consent_unclear",
            f"“{cell[:40]}” is not a clear consent. Write yes, no, or the date of the consent "
            "(2026-01-31).",
        )
    demands = rules.demands_on(places)
    lack = first_lack(demands, evidence, today=rules.today) if demands else None
    return (lack.code, lack.message) if lack else None


def _what_is_too_long(rules: RowRules, request_data: Mapping[str, str]) -> tuple[str, str] | None:
    limit = rules.max_value_characters
    if max(map(len, request_data.values()), default=0) <= limit:
        return None
    for name, value in request_data.items():
        if len(value) > limit:
            return (
                "value_too_long",
                f"The value of {{{{{name}}}}} has {len(value):,} characters; a call is given "
                f"{limit:,} at most. Shorten it, or ignore the column.",
            )
    return None


def _what_would_be_unsaid(
    rules: RowRules, settings: Mapping[str, Any], request_data: Mapping[str, str]
) -> tuple[str, str] | None:
    """Return code and message when a text of the row's call cannot be rendered."""
    if settings.keys() >= {"task", "pathway_id"}:
        return "prompt_and_pathway", "The row has a prompt and a pathway; leave one of them blank."
    if not rules.is_led and settings.keys().isdisjoint(LEADING):
        return (
            "no_prompt",
            "Neither the row nor the batch says what leads the call. Fill the cell of a prompt, "
            "pathway, persona, or agent.",
        )
    # An agent goes with no pathway, and so needs none of its variables.
    has_own_prompt = not settings.keys().isdisjoint({"task", "pathway_id", "agent_id"})
    required = rules.required if has_own_prompt else rules.required_with_prompt
    if settings and (own := spoken(settings)):
        try:
            required |= prompts.names_in(own).required - prompts.BUILT_IN
        except prompts.PromptError as error:
            return "bad_prompt", str(error)
    missing = [name for name in required if prompts.is_blank(request_data.get(name, ""))]
    if not missing:
        return None
    names = ", ".join(
        f"{{{{{name}}}}}" + (f" (the cell says “{cell[:20]}”)" if cell else "")
        for name in sorted(missing)
        for cell in [request_data.get(name, "").strip()]
    )
    return (
        "missing_variable",
        f"No value for {names}, which the call needs. Fill the cell, or give the variable a "
        "default: {{name|default}}.",
    )
