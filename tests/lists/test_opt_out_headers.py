"""The headers that CRMs give the column of people who must not be called."""

from __future__ import annotations

import pytest

from batchcalls.lists.opt_out_headers import is_opt_out_header


@pytest.mark.parametrize(
    "header",
    [
        *("DoNotCall", "Do Not Call", "Do_Not_Call__c", "DNC", "is_dnc", "State DNC", "DNC status"),
        *("HasOptedOut", "opt_out", "Opt-out", "Opted Out", "Opt-out date", "Phone Opt Out"),
        *("Unsubscribed", "Do not allow Phone Calls", "Do not contact", "DND", "suppressed"),
        *("Nicht anrufen", "Anrufsperre", "Werbesperre", "Ne pas appeler", "Désabonné"),
        *("No llamar", "Dado de baja", "Não ligar", "Descadastrado", "Non chiamare", "Disiscritto"),
        *("Niet bellen", "Uitgeschreven", "Nie dzwonić", "Wypisany"),
        *("Не звонить", "Чёрный список"),  # noqa: RUF001
    ],
)
def test_a_usual_header_of_opt_outs_is_recognized(header: str) -> None:
    assert is_opt_out_header(header)


@pytest.mark.parametrize(
    "header",
    [
        *("consent", "opt_in", "options", "state", "status", "name", "call", "DNC reason", ""),
        *("HasOptedOutOfEmail", "Email Opt Out", "sms_opt_out", "do not call before", "on" * 60),
    ],
)
def test_a_header_about_something_else_is_not(header: str) -> None:
    assert not is_opt_out_header(header)
