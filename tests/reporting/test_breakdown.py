"""The bars of a batch's page: from rows to reached, by result, and by outcome of the calls."""

from __future__ import annotations

from batchcalls.models.querysets import Totals
from batchcalls.reporting import breakdown, formatting
from batchcalls.reporting.batch_figures import Outcome

TOTALS = Totals(
    rows=200,
    called=100,
    reached=40,
    voicemail=10,
    not_reached=30,
    failed=10,
    skipped=20,
    canceled=50,
    waiting=30,
    live=10,
)


def test_the_funnel_leads_from_all_rows_to_the_people_reached() -> None:
    steps = breakdown.funnel(TOTALS)

    assert [(one.label, one.count, one.percent) for one in steps] == [
        ("Rows", 200, 100),
        ("Callable", 180, 90),
        ("Called", 100, 50),
        ("Answered", 50, 25),
        ("Reached", 40, 20),
    ]


def test_each_ended_row_is_one_result_and_canceled_rows_are_not_called_skipped() -> None:
    parts = {one.label: one.count for one in breakdown.results(TOTALS)}

    assert parts == {
        "Reached": 40,
        "Voicemail": 10,
        "No answer or busy": 30,
        "Failed": 10,
        "Skipped": 20,
        "Canceled": 50,
    }
    words = formatting.progress(TOTALS)["words"].replace("\N{NO-BREAK SPACE}", " ")
    assert words == "80 done · 10 live · 20 skipped · 50 canceled · 10 failed · 30 waiting"


def test_calls_are_counted_by_outcome_in_words_or_else_by_status() -> None:
    parts = breakdown.outcomes(
        {
            Outcome("disposition", "INTERESTED"): 5,
            Outcome("disposition", "NO_ANSWER"): 7,
            Outcome("disposition", "VIP_LEAD"): 2,
            Outcome("status", "canceled"): 1,
            Outcome("status", "no_answer"): 1,
        }
    )

    assert [(one.label, one.count, one.query) for one in parts] == [
        ("No answer", 7, "disposition=NO_ANSWER"),
        ("Interested", 5, "disposition=INTERESTED"),
        ("Vip lead", 2, "disposition=VIP_LEAD"),
        ("Canceled", 1, "status=canceled"),
        ("No answer", 1, "status=no_answer"),
    ]


def test_rare_outcomes_are_added_up_so_that_all_calls_are_shown() -> None:
    parts = breakdown.outcomes({Outcome("disposition", f"O{number}"): 1 for number in range(20)})

    assert len(parts) == breakdown.MOST_OUTCOMES + 1
    assert (parts[-1].label, parts[-1].count, sum(one.count for one in parts)) == ("Other", 8, 20)


def test_a_batch_without_rows_has_empty_bars() -> None:
    assert {one.percent for one in breakdown.funnel(Totals())} == {0}
    assert breakdown.results(Totals()) == []
