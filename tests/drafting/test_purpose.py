"""Why people are called is asked at every door, and kept with the batch."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from batchcalls.drafting import edits
from batchcalls.drafting.drafts import DraftError, DraftRequest
from batchcalls.intake import runner
from batchcalls.models import Batch, VoiceAccount
from campaigns.models import Campaign
from campaigns.vocabulary import Purpose
from tests.admin.markup import markup
from tests.api.bodies import BATCHES, body, pointers
from tests.api.conftest import Program, make_program, program

__all__ = ["make_program", "program"]

pytestmark = pytest.mark.django_db
ADD = "admin:batchcalls_batch_add"


@pytest.fixture
def real(account: VoiceAccount, monkeypatch: pytest.MonkeyPatch) -> VoiceAccount:
    """An account that rings people."""
    monkeypatch.setenv("BLAND_API_KEY", "sk-of-the-tests")
    return VoiceAccount.objects.create(name="real", provider="bland")


@pytest.fixture
def marketing(db: None) -> Campaign:
    return Campaign.objects.create(name="Spring", prompt="Hello.", purpose=Purpose.MARKETING)


def purpose_of(pk: Any) -> str:
    return Batch.objects.get(pk=pk).purpose


class TestTheApi:
    def test_it_takes_the_campaigns_unless_the_request_says_another(
        self, program: Program, account: VoiceAccount, marketing: Campaign
    ) -> None:
        of_campaign = program.post(BATCHES, body(campaign=marketing.pk)).json()
        assert of_campaign["purpose"] == "marketing"
        other = program.post(BATCHES, body(campaign=marketing.pk, purpose="emergency")).json()
        assert other["purpose"] == "emergency"
        told = program.get(f"{BATCHES}/{other['id']}/settings").json()
        assert told["purpose"] == "emergency"
        assert program.post(BATCHES, body()).json()["purpose"] == "informational"

    def test_without_a_campaign_it_is_asked_where_real_phones_ring(
        self, program: Program, real: VoiceAccount
    ) -> None:
        answer = program.post(BATCHES, body(account=real.pk))
        assert answer.status_code == 400
        assert pointers(answer) == ["/purpose"]
        assert (
            "Choose the purpose of the calls: informational, marketing, emergency."
            in answer.json()["detail"]
        )
        assert not Batch.objects.exists()
        unknown = program.post(BATCHES, body(account=real.pk, purpose="sales"))
        assert (unknown.status_code, pointers(unknown)) == (400, ["/purpose"])
        said = program.post(BATCHES, body(account=real.pk, purpose="marketing"))
        assert said.json()["purpose"] == "marketing"

    def test_it_is_edited_in_a_draft_only(self, program: Program, account: VoiceAccount) -> None:
        place = f"{BATCHES}/{program.post(BATCHES, body()).json()['id']}"
        assert program.patch(place, {"purpose": "marketing"}).json()["purpose"] == "marketing"
        assert program.patch(place, {"cps": 2}).json()["purpose"] == "marketing"
        program.post(f"{place}/launch")
        assert program.patch(place, {"purpose": "informational"}).status_code == 409

    def test_recipients_have_their_consent(self, program: Program, account: VoiceAccount) -> None:
        one = {
            "phone_number": "+12025550190",
            "consent": True,
            "consent_type": "written",
            "consent_date": "2026-01-31",
            "consent_source": "Web form",
            "consent_evidence": "https://cert.example/1",
        }
        request = body(prompt="Hello.", recipients=[one], dry_run=True)
        made = program.post(BATCHES, request).json()
        [row] = program.get(f"{BATCHES}/{made['id']}/recipients").json()["results"]
        assert row["consent"] == {
            "kind": "express_written",
            "given_on": "2026-01-31",
            "source": "Web form",
            "evidence": "https://cert.example/1",
        }


class TestThePage:
    def sent(self, client: Client, **fields: Any) -> Any:
        data = {
            "says": "prompt",
            "prompt": "Hello.",
            "account": VoiceAccount.objects.built_in().pk,
            "duplicates": "call_once",
            "next": "1",
            "file": SimpleUploadedFile("list.csv", b"phone_number\n+12025550190\n"),
            **fields,
        }
        return client.post(reverse(ADD), data)

    def test_nothing_is_chosen_and_the_form_asks(
        self, admin_client: Client, account: VoiceAccount
    ) -> None:
        page = admin_client.get(reverse(ADD))
        assert page.context["form"]["purpose"].value() is None
        assert Purpose.MARKETING.meaning in page.content.decode()
        answer = self.sent(admin_client)
        form = answer.context["form"]
        assert form.errors == {"purpose": ["Choose the purpose of the calls."]}
        # The list is kept meanwhile, under the strictest rules.
        assert Batch.objects.get().purpose == "marketing"
        assert form["purpose"].value() is None

    def test_a_campaign_says_it_and_a_person_may_say_another(
        self, admin_client: Client, account: VoiceAccount, marketing: Campaign
    ) -> None:
        page = admin_client.get(reverse(ADD), {"campaign": marketing.pk})
        assert page.context["form"]["purpose"].value() == "marketing"
        self.sent(admin_client, campaign=marketing.pk)
        assert Batch.objects.latest("created_at").purpose == "marketing"
        self.sent(admin_client, campaign=marketing.pk, purpose="informational")
        assert Batch.objects.latest("created_at").purpose == "informational"


@pytest.mark.parametrize(
    ("options", "status", "purpose"),
    [
        ((), 2, ""),
        (("--purpose", "marketing"), 0, "marketing"),
        (("--account", "simulator"), 0, "informational"),
    ],
)
def test_sendbatch_asks_where_real_phones_ring(
    real: VoiceAccount, tmp_path: Path, options: tuple[str, ...], status: int, purpose: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_text("phone_number,consent\n+12025550190,written\n")
    err = io.StringIO()
    said = ["--prompt", "Hello.", "--dry-run", "--account", "real", *options]
    with pytest.raises(SystemExit) as left:
        call_command("sendbatch", str(path), *said, stdout=io.StringIO(), stderr=err)
    assert left.value.code == status, err.getvalue()
    if status:
        assert err.getvalue() == (
            "Choose the purpose of the calls: informational, marketing, "
            "emergency. Use --purpose, or --campaign.\n"
        )
        assert not Batch.objects.exists()
    else:
        assert Batch.objects.get().purpose == purpose


class TestTheCompatibleApi:
    CALL = {"phone_number": "+12025550190", "task": "Say hello."}

    def sent(self, program: Program, path: str, told: dict[str, Any]) -> Batch:
        answer = program.post(path, told)
        assert answer.status_code == 200, answer.json()
        return Batch.objects.latest("created_at")

    def test_a_request_says_it_or_the_site_does(
        self, program: Program, account: VoiceAccount, settings: Any
    ) -> None:
        assert self.sent(program, "/v1/calls", self.CALL).purpose == "informational"
        said = {**self.CALL, "purpose": "marketing"}
        assert self.sent(program, "/v1/calls", said).purpose == "marketing"
        settings.BLAND_API_PURPOSE = "emergency"
        assert self.sent(program, "/v1/calls", self.CALL).purpose == "emergency"
        batch = {"base_prompt": "Hello.", "call_data": [{"phone_number": "+12025550190"}]}
        assert self.sent(program, "/v1/batches", batch).purpose == "emergency"
        shared = {"global": {"task": "Hello.", "purpose": "marketing"}}
        batch = {**shared, "call_objects": [{"phone_number": "+12025550190"}]}
        assert self.sent(program, "/v2/batches/create", batch).purpose == "marketing"

    def test_an_unknown_one_is_refused(self, program: Program, account: VoiceAccount) -> None:
        answer = program.post("/v1/calls", {**self.CALL, "purpose": "sales"})
        assert answer.status_code == 400
        assert "purpose must be one of these: informational, marketing" in answer.json()["message"]

    def test_calls_state_their_consent(self, program: Program, account: VoiceAccount) -> None:
        said = {"consent": "yes", "consent_type": "verbal", "consent_date": "2026-01-31"}
        recorded = {"kind": "express", "given_on": "2026-01-31"}
        call = self.sent(program, "/v1/calls", {**self.CALL, **said})
        assert call.recipients.get().consent == recorded
        for given in (
            {"base_prompt": "Hello.", "call_data": [{**self.CALL, **said}]},
            {"global": {"task": "Hello."}, "call_objects": [{**self.CALL, **said}]},
        ):
            batch = self.sent(program, "/v1/batches", given)
            runner.run_batch(batch.pk, seconds=30)
            assert batch.recipients.get().consent == recorded
        refused = program.post("/v1/calls", {**self.CALL, "consent": "no"})
        assert refused.status_code == 400
        assert "means no" in refused.json()["message"]


def test_another_campaign_brings_its_purpose_along(make_batch: Any, marketing: Campaign) -> None:
    first = Campaign.objects.create(name="First", prompt="Hello.")
    batch = make_batch("+12025550190", prompt="", campaign=first)
    request = DraftRequest(
        name="N", account=batch.account, campaign=marketing, purpose=batch.purpose
    )
    edits.change(batch, request, region="US")
    assert purpose_of(batch.pk) == "marketing"


def test_a_batch_that_moves_to_real_phones_needs_a_purpose_that_somebody_stated(
    program: Program, real: VoiceAccount
) -> None:
    made = program.post(BATCHES, body()).json()
    url = f"{BATCHES}/{made['id']}"
    moved = program.patch(url, {"account": real.pk})
    assert (moved.status_code, pointers(moved)) == (400, ["/purpose"])
    moved = program.patch(url, {"account": real.pk, "purpose": "marketing"})
    assert (moved.status_code, moved.json()["purpose"]) == (200, "marketing")
    assert program.patch(url, {"cps": 1}).status_code == 200, "it stays stated"


def test_a_draft_that_is_kept_without_a_purpose_asks_for_it_before_its_launch(
    admin_client: Client, real: VoiceAccount
) -> None:
    kept = {"says": "prompt", "prompt": "Hello.", "account": real.pk, "duplicates": "call_once"}
    rows = SimpleUploadedFile("list.csv", b"phone_number\n+12025550190\n", "text/csv")
    admin_client.post(reverse(ADD), {**kept, "file": rows, "next": "1"})
    batch = Batch.objects.get()
    assert (batch.purpose, batch.purpose_assumed) == ("marketing", True), "the strictest rules"

    upload = reverse("admin:batchcalls_batch_upload", args=[batch.pk])
    assert 'value="marketing" checked' not in markup(admin_client.get(upload))
    Batch.objects.update(prompt="Hello.")
    batch.refresh_from_db()
    assert [one.code for one in edits.problems(batch)] == ["no_purpose"]
    with pytest.raises(DraftError, match="Choose the purpose of the calls"):
        edits.submit(batch)

    admin_client.post(upload, {**kept, "purpose": "informational", "next": "1"})
    batch.refresh_from_db()
    assert (batch.purpose, batch.purpose_assumed) == ("informational", False)
    assert edits.problems(batch) == []
