"""The main job from the command line, in a process of its own, as a person runs it."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django_q.models import OrmQ

from batchcalls.models import Batch, VoiceAccount
from campaigns.models import Campaign
from tests.webhooks.receiver import Receiver

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "static" / "batchcalls" / "sample-recipients.csv"
PROMPT = "You are calling {{business_name}} to thank {{champion_name|them}} for their order."

SendBatch = Callable[..., "Ran"]

pytestmark = pytest.mark.django_db


class Ran(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The surroundings of an unconfigured copy: no secret, no database, nothing."""
    ours = {"SECRET_KEY", "DEBUG", "DATABASE_URL", "BROKER_URL", "LOG_LEVEL"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {
        **kept,
        "DATA_DIR": str(tmp_path / "var"),
        "SECRET_KEY": "a-key-for-the-command-line-tests-that-is-long-enough",
    }


def manage(*arguments: str | Path) -> list[str | Path]:
    return [sys.executable, ROOT / "manage.py", *arguments]


@pytest.fixture
def sendbatch(account: VoiceAccount) -> SendBatch:
    """Run the command in this process, with the simulator at full speed."""

    def run(*arguments: str | Path) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        with pytest.raises(SystemExit) as left:
            call_command("sendbatch", *map(str, arguments), stdout=out, stderr=err)
        return Ran(int(left.value.code or 0), out.getvalue(), err.getvalue())

    return run


@pytest.mark.one_database
def test_the_sample_runs_through_on_a_machine_without_any_set_up(
    environment: dict[str, str], tmp_path: Path
) -> None:
    results = tmp_path / "results.csv"
    options = ["--map-all", "request_data", "--prompt", PROMPT, "--json", "--results", results]
    ran = subprocess.run(
        manage("sendbatch", SAMPLE, *options),
        check=False,
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert ran.returncode == 3, ran.stderr
    answer = json.loads(ran.stdout)
    assert set(answer) == {
        *("batch_id", "name", "status", "lists", "totals", "skipped", "dry_run", "error"),
    }
    assert answer["status"] == "completed_partial"
    assert answer["name"] == "sample-recipients"
    assert answer["error"] is None
    assert answer["totals"] == {
        "rows": 14,
        "called": 10,
        "reached": 7,
        "voicemail": 1,
        "not_reached": 2,
        "failed": 1,
        "skipped": 3,
        "unconfirmed": 0,
        "canceled": 0,
    }
    assert [(one["row"], one["raw_number"], one["reason"]) for one in answer["skipped"]] == [
        (12, "", "blank_number"),
        (13, "+10987654321", "invalid_number"),
        (14, "+1 202-555-0190", "duplicate"),
    ]
    assert all(one["message"].endswith(".") for one in answer["skipped"])
    assert ran.stderr == ""

    with results.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        original = list(csv.DictReader(file))
    assert list(rows[0]) == [
        *original[0],
        *("status", "disposition", "answered_by", "duration_seconds", "price", "summary"),
        "call_id",
    ]
    assert [{name: row[name] for name in original[0]} for row in rows] == original
    assert [row["status"] for row in rows][:5] == ["done"] * 4 + ["failed"]
    assert rows[0]["answered_by"] == "human"
    assert rows[0]["summary"]
    assert float(rows[0]["price"]) > 0
    assert rows[10]["call_id"] == ""


def test_nobody_to_call_ends_with_status_1_and_leaves_a_draft(
    sendbatch: SendBatch, tmp_path: Path
) -> None:
    path = tmp_path / "list.csv"
    path.write_text("phone_number,consent\nbad1,yes\n+12025550191,STOP\n")
    ran = sendbatch(path, "--prompt", "Hello.")
    assert ran.returncode == 1
    assert "No one was called. None of the 2 rows can be called" in ran.stderr
    batch = Batch.objects.get()
    assert batch.status == "draft"
    assert "1 number refused to be called. To skip it in every batch, run: python" in ran.stdout
    assert f"donotcall --refused-in {batch.pk}" in ran.stdout
    told = json.loads(sendbatch(path, "--prompt", "Hello.", "--json").stdout)
    assert told["error"]["code"] == "nobody_to_call"


def test_a_file_without_rows_is_refused_with_status_1(sendbatch: SendBatch, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("phone_number,name\n")
    ran = sendbatch(path, "--prompt", "Hello.")
    assert (ran.returncode, Batch.objects.count()) == (1, 0)
    assert "The file has a header but no rows. Add at least one row below" in ran.stderr


def test_the_summary_names_every_skipped_row(sendbatch: SendBatch) -> None:
    ran = sendbatch(SAMPLE, "--map-all", "request_data", "--prompt", PROMPT, "--name", "Monday")

    assert ran.returncode == 3
    assert "Monday: Completed Partial" in ran.stdout
    assert "row 13 '+10987654321'" in ran.stdout
    assert "[duplicate]" in ran.stdout


def test_the_summary_ends_with_where_to_look_and_what_the_exit_status_means(
    sendbatch: SendBatch,
) -> None:
    ran = sendbatch(SAMPLE, "--map-all", "request_data", "--prompt", PROMPT)

    page = f"http://127.0.0.1:8000/batchcalls/batch/{Batch.objects.get().pk}/change/"
    assert ran.stdout.splitlines()[-3:] == [
        f"See it in the back office: {page}",
        "  No one can sign in yet. To create an administrator and start the back office, run: "
        "python manage.py quickstart",
        "Exit status 3 means partly completed, not a failure: 1 failed, 3 skipped.",
    ]


SEED_FIRST = """phone_number,business_name,previous_customer,champion_name,webhook
+12345678909,South Bay Coffee,Yes,Sarah H,https://example.com/webhook1
+10987654321,John’s Laundry,No,John W,https://example.com/webhook2
"""
SEED_SECOND = """phone_number,customer_name,service,date
12345678909,Emily,Home Cleaning,July 10
"""


@pytest.mark.parametrize("prefix", ["", "request_data."])
@pytest.mark.parametrize("map_all", [True, False])
def test_the_seeds_first_list_works_as_it_stands(
    sendbatch: SendBatch, tmp_path: Path, prefix: str, map_all: bool
) -> None:
    header, *rows = SEED_FIRST.splitlines()
    phone, *others = header.split(",")
    path = tmp_path / "seed.csv"
    lines = [",".join([phone, *(prefix + other for other in others)]), *rows]
    path.write_text("\n".join(lines), encoding="utf-8")
    options = ["--map-all", "request_data"] if map_all else []
    ran = sendbatch(path, "--prompt", "Greet {{business_name}}.", "--json", *options)

    answer = json.loads(ran.stdout)
    assert ran.returncode == 3
    assert answer["totals"]["called"] == 1
    assert [(one["row"], one["raw_number"], one["reason"]) for one in answer["skipped"]] == [
        (3, "+10987654321", "invalid_number")
    ]


def test_the_seeds_second_list_works_without_a_plus(sendbatch: SendBatch, tmp_path: Path) -> None:
    path = tmp_path / "returning.csv"
    path.write_text(SEED_SECOND, encoding="utf-8")
    prompt = "Remind {{customer_name}} of {{service}} on {{date}}."
    ran = sendbatch(path, "--prompt", prompt, "--json")

    answer = json.loads(ran.stdout)
    assert (ran.returncode, answer["status"], answer["totals"]["called"]) == (0, "completed", 1)


def bad_files(tmp_path: Path) -> dict[str, Path]:
    contents = {
        "empty": b"",
        "no phone": b"name,town\nAnn,Leeds\n",
        "png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01" + bytes(range(256)),
        "good": b"phone_number,name\n+12025550190,Ann\n",
        "unclear": "phone_number,name\n+12025550190,Żaneta\n".encode("iso8859-2"),
    }
    paths = {}
    for name, content in contents.items():
        paths[name] = tmp_path / f"{name.replace(' ', '-')}.csv"
        paths[name].write_bytes(content)
    return paths


@pytest.mark.parametrize(
    ("file", "options", "status", "code", "sentence"),
    [
        (None, [], 2, "no_file", "No file was given."),
        ("missing.csv", [], 2, "file_missing", "There is no file missing.csv."),
        ("empty", [], 1, "empty_file", "The file is empty."),
        ("no phone", [], 1, "no_phone_column", "Columns found: name, town."),
        ("png", [], 1, "not_text", "not a text file"),
        ("good", ["--header-row", "9"], 1, "no_header_row", "Row 9 has no text"),
        ("unclear", [], 2, "unclear_encoding", "cp1250 it says “Żaneta”. Choose the encoding"),
        ("good", ["--map", "name=nonsense"], 2, "unknown_target", "nonsense"),
        ("good", ["--map", "nome=ignore"], 2, "unknown_column", "nome"),
        ("good", ["--map", "gibberish"], 2, "bad_option", "gibberish"),
        (
            "good",
            ["--prompt", "Ask {{first_name}}."],
            2,
            "variable_without_column",
            "{{first_name}}",
        ),
        ("good", ["--prompt", "Ask {{name."], 2, "bad_prompt", "}}"),
        ("good", ["--prompt", ""], 2, "no_prompt", "Enter a prompt"),
        ("good", ["--campaign", "Spring"], 2, "unknown_campaign", "'Spring'"),
        ("good", ["--account", "carrier"], 2, "unknown_account", "'carrier'"),
        ("good", ["--region", "XX"], 2, "bad_region", "XX"),
        ("good", ["--start-at", "soon"], 2, "bad_start_at", "'soon'"),
        ("good", ["--results", "/nowhere/out.csv"], 2, "results_unwritable", "/nowhere/out.csv"),
    ],
)
def test_bad_input_gets_one_sentence_and_leaves_nothing_behind(
    sendbatch: SendBatch,
    media: Path,
    tmp_path: Path,
    *,
    file: str | None,
    options: list[str],
    status: int,
    code: str,
    sentence: str,
) -> None:
    paths = bad_files(tmp_path)
    arguments = [] if file is None else [str(paths.get(file, file))]
    if not {"--prompt", "--campaign"} & set(options):
        options = [*options, "--prompt", "Hello."]
    ran = sendbatch(*arguments, "--json", *options)

    assert ran.returncode == status, ran.stderr
    assert sentence in ran.stderr
    assert "Traceback" not in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1
    answer = json.loads(ran.stdout)
    assert answer["error"]["code"] == code
    assert answer["batch_id"] is None
    assert not Batch.objects.exists()
    assert not list(media.rglob("*.csv"))


def test_a_dry_run_reports_and_calls_nobody(sendbatch: SendBatch) -> None:
    ran = sendbatch(SAMPLE, "--map-all", "request_data", "--prompt", PROMPT, "--dry-run")

    assert ran.returncode == 0
    assert "No one was called." in ran.stdout
    assert "You are calling South Bay Coffee to thank Sarah H for their order." in ran.stdout
    assert "row 13 '+10987654321'" in ran.stdout


@pytest.mark.usefixtures("account")
def test_what_the_batch_has_to_tell_is_told_without_a_worker(
    sendbatch: SendBatch, receiver: Receiver, tmp_path: Path
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"phone_number,webhook\n+12025550190,{receiver.url('/row')}\n")
    mapped = ("--map", "webhook=webhook")
    assert sendbatch(path, "--prompt", "Hello.", "--json", *mapped).returncode == 0
    (received,) = receiver.received
    assert (received.path, received.json["status"]) == ("/row", "completed")


def test_a_batch_sent_as_a_user_has_the_permissions_of_that_user(sendbatch: SendBatch) -> None:
    operator = User.objects.create_user("ada")
    operator.groups.add(Group.objects.get(name="Operators"))
    Campaign.objects.create(name="Reminder", prompt="Hello.")
    said = ("--prompt", "Pay me.", "--dry-run", "--json")
    refused = sendbatch(SAMPLE, "--as", "ada", *said)
    assert refused.returncode == 2
    assert "You may not set task, which decides what is said." in refused.stdout
    mapped = ("--campaign", "Reminder", "--map", "webhook=trusted_text", "--dry-run", "--json")
    assert "You may not map column “webhook”" in sendbatch(SAMPLE, "--as", "ada", *mapped).stdout
    assert "There is no active user" in sendbatch(SAMPLE, "--as", "eve", *said).stdout
    User.objects.create_user("eve")
    assert "eve: You may not do that" in sendbatch(SAMPLE, "--as", "eve", *said).stdout
    assert not Batch.objects.exists()
    ran = sendbatch(SAMPLE, "--as", "ada", "--campaign", "Reminder", "--dry-run", "--json")
    assert json.loads(ran.stdout)["status"] == "ready"
    assert Batch.objects.get().created_by == operator


def test_a_detached_run_leaves_the_work_to_a_worker() -> None:
    out = io.StringIO()
    options = ["--map-all", "request_data", "--prompt", PROMPT, "--detach", "--json"]
    call_command("sendbatch", str(SAMPLE), *options, stdout=out)

    assert json.loads(out.getvalue())["status"] == "initializing"
    assert Batch.objects.get().status == "initializing"
    assert OrmQ.objects.count() == 1


@pytest.mark.one_database
def test_a_database_that_is_behind_is_not_migrated_on_the_side(
    environment: dict[str, str],
) -> None:
    subprocess.run(
        manage("migrate", "auth", "--verbosity=0"), env=environment, cwd=ROOT, check=True
    )
    ran = subprocess.run(
        manage("sendbatch", SAMPLE, "--prompt", "Hello."),
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 1
    assert "Run: python manage.py migrate" in ran.stderr


@pytest.mark.one_database
def test_ctrl_c_stops_placing_and_says_how_to_go_on(
    environment: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "many.csv"
    lines = "".join(f"+1202555{n:04}\n" for n in range(100, 200))
    path.write_text(f"phone_number\n{lines}", encoding="utf-8")
    with subprocess.Popen(
        manage("sendbatch", path, "--prompt", "Hello.", "--json"),
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        # It migrates a database first, which takes long on a busy machine.
        deadline = time.monotonic() + 240
        while process.poll() is None and not list((tmp_path / "var").glob("media/lists/*/*")):
            if time.monotonic() > deadline:
                process.kill()
            time.sleep(0.05)
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)

    assert process.returncode == 130, err
    answer: dict[str, Any] = json.loads(out)
    assert answer["status"] in {"initializing", "validating", "dispatching", "in_progress"}
    assert "Stopped following." in err
    assert "Traceback" not in err


def test_an_account_that_cannot_be_used_pauses_the_batch_and_says_so(
    sendbatch: SendBatch, account: VoiceAccount
) -> None:
    account.options = {"sped": 1}
    account.save()
    ran = sendbatch(SAMPLE, "--prompt", PROMPT)

    assert ran.returncode == 1
    assert "paused" in ran.stderr
    assert "sped" in ran.stderr
    assert Batch.objects.get().status == "paused"
