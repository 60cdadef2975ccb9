"""Many rows at once, on either database."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import TextField, Value
from django.db.models.expressions import DatabaseDefault
from django.db.models.functions import Cast
from django.utils import timezone

from batchcalls.database.bulk import insert_each, update_each
from batchcalls.models import VoiceAccount
from campaigns.models import Suppression

pytestmark = pytest.mark.django_db

FIELDS = ("e164", "reason", "source", "created_at")
#: Texts that a careless writer of COPY or of arrays would spoil.
TEXTS = [
    "plain",
    "tab\tnew\nline\r",
    "quote \" and ' and \\ and \\N",
    "{a,b}",
    "",
    "Zoë 王 👩‍👧",
    "\\.",
]


def rows(*numbers: int, text: str = "") -> list[list[Any]]:
    return [[f"+1202555{n:04}", text, "import", timezone.now()] for n in numbers]


def test_every_text_arrives_as_it_was() -> None:
    given = [
        [f"+1202555{n:04}", text, "import", timezone.now()] for n, text in enumerate(TEXTS, 100)
    ]
    assert insert_each(Suppression, FIELDS, given) == len(TEXTS)
    assert list(Suppression.objects.order_by("e164").values_list("reason", flat=True)) == TEXTS
    assert insert_each(Suppression, FIELDS, []) == 0
    assert insert_each(Suppression, FIELDS, rows(200)) == 1


def test_rows_that_exist_are_left_out_on_request_and_counted() -> None:
    insert_each(Suppression, FIELDS, rows(100, 101))
    again = rows(100, 101, 102, text="new")
    assert insert_each(Suppression, FIELDS, again, ignore_conflicts=True) == 1
    assert Suppression.objects.filter(reason="new").count() == 1


@pytest.mark.parametrize("numbers", [(100,), (100, 101)])
def test_a_refusal_of_the_database_is_an_error_of_django(numbers: tuple[int, ...]) -> None:
    insert_each(Suppression, FIELDS, rows(100))
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_each(Suppression, FIELDS, rows(*numbers))
    assert Suppression.objects.count() == 1


def test_each_row_is_updated_with_its_own_values() -> None:
    insert_each(Suppression, FIELDS, rows(100, 101, 102))
    keys = list(Suppression.objects.order_by("e164").values_list("pk", flat=True))
    changed = update_each(
        Suppression,
        ["reason"],
        [(pk, f"r{n}") for n, pk in enumerate(keys)],
        where_in=("source", ["import"]),
    )
    assert changed == 3
    found = Suppression.objects.order_by("e164").values_list("reason", flat=True)
    assert list(found) == ["r0", "r1", "r2"]
    assert update_each(Suppression, ["reason"], [(keys[0], "x")], where_in=("source", ["api"])) == 0


@pytest.mark.parametrize(
    "value",
    [
        {"name": 'Zoë "Z" 王 \\ \n\t\x7f', "": ""},
        {},
        {"number": 1, "none": None, "list": ["a", {"b": 2.5}], "yes": True},
        {1: "a key that is no text"},
        ["a", {"b": ""}],
        "text",
    ],
)
@pytest.mark.parametrize("rows", [1, 3])
def test_json_is_stored_as_django_stores_it(value: Any, rows: int) -> None:
    account = VoiceAccount.objects.create(name="django", options=value)
    made = [(f"bulk {n}", timezone.now(), value) for n in range(rows)]
    insert_each(VoiceAccount, ("name", "created_at", "options"), made)
    update_each(VoiceAccount, ["countries"], [(account.pk, value)])
    account.refresh_from_db()
    stored = VoiceAccount.objects.filter(name__in=["django", *(name for name, *_ in made)])
    assert list(stored.values_list("options", flat=True)) == [account.options] * (rows + 1)
    assert len(set(stored.values_list(Cast("options", TextField()), flat=True))) == 1
    assert account.countries == account.options


def test_a_column_that_the_database_fills_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    column = Suppression._meta.get_field("expires_at")
    monkeypatch.setattr(column, "db_default", Value(None))
    filled = DatabaseDefault(Value(None), output_field=column)
    monkeypatch.setitem(column.__dict__, "_get_default", lambda: filled)
    assert insert_each(Suppression, FIELDS, rows(100)) == 1
    assert insert_each(Suppression, FIELDS, rows(101, 102)) == 2
    assert insert_each(Suppression, FIELDS, rows(103, 104), ignore_conflicts=True) == 2
