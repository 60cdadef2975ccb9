"""The headers that CRMs give the column of people who must not be called."""

from __future__ import annotations

import pytest

from batchcalls.lists.opt_out_headers import is_opt_out_header
from batchcalls.lists.phone_headers import rank_of


@pytest.mark.parametrize(
    "header",
    [
        *("DoNotCall", "Do Not Call", "Do_Not_Call__c", "DNC", "is_dnc", "State DNC", "DNC status"),
        *("HasOptedOut", "opt_out", "Opt-out", "Opted Out", "Opt-out date", "Phone Opt Out"),
        *("Unsubscribed", "Do not allow Phone Calls", "Do not contact", "DND", "suppressed"),
        *("Nicht anrufen", "Anrufsperre", "Werbesperre", "Ne pas appeler", "Désabonné"),
        *("No llamar", "Dado de baja", "Não ligar", "Descadastrado", "Non chiamare", "Disiscritto"),
        *("Niet bellen", "Uitgeschreven", "Nie dzwonić", "Wypisany"),
        *("Не звонить", "Чёрный список", "Не дзвонити", "Μην καλείτε"),
        *("Ring ej", "Ring ikke", "Älä soita", "Nevolat", "Ne hívja", "Aramayın", "Nu suna"),
        *("请勿致电", "架電禁止", "수신거부"),
        *("Consent withdrawn", "consent_revoked_at", "Consent withdrawal date", "Withdrew consent"),
        *("Revocation of consent", "Date unsubscribed", "Opt-out timestamp", "OptOutDateTime"),
    ],
)
def test_a_usual_header_of_opt_outs_is_recognized(header: str) -> None:
    assert is_opt_out_header(header)


@pytest.mark.parametrize(
    "header",
    [
        *("consent", "opt_in", "options", "state", "status", "name", "call", "DNC reason", ""),
        *("HasOptedOutOfEmail", "Email Opt Out", "sms_opt_out", "do not call before", "on" * 60),
        *("Ring", "Cep", "Telefon", "Suna", "Withdrawal date", "Date of consent", "Consent date"),
    ],
)
def test_a_header_about_something_else_is_not(header: str) -> None:
    assert not is_opt_out_header(header)


@pytest.mark.parametrize(
    "header",
    [
        *(
            "Cep Telefonu",
            "電話番号",
            "携帯電話",
            "手机号",
            "전화번호",
            "Téléphone fixe",
            "Festnetz",
        ),
        *("Telefon numarası", "Κινητό", "טלפון", "Mobilní telefon", "هاتف"),
    ],
)
def test_a_usual_header_of_phone_numbers_is_recognized(header: str) -> None:
    assert rank_of(header) is not None
