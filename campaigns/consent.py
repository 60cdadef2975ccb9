"""The meaning of a cell in a consent or an opt-out column.

The two kinds of column ask opposite questions: “no” refuses in a consent column, and “yes” refuses
in an opt-out column. “STOP” refuses in both.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final

from campaigns.prompts import NO_VALUE

# Words are compared without case, and with a space for each run of punctuation.
# fmt: off
_YES: Final = frozenset({
    "1", "y", "yes", "true", "t", "x", "✓", "✔", "☑", "✅", "on",
    "ja", "j", "wahr", "oui", "vrai", "si", "sí", "sì", "verdadero", "sim", "verdadeiro",
    "vero", "waar", "tak", "prawda", "да", "истина", "ano", "igen", "hai",
    "evet", "kyllä", "da", "ναι", "так", "ya", "はい", "是", "예", "네", "نعم", "כן",
})
_NO: Final = frozenset({
    "0", "n", "no", "false", "f", "off", "none", "☐",
    "nein", "falsch", "non", "faux", "falso", "não", "nao", "nee", "onwaar", "nie", "fałsz",
    "falsz", "нет", "ложь", "ne", "nem", "nej", "nei",
    "hayır", "hayir", "ei", "nu", "όχι", "ні", "tidak", "いいえ", "否", "아니요", "لا", "לא",
})
#: Agreement, which is no refusal in an opt-out column either.
_AGREES: Final = frozenset({
    "opt in", "opted in", "optin", "granted", "given", "consent", "consented", "subscribed",
    "agreed", "express", "written", "express written", "clean",
})
_REFUSES: Final = frozenset({
    "✗", "✘", "❌",
    "stop", "stopp", "stopall", "stop all", "end", "quit", "cancel", "remove", "removed", "revoke",
    "arret", "arrêt", "alto", "pare", "parar", "basta", "baja", "стоп",
    "opt out", "opted out", "optout", "optedout", "unsubscribe", "unsubscribed", "unsub",
    "dnc", "dnd", "denied", "refused", "withdrawn", "revoked", "declined", "not given", "never",
    "not interested", "no thanks", "no thank you", "blocked", "suppressed", "not consented",
    "abgemeldet", "widerrufen", "widersprochen", "abgelehnt", "désabonné", "désinscrit", "refusé",
    "dado de baja", "rechazado", "cancelado", "descadastrado", "recusado", "disiscritto",
    "rifiutato", "uitgeschreven", "afgemeld", "geweigerd", "wypisany", "odmowa", "отписан",
    "отписался", "отписалась", "отказ", "отказано",
})
# fmt: on
#: A refusal in a longer text, such as “Please do not call again!”.
_REFUSING_PHRASE: Final = re.compile(
    r"\b(?:(?:do not|don t|dont|never|stop|no more|no) (?:ever )?(?:call|contact|phone|ring|dial)"
    r"(?:s|ing|ed)?|unsubscribed?|opt(?:ed)? ?out|donotcall|remove me|take me off"
    r"|nicht (?:mehr )?anrufen|keine (?:anrufe|werbung)|ne (?:pas|plus) (?:appeler|contacter)"
    r"|no (?:llamar|contactar)|não (?:ligar|contatar|contactar)|nao ligar"
    r"|non (?:chiamare|contattare)|niet (?:meer )?bellen|nie dzwonić|не звонить|не звоните)\b"
)
#: Placeholders, in any case because the column holds no names. An error of a spreadsheet is none:
#: whoever it hides may have refused.
_STATES_NOTHING: Final = {"", "nil", "na", "[]", "[ ]", "()", "( )"} | {
    one.casefold() for one in NO_VALUE - {"None"}
}
_WHOLE: Final = re.compile(r"([01])[.,]0+")
#: A date, and perhaps a time, beside a word: “revoked 2025-01-01”, “STOP (5/1/2025 10:00)”.
_DATED: Final = re.compile(
    r"\d{1,4}([-./ ])\d{1,2}\1\d{1,4}(?:[T ]+\d{1,2}:\d{2}(?::\d{2})?(?: ?[ap]m|Z)?)?",
    re.IGNORECASE,
)
_DATE: Final = re.compile(r"\d{1,4}([-./ ])\d{1,2}\1\d{1,4}\b")
#: Cells up to this length are read once: a column has few different ones.
_SHORT: Final = 40


#: Older dates are what databases write for none: 0001-01-01, 1753-01-01, 1900-01-01, 1970-01-01.
EARLIEST: Final = date(1990, 1, 1)


class Consent(StrEnum):
    GIVEN = "given"
    REFUSED = "refused"
    NOT_STATED = "not_stated"
    UNCLEAR = "unclear"


def read(cell: str, *, today: date) -> Consent:
    """Read a consent cell: a word for yes or no, or the ISO 8601 date when consent was given.

    A future date is unclear, because no one can have agreed yet, and so is one before `EARLIEST`.
    """
    return _read_short(cell, today) if len(cell) <= _SHORT else _read(cell, today)


def _read(cell: str, today: date) -> Consent:
    if states_nothing(cell):
        return Consent.NOT_STATED
    text = words(cell)
    if agrees(text):
        return Consent.GIVEN
    without_date = words(_DATED.sub(" ", cell))
    if without_date in _NO | _REFUSES or _REFUSING_PHRASE.search(text):
        return Consent.REFUSED
    try:
        given_on = datetime.fromisoformat(cell.strip()).date()
    except ValueError:
        return Consent.UNCLEAR
    return Consent.GIVEN if EARLIEST <= given_on <= today else Consent.UNCLEAR


_read_short = lru_cache(maxsize=1_000)(_read)


def agrees(text: str) -> bool:
    """Return whether words (see `words`) are a yes."""
    return text in _YES or text in _AGREES


def read_opt_out(cell: str) -> Consent:
    """Read an opt-out cell: a word for yes or no, or the date of the opt-out.

    Never returns `Consent.GIVEN`: people who did not opt out have not agreed to anything.
    """
    return _read_short_opt_out(cell) if len(cell) <= _SHORT else _read_opt_out(cell)


def _read_opt_out(cell: str) -> Consent:
    text = words(cell)
    if states_nothing(cell) or text in _NO or text in _AGREES:
        return Consent.NOT_STATED
    without_date = words(_DATED.sub(" ", cell))
    refuses = without_date in _YES | _REFUSES or _REFUSING_PHRASE.search(text)
    if refuses or _DATE.match(cell.strip()):
        return Consent.REFUSED
    return Consent.UNCLEAR


_read_short_opt_out = lru_cache(maxsize=1_000)(_read_opt_out)


def states_nothing(cell: str) -> bool:
    """Return whether a cell is blank or a placeholder such as N/A."""
    seen = "".join(filter(str.isprintable, cell)).strip().casefold()
    return seen in _STATES_NOTHING or not words(seen)


def words(cell: str) -> str:
    """Return a cell without case and punctuation."""
    text = unicodedata.normalize("NFKC", cell).casefold().strip()
    if number := _WHOLE.fullmatch(text):  # as spreadsheets and data frames write 1 and 0
        return number[1]
    return " ".join(re.sub(r"[\W_]+", " ", text).split()) or text.strip("-–— ")
