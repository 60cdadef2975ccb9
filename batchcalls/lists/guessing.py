"""Guess what each column of a list is from its header."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from itertools import count

from batchcalls.lists.consent_headers import consent_detail_of
from batchcalls.lists.headers import REJECTED_REASON, Header
from batchcalls.lists.mapping import (
    NAMED_TARGETS,
    SINGLE,
    ColumnTarget,
    ListMapping,
    Target,
    is_setting,
    order_name,
)
from batchcalls.lists.opt_out_headers import is_opt_out_header
from batchcalls.lists.phone_headers import is_vague, rank_of
from batchcalls.lists.place_headers import place_of

CONSENT_SPELLINGS = frozenset(
    {
        "consent",
        "has_consent",
        "consent_given",
        "consent_to_call",
        "call_consent",
        "marketing_consent",
        "tcpa_consent",
        "opt_in",
        "optin",
        "opted_in",
        *("consent_status", "opt_in_status", "opt_in_flag", "phone_consent", "call_opt_in"),
        *("phone_opt_in", "tcpa_opt_in", "express_consent", "express_written_consent", "pewc"),
        # German, French, Spanish, Portuguese, Italian, Dutch
        *("einwilligung", "werbeeinwilligung", "einverständnis", "anrufeinwilligung"),
        *("telefonwerbung_erlaubt", "darf_angerufen_werden", "einwilligung_telefon"),
        *("consentement", "consentement_appel", "accord_pour_appel"),
        *("consentimiento", "autorización", "autoriza_llamadas"),
        *("consentimento", "autorização", "consenso", "consenso_marketing"),
        *("toestemming", "toestemming_bellen"),
        # Polish, Czech, Slovak, Russian, Ukrainian
        *("zgoda", "zgoda_marketingowa", "zgoda_na_kontakt", "souhlas", "súhlas"),
        *("согласие", "согласие_на_звонки", "згода"),
        # Swedish, Danish, Norwegian, Finnish, Hungarian, Romanian, Turkish, Greek
        *("samtycke", "samtykke", "suostumus", "hozzájárulás", "consimțământ", "acord"),
        *("izin", "arama_izni", "συγκατάθεση"),
        *("同意", "동의"),
    }
)
#: Call settings that a header may become by its name alone, in any case and with spaces, if the
#: caller lets it. A list must not take over a call: “Task” or “language” in a customer list is
#: about the customer.
GUESSED_SETTINGS = ("start_time", "timezone", "webhook")
_PREFIXED = re.compile(r"(request_data|metadata)\.\s*(\S.*)", re.IGNORECASE)
#: The prefix that makes any header a call setting: settings.voice.
_SETTING = re.compile(r"settings\.\s*(\S.*)", re.IGNORECASE)


def guess(headers: Sequence[Header], *, is_call_setting: Callable[[str], bool]) -> ListMapping:
    """Match columns by their headers.

    In order: phone number, consent, opt-out, prefixed names, the `GUESSED_SETTINGS`, postcode and
    state and the details of a consent (which stay variables, but for its evidence), else variables.
    """
    phones, places = _phone_headers(headers), _place_headers(headers)
    settings = _setting_headers(headers, is_call_setting)
    details = _consent_headers(headers)
    columns = []
    for header in headers:
        column = as_variable(header)
        if header.position in phones:
            order = phones.index(header.position) + 1
            column = replace(column, target=Target.PHONE_NUMBER, name=order_name(order))
        elif _spelling(header.name) in CONSENT_SPELLINGS:
            column = replace(column, target=Target.CONSENT, name="")
        elif is_opt_out_header(header.name):
            column = replace(column, target=Target.OPT_OUT, name="")
        elif header.position in settings:
            column = replace(column, target=Target.CALL_SETTING, name=settings[header.position])
        elif header.position in places:
            column = replace(column, target=places[header.position])
        elif detail := details.get(header.position):
            is_variable = detail != Target.CONSENT_EVIDENCE
            column = replace(column, target=detail, name=column.name if is_variable else "")
        columns.append(column)
    return ListMapping(distinct(columns))


def offered_setting(column: ColumnTarget, setting_names: Iterable[str]) -> str:
    """Return the call setting that a variable's header names, or "": offered, never applied."""
    if not column.is_variable or not column.header:
        return ""
    header = _squashed(column.header)
    return next((name for name in setting_names if _squashed(name) == header), "")


