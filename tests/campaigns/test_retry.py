"""Whether and when a recipient is called again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.retry import MAX_RETRIES, MAX_WAIT_SECONDS, RetryPolicy, RetryRule
from campaigns.vocabulary import RetryOutcome

NO_ANSWER, BUSY, VOICEMAIL, FAILED = (
    RetryOutcome.NO_ANSWER,
    RetryOutcome.BUSY,
    RetryOutcome.VOICEMAIL,
    RetryOutcome.FAILED,
)
POLICY = RetryPolicy(
    rules=(
        RetryRule(outcome=NO_ANSWER, max_retries=2, wait_seconds=3600),
        RetryRule(outcome=BUSY, max_retries=1, wait_seconds=0),
        RetryRule(outcome=FAILED, max_retries=0, wait_seconds=60),
    )
)


@pytest.mark.parametrize(
    ("outcome", "counts", "wait_seconds"),
    [
        (NO_ANSWER, {NO_ANSWER: 1}, 3600),
        (NO_ANSWER, {NO_ANSWER: 2}, 3600),
        (NO_ANSWER, {NO_ANSWER: 3}, None),
        (BUSY, {NO_ANSWER: 2, BUSY: 1}, 0),
        (BUSY, {BUSY: 2}, None),
        (NO_ANSWER, {BUSY: 5, NO_ANSWER: 1}, 3600),
        (FAILED, {FAILED: 1}, None),
        (VOICEMAIL, {VOICEMAIL: 1}, None),
        ("completed", {}, None),
        ("canceled", {NO_ANSWER: 1}, None),
        ("unknown", {}, None),
        ("no_answer", {"no_answer": 1}, 3600),
    ],
)
def test_each_outcome_grants_its_own_retries_after_its_own_wait(
    outcome: str, counts: dict[RetryOutcome, int], wait_seconds: int | None
) -> None:
    assert POLICY.next_attempt(outcome, counts) == wait_seconds


@pytest.mark.parametrize("counts", [{}, {BUSY: 1}, {NO_ANSWER: 0}, {NO_ANSWER: -1}])
def test_counts_that_forget_the_latest_attempt_are_refused(counts: dict[RetryOutcome, int]) -> None:
    with pytest.raises(ValueError, match="must count the latest one, no_answer"):
        POLICY.next_attempt(NO_ANSWER, counts)


def test_an_empty_policy_never_calls_again() -> None:
    for outcome in RetryOutcome:
        assert RetryPolicy().next_attempt(outcome, {outcome: 1}) is None


def test_the_most_attempts_at_one_recipient_can_be_foreseen() -> None:
    assert (POLICY.max_attempts, RetryPolicy().max_attempts) == (4, 1)


@pytest.mark.parametrize(
    ("outcome", "max_retries", "wait_seconds", "message"),
    [
        ("busy", -1, 0, "max_retries after busy must be a whole number from 0 to 20, not -1."),
        ("busy", 21, 0, "max_retries after busy must be a whole number from 0 to 20, not 21."),
        ("busy", True, 0, "max_retries after busy must be a whole number from 0 to 20, not True."),
        ("busy", 1.0, 0, "max_retries after busy must be a whole number from 0 to 20, not 1.0."),
        ("busy", "1", 0, "max_retries after busy must be a whole number from 0 to 20, not '1'."),
        ("busy", 1, -1, "wait_seconds after busy must be a whole number from 0 to 2592000, not -1"),
        ("busy", 1, None, "wait_seconds after busy must be a whole number from 0 to 2592000, not"),
        ("busy", 1, 2592001, "wait_seconds after busy must be a whole number from 0 to 2592000"),
        ("human", 1, 0, "'human' is not an outcome to retry after. Use one of no_answer, busy, "),
        (None, 1, 0, "None is not an outcome to retry after. Use one of no_answer, busy, "),
    ],
)
def test_a_rule_out_of_range_is_refused_with_the_range(
    outcome: Any, max_retries: Any, wait_seconds: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=r"must be|not an outcome") as error:
        RetryRule(outcome=outcome, max_retries=max_retries, wait_seconds=wait_seconds)

    assert str(error.value).startswith(message)


def test_two_rules_for_one_outcome_are_refused() -> None:
    rule = RetryRule(outcome=BUSY, max_retries=1, wait_seconds=0)

    with pytest.raises(ValueError, match="busy has more than one retry rule"):
        RetryPolicy(rules=(rule, rule))


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {"rules": None},
        {"rules": "busy"},
        {"rules": [], "extra": 1},
        {"rules": [None]},
        {"rules": [{"outcome": "busy", "max_retries": 1}]},
        {"rules": [{"outcome": "busy", "max_retries": 1, "wait_seconds": 1, "extra": 1}]},
        {"rules": [{"outcome": [], "max_retries": 1, "wait_seconds": 1}]},
    ],
)
def test_data_of_another_shape_is_refused_with_a_sentence(data: Any) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        RetryPolicy.from_dict(data)


rules = st.builds(
    RetryRule,
    outcome=st.sampled_from(RetryOutcome),
    max_retries=st.integers(0, MAX_RETRIES),
    wait_seconds=st.integers(0, MAX_WAIT_SECONDS),
)
policies = st.lists(rules, unique_by=lambda rule: rule.outcome).map(
    lambda chosen: RetryPolicy(rules=tuple(chosen))
)


@given(policy=policies)
def test_a_policy_survives_the_snapshot_of_a_batch(policy: RetryPolicy) -> None:
    assert RetryPolicy.from_dict(json.loads(json.dumps(policy.to_dict()))) == policy


def test_a_batch_without_a_policy_has_no_retries() -> None:
    assert RetryPolicy.from_dict({}) == RetryPolicy()


@given(policy=policies, outcomes=st.lists(st.sampled_from(RetryOutcome), min_size=100))
def test_no_run_of_outcomes_gets_more_attempts_than_foreseen(
    policy: RetryPolicy, outcomes: list[RetryOutcome]
) -> None:
    counts: dict[RetryOutcome, int] = {}
    for outcome in outcomes:
        counts[outcome] = counts.get(outcome, 0) + 1
        if policy.next_attempt(outcome, counts) is None:
            break

    assert sum(counts.values()) <= policy.max_attempts


BUSY_THEN_LONGER = RetryRule(outcome=BUSY, max_retries=3, wait_seconds=86_400, waits=(600, 7_200))


@pytest.mark.parametrize(("ended", "wait"), [(1, 600), (2, 7_200), (3, 86_400), (4, None)])
def test_each_retry_has_its_own_wait(ended: int, wait: int | None) -> None:
    policy = RetryPolicy(rules=(BUSY_THEN_LONGER,))
    assert policy.next_attempt(BUSY, {BUSY: ended}) == wait
    assert RetryPolicy.from_dict(json.loads(json.dumps(policy.to_dict()))) == policy


@pytest.mark.parametrize("waits", [(1, 2, 3, 4), (-1,), ("600",), (MAX_WAIT_SECONDS + 1,), 600])
def test_waits_that_no_retry_can_have_are_refused(waits: Any) -> None:
    with pytest.raises(ValueError, match="waits"):
        RetryRule(outcome=BUSY, max_retries=3, wait_seconds=0, waits=waits)


def test_a_total_over_outcomes_ends_the_retries() -> None:
    rules = (BUSY_THEN_LONGER, RetryRule(outcome=NO_ANSWER, max_retries=5, wait_seconds=60))
    policy = RetryPolicy(rules=rules, max_total=2)
    assert policy.next_attempt(BUSY, {BUSY: 1, NO_ANSWER: 1}) == 600
    assert policy.next_attempt(BUSY, {BUSY: 1, NO_ANSWER: 2}) is None
    assert policy.max_attempts == 3
    assert RetryPolicy.from_dict(policy.to_dict()) == policy


def test_the_longest_wait_takes_the_worst_mix_that_the_total_allows() -> None:
    rules = (BUSY_THEN_LONGER, RetryRule(outcome=NO_ANSWER, max_retries=5, wait_seconds=5_000))
    assert RetryPolicy(rules=rules).longest_wait_seconds == 600 + 7_200 + 86_400 + 25_000
    # Two retries: the waits of a rule come in their order, so a long third wait is out of reach.
    assert RetryPolicy(rules=rules, max_total=2).longest_wait_seconds == 10_000
    assert RetryPolicy(rules=rules, max_total=3).longest_wait_seconds == 600 + 7_200 + 86_400
    assert RetryPolicy(rules=rules, max_total=0).longest_wait_seconds == 0
