"""Rows whose people have not agreed, and rows whose values cannot go into a prompt."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings

from batchcalls.drafting.drafts import DraftError
from batchcalls.lists.mapping import ListMapping, MappingError, Target
from batchcalls.lists.matching import map_all
from batchcalls.models import Batch, Recipient
from campaigns.models import CallingPolicy, Campaign
from campaigns.vocabulary import ConsentRule, Purpose
from tests.intake.test_importing import validated

pytestmark = pytest.mark.django_db

LIST = """phone_number,consent
+12025550190,yes
+12025550191,no
+12025550192,
+12025550193,maybe
+12025550194,2020-01-31
"""


def campaign(rule: ConsentRule, purpose: Purpose) -> Campaign:
    policy = CallingPolicy.objects.create(name="Rules", consent_required=rule)
    return Campaign.objects.create(name="C", prompt="Hello.", policy=policy, purpose=purpose)


def codes(batch: Batch) -> list[str]:
    rows = Recipient.objects.filter(batch=validated(batch)).order_by("row_number")
    return list(rows.values_list("reason_code", flat=True))


def test_a_no_holds_even_where_no_consent_is_required(make_batch: Any) -> None:
    batch = make_batch(text=LIST, prompt="Hello.")
    assert codes(batch) == ["", "consent_refused", "", "consent_unclear", ""]


def test_a_blank_cell_is_no_consent_where_one_is_required(make_batch: Any) -> None:
    batch = make_batch(
        text=LIST, prompt="", campaign=campaign(ConsentRule.MARKETING, Purpose.MARKETING)
    )
    assert codes(batch) == ["", "consent_refused", "no_consent", "consent_unclear", ""]


def test_a_no_holds_for_the_number_in_whichever_row_it_stands(make_batch: Any) -> None:
    text = "phone_number,consent\n+12025550190,yes\n+12025550191,\n(202) 555-0190,no\n"
    batch = make_batch(text=text, prompt="Hello.")
    assert codes(batch) == ["consent_refused", "", "consent_refused"]
    assert "Row 4 says no" in Recipient.objects.get(row_number=2).reason


@pytest.mark.parametrize(
    ("rule", "purpose", "required"),
    [
        (ConsentRule.NOBODY, Purpose.MARKETING, False),
        (ConsentRule.MARKETING, Purpose.MARKETING, True),
        (ConsentRule.MARKETING, Purpose.INFORMATIONAL, False),
        (ConsentRule.ALL_BUT_EMERGENCY, Purpose.INFORMATIONAL, True),
        (ConsentRule.ALL_BUT_EMERGENCY, Purpose.MARKETING, True),
        (ConsentRule.ALL_BUT_EMERGENCY, Purpose.EMERGENCY, False),
    ],
)
def test_a_list_without_consent_is_refused_where_the_purpose_needs_it(
    make_batch: Any, rule: ConsentRule, purpose: Purpose, required: bool
) -> None:
    asked = {"prompt": "", "campaign": campaign(rule, purpose), "map_all": None}
    if not required:
        assert make_batch("+12025550190", **asked).consent_required is False
        return
    with pytest.raises(DraftError, match="business_name") as refused:
        make_batch("+12025550190", **asked)
    assert refused.value.code == "no_consent_column"
    assert not Batch.objects.exists()


def test_the_consent_column_may_have_any_name_but_is_one(make_batch: Any) -> None:
    text = LIST.replace("consent", "agreed?,x").replace("yes", "yes,")
    batch = make_batch(text=text, prompt="Hello.", column_options=["agreed?=consent"])
    assert codes(batch)[1] == "consent_refused"
    with pytest.raises(MappingError, match="Keep one of them") as refused:
        make_batch(text="phone_number,consent,opt_in\n+12025550190,,\n", prompt="Hello.")
    assert refused.value.problems[0].code == "two_consent_columns"


def test_map_all_leaves_the_consent_column_alone(make_batch: Any) -> None:
    mapping = ListMapping.from_list(make_batch(text=LIST, prompt="Hello.").first_list.mapping)
    assert map_all(mapping, Target.METADATA).consent_position == 1


@override_settings(MAX_VALUE_CHARACTERS=10)
def test_values_are_cleaned_and_limited_before_they_reach_a_prompt(make_batch: Any) -> None:
    batch = make_batch(
        text="phone_number,name,metadata.note\n"
        "+12025550190,A\u202en\u200bn,any length will do here\n"
        "+12025550191,Bartholomew III,\n",
        prompt="Call {{name}}.",
        map_all=None,
    )
    assert codes(batch) == ["", "value_too_long"]
    ann, long = Recipient.objects.filter(batch=batch).order_by("row_number")
    assert ann.request_data == {"name": "Ann"}
    assert "{{name}} has 15 characters; a call is given 10 at most" in long.reason


def test_rows_know_their_country_and_time_zones(make_batch: Any) -> None:
    batch = validated(
        make_batch(
            text="phone_number,timezone\n+12025550190,\n+442079460100,\n+12025550191,Asia/Tokyo\n"
            "+8613800138000,\nnot one,\n",
            prompt="Hello.",
            map_all=None,
        )
    )
    rows = Recipient.objects.filter(batch=batch).order_by("row_number")
    assert list(rows.values_list("region", "time_zones")) == [
        ("US", "America/New_York"),
        ("GB", "Europe/London"),
        ("US", "Asia/Tokyo,America/New_York"),
        ("CN", "Asia/Shanghai"),
        ("", ""),
    ]


def test_placeholders_give_no_call_setting(make_batch: Any) -> None:
    text = "phone,start_time,timezone,settings.max_duration\n+12025550190,NULL,N/A,-\n"
    mapped = ["settings.max_duration=max_duration"]
    batch = make_batch(text=text, prompt="Hello.", map_all=None, column_options=mapped)
    assert codes(batch) == [""]
    row = Recipient.objects.get(batch=batch)
    assert (row.call_settings, row.start_at) == ({}, None)
