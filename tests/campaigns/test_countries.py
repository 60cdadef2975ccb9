"""Which numbers a list of countries and special kinds permits."""

from __future__ import annotations

import subprocess
import sys

import pytest
from phonenumbers import SUPPORTED_REGIONS

from campaigns import call_settings, countries, e164
from campaigns.countries import Permitted


@pytest.mark.parametrize(
    ("number", "country", "others"),
    [
        ("+13055550123", "US", "CA DO"),
        ("+14165550123", "CA", "US"),
        ("+18095550123", "DO", "US"),
        ("+447400123456", "GB", "GG JE IM"),
        ("+441481256789", "GG", "GB JE IM"),
        ("+447781123456", "GG", "GB"),
        ("+441534256789", "JE", "GB GG"),
        ("+441624612345", "IM", "GB JE"),
        ("+74951234567", "RU", "KZ"),
        ("+77011234567", "KZ", "RU"),
        ("+390669812345", "VA", "IT"),
        ("+390612345678", "IT", "VA"),
        ("+61891641234", "CX", "AU CC"),
        ("+5997171234", "BQ", "CW"),
        ("+59995181234", "CW", "BQ"),
    ],
)
def test_countries_that_share_a_code_are_separate(number: str, country: str, others: str) -> None:
    assert Permitted.of([country]).check(number) is None
    refused = Permitted.of(others.split()).check(number)
    assert refused
    assert refused.code == "country_not_allowed"
    assert f"({country})" in refused.message
    assert f"add {country} to" in refused.message


@pytest.mark.parametrize(
    ("number", "sharing"),
    [
        ("+18005550123", "US CA DO PR"),
        ("+61412345678", "AU CX CC"),
        ("+590690001234", "GP BL MF"),
        ("+212528812345", "MA EH"),
    ],
)
def test_a_number_that_countries_share_is_a_number_of_each(number: str, sharing: str) -> None:
    assert [Permitted.of([one]).check(number) for one in sharing.split()] == [None] * len(
        sharing.split()
    )
    assert Permitted.of(["FR"]).check(number)


@pytest.mark.parametrize("number", ["+17872345678", "+13405550123", "+16715550123"])
def test_the_territories_of_the_united_states_belong_to_it(number: str) -> None:
    assert Permitted.of(["US"]).check(number) is None
    assert Permitted.of(["CA"]).check(number)


def test_a_territory_does_not_open_the_whole_country() -> None:
    assert Permitted.of(["PR"]).check("+17872345678") is None
    assert Permitted.of(["PR"]).check("+13055550123")


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("+80012345678", "international_toll_free"),
        ("+80812345678", "shared_cost"),
        ("+870773111632", "satellite"),
        ("+8816123456789", "satellite"),
        ("+88299912345", "international_network"),
        ("+883510012345", "international_network"),
        ("+878101234567890", "personal_number"),
        ("+979123456789", "premium_rate"),
        ("+15005550123", "personal_number"),
        ("+447012345678", "personal_number"),
        ("+19005550123", "premium_rate"),
        ("+448431234567", "premium_rate"),
        ("+491805123456", "shared_cost"),
        ("+447640123456", "pager"),
    ],
)
def test_special_numbers_are_called_only_if_their_kind_is_named(number: str, kind: str) -> None:
    everywhere = ["US", "GB", "DE"]
    refused = Permitted.of(everywhere).check(number)
    assert refused
    assert refused.code == "number_kind_not_allowed"
    assert f"add {kind} to the special numbers" in refused.message
    assert Permitted.of(everywhere, [kind]).check(number) is None


def test_a_named_kind_opens_no_country() -> None:
    refused = Permitted.of(["US"], ["personal_number"]).check("+447012345678")
    assert refused
    assert refused.code == "country_not_allowed"


@pytest.mark.parametrize("number", ["", "+", "+999", "+1305", "+21912345"])
def test_a_number_of_no_known_country_is_refused(number: str) -> None:
    assert Permitted.of(["US"], list(countries.SpecialKind)).check(number)


def test_every_country_has_a_name() -> None:
    codes, unknown = countries.read_countries("us, xk;ta AC  gg UK")
    assert (codes, unknown) == (["AC", "GG", "TA", "US", "XK"], ["UK"])
    assert [countries.name_of(code) for code in codes] == [
        "Ascension Island (AC)",
        "Guernsey (GG)",
        "Tristan da Cunha (TA)",
        "United States (US)",
        "Kosovo (XK)",
    ]


def test_a_named_kind_is_read_and_every_other_one_refused() -> None:
    premium = e164.parse("+1 900 555 0123", region="US", kinds={"premium_rate"})
    assert isinstance(premium, e164.Number)
    assert premium.e164 == "+19005550123"
    assert isinstance(e164.parse("+1 900 555 0123", region="US"), e164.NumberProblem)
    assert isinstance(
        e164.parse("+1 900 555 0123", region="US", kinds={"pager"}), e164.NumberProblem
    )


def test_the_registry_knows_every_number_in_call_settings() -> None:
    settings = {
        "voice": "maya",
        "from": "+12025550100",
        "transfer_phone_number": "+12025550101",
        "transfer_list": {"sales": "+12025550102", "default": "+12025550103"},
        "voicemail": {"message": "Hi", "sms": {"to": "{{mobile}}", "message": "+12025550104"}},
    }
    assert dict(call_settings.numbers_in(settings)) == {
        "from": "+12025550100",
        "transfer_phone_number": "+12025550101",
        "transfer_list.sales": "+12025550102",
        "transfer_list.default": "+12025550103",
        "voicemail.sms.to": "{{mobile}}",
    }


def test_no_country_is_without_a_name() -> None:
    assert [code for code in SUPPORTED_REGIONS if countries.name_of(code) == code] == []


def test_names_do_not_load_the_place_names_of_the_library() -> None:
    """They take each process 0.3 s and 110 MB."""
    code = "import sys; from campaigns import countries; countries.name_of('US'); "
    loaded = [sys.executable, "-c", code + "print('phonenumbers.geodata' in sys.modules)"]
    assert subprocess.run(loaded, capture_output=True, text=True, check=True).stdout == "False\n"
