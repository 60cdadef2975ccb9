"""Numbers that reach the same phone count as one."""

from __future__ import annotations

import hashlib

import pytest
from django.db.models import Value
from django.utils import timezone

from campaigns import e164, same_phone
from campaigns.models import Suppression

LONG, SHORT = "+5491155551234", "+541155551234"
PAIRS = [(LONG, SHORT), ("+5215512345678", "+525512345678")]
ALONE = ["+12025550123", "+5411555512", "+54911555512345", "+4915123456789", "+525512", ""]


@pytest.mark.parametrize(("long", "short"), PAIRS)
def test_two_numbers_of_one_phone_know_each_other(long: str, short: str) -> None:
    assert (same_phone.twin_of(long), same_phone.twin_of(short)) == (short, long)
    assert same_phone.key_of(long) == same_phone.key_of(short) == short


@pytest.mark.parametrize("number", ALONE)
def test_other_numbers_are_alone(number: str) -> None:
    assert same_phone.spellings_of(number) == [number]
    assert same_phone.key_of(number) == number


@pytest.mark.parametrize("written", ["+54 9 11 5555-1234", "011 15 5555-1234", "+54 11 5555-1234"])
def test_both_are_dialed_as_they_are_written(written: str) -> None:
    found = e164.parse(written, region="AR")
    assert isinstance(found, e164.Number)
    assert same_phone.key_of(found.e164) == SHORT


@pytest.mark.django_db
@pytest.mark.parametrize("number", [*ALONE, *(one for pair in PAIRS for one in pair)])
def test_a_query_finds_the_same_twins(number: str) -> None:
    Suppression.objects.create(e164="+1")
    rows = Suppression.objects.values_list(same_phone.twin_in(Value(number)))
    assert [twin or "" for (twin,) in rows] == [same_phone.twin_of(number)]


@pytest.mark.django_db
@pytest.mark.parametrize(("listed", "dialed"), [(LONG, SHORT), (SHORT, LONG), *PAIRS])
@pytest.mark.parametrize("is_hashed", [False, True])
def test_a_listed_number_blocks_the_other_one(listed: str, dialed: str, is_hashed: bool) -> None:
    digest = hashlib.sha256(listed.encode()).hexdigest()
    Suppression.objects.create(e164=f"sha256:{digest}" if is_hashed else listed)
    bans = Suppression.objects.bans_among([dialed, "+12025550123"], now=timezone.now())
    assert bans.among([dialed, listed, "+12025550123"]) == {dialed}
    assert Suppression.objects.about(dialed).exists()
