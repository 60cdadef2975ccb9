"""Rows of a list as recipients: each cell where its column says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from batchcalls.intake.resource import RecipientResource
from batchcalls.intake.validation import RowRules
from batchcalls.lists.mapping import ListMapping
from batchcalls.lists.rows import Row
from batchcalls.models import Batch, Recipient

HEADER = "Phone,name,request_data.city,crm,settings.voice,settings.max_duration,,secret"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (
            [" +12025550123 ", " Zoë\n", "", "A1 ", " ", "5", "left", "out"],
            ("+12025550123", {"name": "Zoë", "city": ""}, {"crm_id": "A1"}, {"max_duration": 5}),
        ),
        (
            ["+12025550123"],  # cells missing at the end are blank
            ("+12025550123", {"name": "", "city": ""}, {"crm_id": ""}, {}),
        ),
        (
            ["+12025550123", "a", "b", "c", "", "", "", "", "beyond"],
            ("+12025550123", {"name": "a", "city": "b"}, {"crm_id": "c"}, {}),
        ),
        ([], ("", {"name": "", "city": ""}, {"crm_id": ""}, {})),
    ],
)
def test_a_row_is_taken_apart(
    make_batch: Callable[..., Batch],
    cells: list[str],
    expected: tuple[Any, ...],
    django_assert_num_queries: Any,
) -> None:
    batch = make_batch(
        text=f"{HEADER}\n+12025550123\n",
        prompt="Hello.",
        map_all=None,
        column_options=[
            "crm=metadata.crm_id",
            "settings.max_duration=max_duration",
            "secret=ignore",
        ],
    )
    stored = batch.first_list
    resource = RecipientResource(
        stored=stored,
        mapping=ListMapping.from_list(stored.mapping),
        rules=RowRules.of(batch),
    )
    # No statement at all: setting a sequence back would give two imports at once the same ids.
    with django_assert_num_queries(0):
        save = resource.take_in([Row(2, cells)])
    assert save()[0] == int(bool(cells))
    one = Recipient.objects.get(batch=batch)
    assert (one.raw_number, one.request_data, one.metadata, one.call_settings) == expected
