"""A cell of a consent column."""

from __future__ import annotations

from datetime import date

import pytest

from campaigns.consent import Consent, read, read_opt_out


@pytest.mark.parametrize(
    ("cell", "consent"),
    [
        ("yes", Consent.GIVEN),
        (" YES ", Consent.GIVEN),
        ("1", Consent.GIVEN),
        ("Opt-In", Consent.GIVEN),
        ("2026-01-31", Consent.GIVEN),
        ("2026-03-01T10:00:00Z", Consent.GIVEN),
        ("2026-03-02", Consent.UNCLEAR),  # to come
        ("no", Consent.REFUSED),
        ("FALSE", Consent.REFUSED),
        ("opted  out", Consent.REFUSED),
        ("", Consent.NOT_STATED),
        ("  ", Consent.NOT_STATED),
        ("N/A", Consent.NOT_STATED),
        ("-", Consent.NOT_STATED),
        ("\\N", Consent.NOT_STATED),
        ("<NA>", Consent.NOT_STATED),
        ("#N/A", Consent.NOT_STATED),
        ("undefined", Consent.NOT_STATED),
        ("None", Consent.REFUSED),
        ("#REF!", Consent.UNCLEAR),
        ("maybe", Consent.UNCLEAR),
        ("31.01.2026", Consent.UNCLEAR),
        ("yes, but not on Mondays", Consent.UNCLEAR),
    ],
)
def test_what_a_cell_says(cell: str, consent: Consent) -> None:
    assert read(cell, today=date(2026, 3, 1)) == consent


@pytest.mark.parametrize(
    "cell",
    [
        "STOP",
        "stop!",
        "StopAll",
        "unsubscribe",
        "Unsubscribed",
        "do not call",
        "Please don't call me again.",
        "DNC",
        "0.0",
        "opt_out",
        "opted-out",
        "no calls",
        "not interested",
        "нет",
        "стоп",
        "не звонить",
        "nein",
        "nicht anrufen",
        "non",
        "ne pas appeler",
        "no",
        "no llamar",
        "não",
        "não ligar",
        "non chiamare",
        "nee",
        "niet bellen",
        "nie",
        "nie dzwonić",
        "FALSCH",
        "FAUX",
        "FALSO",
        "FAŁSZ",
        "ЛОЖЬ",
        *("revoked 2025-01-01", "No (5/1/2024)", "STOP 2024-05-01 10:00", "withdrawn - 1.5.2024"),
        *("HAYIR", "Ei", "NU", "ΌΧΙ", "Ні", "いいえ", "否", "아니요", "لا", "לא"),
        "✘",
    ],
)
def test_a_no_is_read_in_every_language(cell: str) -> None:
    assert read(cell, today=date(2026, 3, 1)) == Consent.REFUSED


@pytest.mark.parametrize(
    "cell",
    [
        "да",
        "ja",
        "oui",
        "sí",
        "sim",
        "sì",
        "tak",
        "WAHR",
        "VRAI",
        "ИСТИНА",
        "1.0",
        "✔",
        "Evet",
        "Ναι",
        "はい",
        "是",
    ],
)
def test_a_yes_is_read_in_every_language(cell: str) -> None:
    assert read(cell, today=date(2026, 3, 1)) == Consent.GIVEN


@pytest.mark.parametrize(
    ("cell", "meaning"),
    [
        *(
            (cell, Consent.REFUSED)
            for cell in ["TRUE", "1", "1.0", "yes", "x", "ja", "да", "WAHR", "STOP", "DNC"]
        ),
        *((cell, Consent.REFUSED) for cell in ["Opted out", "2024-05-01", "01.05.2024"]),
        *(
            (cell, Consent.REFUSED)
            for cell in ["5/1/2024 10:00", "do not call", "✘", "yes 5/1/2024"]
        ),
        *(
            (cell, Consent.NOT_STATED)
            for cell in ["", "FALSE", "0", "0.0", "no", "nein", "нет", "NULL", "N/A", "-"]
        ),
        *((cell, Consent.NOT_STATED) for cell in ["opted in", "subscribed", "Clean"]),
        *((cell, Consent.UNCLEAR) for cell in ["maybe", "2", "mornings", "?", "never mind"]),
    ],
)
def test_an_opt_out_cell_refuses_or_not_and_never_agrees(cell: str, meaning: Consent) -> None:
    assert read_opt_out(cell) == meaning