def as_variable(header: Header) -> ColumnTarget:
    """Return a column's target by its header alone; without a header it is ignored."""
    if header.is_blank:
        return ColumnTarget(position=header.position, header="", target=Target.IGNORE)
    if header.name == REJECTED_REASON:
        return ColumnTarget(position=header.position, header=header.name, target=Target.IGNORE)
    target, name = Target.REQUEST_DATA, header.name
    if prefixed := _PREFIXED.fullmatch(header.name):
        target, name = Target(prefixed[1].lower()), prefixed[2]
    return ColumnTarget(position=header.position, header=header.name, target=target, name=name)


def name_for(target: Target, header: str) -> str:
    if target not in NAMED_TARGETS:
        return ""
    prefixed = _PREFIXED.fullmatch(header)
    return prefixed[2] if prefixed else header


def distinct(
    columns: Sequence[ColumnTarget], *, fixed: Collection[int] = ()
) -> tuple[ColumnTarget, ...]:
    """Number repeated names: name, name_2; columns in ``fixed`` keep their names."""
    wanted = {(_kind(column), column.name) for column in columns}
    taken = {(_kind(column), column.name) for column in columns if column.position in fixed}
    # The phone column's header is taken too, unless a person gave a column that name.
    phones = {column.header for column in columns if column.target == Target.PHONE_NUMBER}
    given = {column.name for column in columns if column.name != column.header}
    taken |= {(NAMED_TARGETS[Target.REQUEST_DATA], header) for header in phones - given}
    result = []
    for column in columns:
        key = (_kind(column), column.name)
        if column.target in NAMED_TARGETS and column.name and column.position not in fixed:
            numbered = ((key[0], f"{column.name}_{n}") for n in count(2))
            if key in taken:
                key = next(key for key in numbered if key not in wanted | taken)
            taken.add(key)
        result.append(replace(column, name=key[1]))
    return tuple(result)


def _kind(column: ColumnTarget) -> str:
    """Return what a column's name must be unique among: variables, trusted or not, are one kind."""
    return NAMED_TARGETS.get(column.target, column.target)


def _setting_headers(
    headers: Sequence[Header], is_call_setting: Callable[[str], bool]
) -> dict[int, str]:
    """Return the call settings that headers name, by position; an exact spelling comes first."""
    guessed = {_squashed(name): name for name in GUESSED_SETTINGS}
    found: dict[str, int] = {}
    for header in sorted(headers, key=lambda header: header.name not in GUESSED_SETTINGS):
        if prefixed := _SETTING.fullmatch(header.name):
            name = prefixed[1]
        else:
            name = guessed.get(_squashed(header.name), "")
        if not header.is_blank and is_setting(name, is_call_setting):
            found.setdefault(name, header.position)
    return {position: name for name, position in found.items()}


def _phone_headers(headers: Sequence[Header]) -> list[int]:
    """Return the positions of the phone columns: the best is dialed, the others are fallbacks."""
    ranked = [(rank, header) for header in headers if (rank := rank_of(header.name)) is not None]
    if any(not is_vague(header.name) for _, header in ranked):
        ranked = [(rank, header) for rank, header in ranked if not is_vague(header.name)]
    in_order = sorted(ranked, key=lambda one: (one[0], one[1].position))
    return [header.position for _, header in in_order]


def _place_headers(headers: Sequence[Header]) -> dict[int, Target]:
    """Return the likeliest postcode and state columns, by position."""
    found: dict[Target, tuple[int, int]] = {}
    for header in headers:
        if not header.is_blank and (place := place_of(header.name)):
            kind, at = Target(place.kind), (place.rank, header.position)
            found[kind] = min(found.get(kind, at), at)
    return {position: kind for kind, (_, position) in found.items()}


def _consent_headers(headers: Sequence[Header]) -> dict[int, Target]:
    """Return the columns that detail a consent: the first of each kind, and all evidence."""
    found: dict[int, Target] = {}
    for header in headers:
        detail = None if header.is_blank else consent_detail_of(header.name)
        if detail and (detail not in SINGLE or detail not in found.values()):
            found[header.position] = detail
    return found


def says_who_may_be_called(header: str) -> bool:
    """Return whether a column is guessed to hold consent or opt-outs."""
    return _spelling(header) in CONSENT_SPELLINGS or is_opt_out_header(header)


def _spelling(header: str) -> str:
    return re.sub(r"[\W_]+", "_", header.casefold()).strip("_")


def _squashed(name: str) -> str:
    """Return a name without what people write between its words: Start Time, start_time."""
    return re.sub(r"[\W_]+", "", name.casefold())
