"""Reduce the text of a cell to the digits of one number, or name what else it is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from campaigns.number_problems import NumberProblemCode

_Code = NumberProblemCode
_LONGEST_TEXT: Final = 250
_PLAIN: Final = re.compile(r"\+?[0-9]{7,15}")  # the common case, which skips the checks below
_SCIENTIFIC: Final = re.compile(r"[+-]?\d+(?:[.,]\d*)?E[+-]?\d+", re.IGNORECASE)
_WHOLE_DECIMAL: Final = re.compile(r"\A(\+?\d{7,15})[.,]0{1,2}\Z")
# Amounts and dates: a birthday in the wrong column, 31.05.1987, is a valid Danish number.
_QUANTITY: Final = re.compile(
    r"\+?\d{7,}[.,]\d{1,2}|\d\d?([-/.])\d\d?\1(?:19|20)\d\d|(?:19|20)\d\d([-/.])\d\d?\2\d\d?"
)
_EXTENSION: Final = re.compile(
    r"\d[ ).]*(?:[;, ]*(?:ext|extn|extension|x|xtn|anexo|poste|доб)[.:= ]*#?|#+|,+)"
    r" ?\d{1,6}#?\Z",
    re.IGNORECASE,
)
_BETWEEN_NUMBERS: Final = re.compile(r"[/;,|&\n]|\b(?:or|and)\b|(?=\+)", re.IGNORECASE)
_DIALABLE: Final = re.compile(r"[(\[ ]*\+?[ ()\[\]./-]*[0-9][0-9 ()\[\]./-]*")
_WORDS: Final = (
    "telephone|telefon|telefono|teléfono|telefone|téléphone|telefoon|tel|tél|tlf|phone|fon|ph|"
    "mobile|mobil|mobiltelefon|mobiel|mob|móvil|movil|celular|cellular|cell|cel|portable|handy|"
    "home|work|office|business|main|direct|private|privat|number|whatsapp|wa|call|callto|sms|"
    "тел|телефон|моб|мобильный"
)
# One letter is a label only where nothing else can be meant: p: of Meta lead ads, (m) at the end.
_LABEL_BEFORE: Final = re.compile(
    rf"\A(?:(?:(?:{_WORDS})(?:[ .-]+(?:phone|number|no|nr))?|[ptmchw](?=[:.]))[ .:/-]*)+"
    r"(?=[+(\[\d])",
    re.IGNORECASE,
)
_LABEL_AFTER: Final = re.compile(
    rf"(?<=[\d)])(?:[ ,-]*[(\[] *(?:{_WORDS}|[ptmchw])\.? *[)\]]|[ ,-]+(?:{_WORDS})\.?)\Z",
    re.IGNORECASE,
)
_LINK: Final = re.compile(
    r"(?:https?://)?(?:www\.)?(?:wa\.me/|(?:api|web)\.whatsapp\.com/send/?\?phone=)\+?(\d{7,15})"
    r"(?:[/?&#].*)?",
    re.IGNORECASE,
)
_NOT_DIGITS: Final = re.compile(r"[^0-9]+")
# Full-width + / . ( ), minus, dots of lists, curly quotes, line ends; true dashes are category Pd.
_LOOKALIKES: Final = dict(
    zip(
        "\uff0b\uff0f\uff0e\uff08\uff09\u2212\u00b7\u2022\u2219\u30fb\u2018\u2019\u201c\u201d\t\n\r\v\f",
        "+/.()-....''\"\" \n\n\n\n",
        strict=True,
    )
)
_BY_CATEGORY: Final = {"Zs": " ", "Zl": "\n", "Zp": "\n", "Pd": "-", "Cf": "", "Cc": ""}


def digits_of(raw: str) -> str | NumberProblemCode:
    """Return the digits of a number, after a plus if it has its country code, or what is wrong."""
    if _PLAIN.fullmatch(raw):
        return raw
    text = _WHOLE_DECIMAL.sub(r"\1", _without_labels(_tidy(raw)))
    if refused := next((code for code, applies in _REFUSALS if applies(text)), None):
        return refused
    return ("+" if "+" in text else "") + _NOT_DIGITS.sub("", text)


def bare_digits(raw: str) -> str:
    """Return the digits of a number without plus and international or trunk prefix 0, or ""."""
    digits = digits_of(raw)
    return "" if isinstance(digits, NumberProblemCode) or digits[0] in "+0" else digits


def _without_labels(text: str) -> str:
    """Remove what contact lists write around a number: p:, Tel.:, (mobile), a WhatsApp link."""
    if len(text) > _LONGEST_TEXT or not (
        text[:1].isalpha() or text[-1:].isalpha() or text.endswith((")", "."))
    ):
        return text
    if link := _LINK.fullmatch(text):
        return f"+{link[1]}"
    return _LABEL_AFTER.sub("", _LABEL_BEFORE.sub("", text, count=1))


def _tidy(raw: str) -> str:
    """Make digits and punctuation ASCII; drop invisible characters, quotes and "="."""
    text = raw if raw.isascii() and raw.isprintable() else "".join(map(_plain, raw))
    return text.strip().removeprefix("=").strip("\"'` \n")


def _plain(character: str) -> str:
    """Return the ASCII counterpart of one character, or the character itself."""
    if (mapped := _LOOKALIKES.get(character)) is not None:
        return mapped
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    return _BY_CATEGORY.get(unicodedata.category(character), character)


def _is_several(text: str) -> bool:
    """Return whether the text holds two numbers, or one with a second ending (555 0123/24)."""
    parts = [_count_digits(part) for part in _BETWEEN_NUMBERS.split(text)]
    head, _, tail = text.rpartition("/")
    has_second_ending = _count_digits(head) >= 7 and 1 <= _count_digits(tail) <= 3
    if has_second_ending or sum(count >= 7 for count in parts) >= 2:
        return True
    # Two numbers separated only by spaces can be recognized only by being too long for one.
    words = [_count_digits(word) for word in text.split()]
    return sum(words) > 15 and sum(count >= 7 for count in words) >= 2


def _count_digits(text: str) -> int:
    """Count the decimal digits."""
    return sum(map(str.isdecimal, text))


def _is_worded(text: str) -> bool:
    """Return whether letters are among the digits: 1-800-FLOWERS, 202 555 0123 (home)."""
    return any(map(str.isalpha, text)) and _count_digits(text) >= 3


# The first check that applies, in this order, names the problem of a tidied text.
_REFUSALS: Final[tuple[tuple[NumberProblemCode, Callable[[str], object]], ...]] = (
    (_Code.BLANK_NUMBER, lambda text: not text),
    (_Code.NOT_A_NUMBER, lambda text: len(text) > _LONGEST_TEXT),
    (_Code.SCIENTIFIC_NOTATION, _SCIENTIFIC.fullmatch),
    (_Code.NOT_A_NUMBER, _QUANTITY.fullmatch),
    (_Code.SEVERAL_NUMBERS, _is_several),
    (_Code.HAS_EXTENSION, _EXTENSION.search),
    (_Code.HAS_LETTERS, _is_worded),
    (_Code.NOT_A_NUMBER, lambda text: not _DIALABLE.fullmatch(text)),
)
