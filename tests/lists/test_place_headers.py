"""Headers of postcodes and states."""

from __future__ import annotations

import pytest

from batchcalls.lists.place_headers import place_of

POSTCODES = (
    "zip;Zip Code;ZIPCODE;Zip/Postal Code;postal_code;Postcode;MailingPostalCode;Home Postal Code;"
    "Address 1 - Postal Code;Billing Zip;PLZ;Postleitzahl;Code postal;Código Postal;CEP;CAP;"
    "Codice postale;Postnummer;Kod pocztowy;PSČ;Почтовый индекс;郵便番号"
)
STATES = (
    "state;State/Province;State/Region;MailingState;Home State;us_state;Province;Bundesland;estado;"
    "Provincia;UF;Województwo;Область"
)
OTHERS = (
    "name;statement;zipper;status;capital;estate;land;state of mind;order state date;email;"
    "phone_number;postal address;country"
)


@pytest.mark.parametrize("header", POSTCODES.split(";"))
def test_a_postcode_is_recognized(header: str) -> None:
    found = place_of(header)
    assert found is not None
    assert found.kind == "postcode"


@pytest.mark.parametrize("header", STATES.split(";"))
def test_a_state_is_recognized(header: str) -> None:
    found = place_of(header)
    assert found is not None
    assert found.kind == "state"


@pytest.mark.parametrize("header", [*OTHERS.split(";"), "1" * 60, "address" * 9])
def test_other_headers_say_nothing_about_a_place(header: str) -> None:
    assert place_of(header) is None


def test_the_recipients_own_address_comes_first() -> None:
    ranks = [place_of(header) for header in ("zip", "Mailing zip", "Billing zip")]
    assert [one.rank for one in ranks if one] == [0, 1, 2]
