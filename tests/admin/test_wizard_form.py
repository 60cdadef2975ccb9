"""Step one: what it shows of the list, its rules, its schedule, and what it picks by name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from batchcalls.api.batch_creation import BatchFields, request_of
from batchcalls.drafting import copying, edits
from batchcalls.drafting.chosen_rules import ChosenRules
from batchcalls.drafting.drafts import policy_for
from batchcalls.models import Batch, VoiceAccount
from batchcalls.voice.base import Voice
from campaigns.models import (
    CallingPolicy,
    CallingWindow,
    Campaign,
    Pathway,
    PolicyRetryRule,
    Suppression,
    Tool,
)
from tests.admin.markup import markup
from tests.admin.test_wizard import LIST, fields, page
from tests.campaigns.sent_forms import sent

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

AGENT = "0e1b2c3d-4e5f-6789-abcd-ef0123456789"
FRAGMENT = {"X-Fragment": "1"}


@pytest.fixture
def client(admin_client: Client, account: VoiceAccount) -> Client:
    return admin_client


def read(client: Client, content: bytes = LIST, **more: Any) -> Any:
    given = fields(content, prompt="", purpose=None, next=None, read="1", **more)
    return client.post(page("add"), given, headers=FRAGMENT)


def saved(client: Client, **more: Any) -> Batch:
    answer = client.post(page("add"), fields(**more))
    assert answer.status_code == 302, markup(answer)
    return Batch.objects.latest("created_at")


def again(client: Client, batch: Batch, **changed: Any) -> Any:
    """Send step one of a draft as a browser does, with some fields changed."""
    shown = client.get(page("upload", batch.pk)).content.decode()
    given = sent(shown[shown.index('id="upload"') :]) | changed
    given.pop("file", None)
    return client.post(page("upload", batch.pk), given | {"next": "1"})


class TestTheList:
    def test_a_list_is_kept_and_shown_as_soon_as_it_is_chosen(self, client: Client) -> None:
        shown = markup(read(client, name="Early"))
        batch = Batch.objects.get()
        assert (batch.name, batch.first_list.file_name) == ("Early", "list.csv")
        assert f'data-upload-url="{page("upload", batch.pk)}"' in shown
        assert 'data-columns="name&#10;city"' in shown
        assert "<td>Ann</td><td>Bath</td>" in shown
        # The form is not finished, so nothing is called wrong yet.
        assert "errorlist" not in shown

    def test_a_file_of_another_kind_leaves_no_draft(self, client: Client) -> None:
        shown = markup(read(client, b"\x89PNG\r\n\x1a\n\x00\x00"))
        assert "not a text file" in shown
        assert "data-failed" in shown
        assert not Batch.objects.exists()

    def test_without_scripts_a_button_reads_the_list_and_keeps_what_is_typed(
        self, client: Client
    ) -> None:
        given = fields(prompt="Hi {{name}}, {{", purpose=None, next=None, read="1")
        shown = markup(client.post(page("add"), given))
        assert "Hi {{name}}, {{</textarea>" in shown
        assert "<td>Ann</td>" in shown
        assert 'class="notice danger"' not in shown
        nothing = markup(client.post(page("add"), fields(None, next=None, read="1")))
        assert "Choose a file to read." in nothing

    def test_figures_follow_the_form_and_nothing_is_saved(self, client: Client) -> None:
        rows = LIST + b"+12025550190,Cy,Rye\n+12025550192,,Hull\n+12025550193,Di,Leek\n"
        batch = saved(client, content=rows)
        Suppression.objects.create(e164="+12025550193")
        before = Batch.objects.values().get()
        shown = markup(client.post(page("glance", batch.pk), fields(None)))
        assert "<dt>Can be called</dt><dd>2</dd>" in shown
        assert "<dt>Skipped</dt><dd>4</dd>" in shown
        for reason in ("Not a number", "Duplicate", "Do not call", "Missing variable"):
            assert reason in shown, reason
        unknown = fields(None, prompt="Hi {{name}} of {{citty}}")
        shown = markup(client.post(page("glance", batch.pk), unknown))
        assert "{{citty}} has no column" in shown
        each = markup(
            client.post(page("glance", batch.pk), fields(None, duplicates="call_each_row"))
        )
        assert "<dt>Can be called</dt><dd>3</dd>" in each
        assert "Hello <mark" in each
        assert Batch.objects.values().get() == before

    def test_figures_need_the_permission_to_change_the_draft(self, client: Client) -> None:
        batch = saved(client)
        assert client.get(page("glance", batch.pk)).status_code == 405
        client.logout()
        assert client.post(page("glance", batch.pk), fields(None)).status_code == 302


class TestRules:
    @pytest.fixture
    def policy(self) -> CallingPolicy:
        policy = CallingPolicy.objects.create(name="Office", attempts_7d=2)
        CallingWindow.objects.create(policy=policy, weekday=0)
        PolicyRetryRule.objects.create(policy=policy, outcome="busy", max_retries=2)
        return policy

    def test_a_batch_without_a_campaign_has_a_saved_policy(
        self, client: Client, policy: CallingPolicy
    ) -> None:
        batch = saved(client, **{"rules-policy": policy.pk})
        assert batch.policy == policy.to_dict(batch.purpose)  # type: ignore[arg-type]
        # It stays when the draft is sent unchanged, changed elsewhere, and copied.
        assert again(client, batch).status_code == 302
        edits.change(batch, _as_api_does(batch), region="US")
        clone = copying.clone(batch, with_list=False)
        batch.refresh_from_db()
        assert batch.policy["id"] == clone.policy["id"] == policy.pk
        policy.attempts_7d = 1
        policy.save()
        assert copying.clone(batch, with_list=False).policy["caps"]["attempts_7d"] == 1
        assert again(client, batch, **{"rules-policy": ""}).status_code == 302
        batch.refresh_from_db()
        assert batch.policy == {}

    def test_a_batch_has_hours_and_retries_of_its_own(self, client: Client) -> None:
        own = {
            "rules-opens_at": "09:30",
            "rules-closes_at": "00:00",
            "rules-days": ["0", "4"],
            "rules-retries_no_answer": "2",
            "rules-wait_no_answer": "45",
        }
        batch = saved(client, **own)
        assert batch.calling_hours.windows == (((570, 1440),), (), (), (), ((570, 1440),), (), ())
        [rule] = batch.retry_policy.rules
        assert (rule.outcome, rule.all_waits) == ("no_answer", (2700, 2700))
        before = batch.policy
        assert again(client, batch).status_code == 302
        batch.refresh_from_db()
        assert batch.policy == before == copying.clone(batch, with_list=False).policy

    def test_retries_alone_leave_real_phones_the_usual_hours(
        self, client: Client, account: VoiceAccount
    ) -> None:
        batch = saved(client, **{"rules-retries_busy": "1", "rules-wait_busy": "5"})
        real = VoiceAccount(name="real", provider="bland")
        batch.account = real
        rules = policy_for(None, real, batch.purpose, ChosenRules.of(batch))
        assert rules["calling_hours"]["windows"]["6"]
        batch.policy = rules
        assert ChosenRules.of(batch).own.days == ()  # type: ignore[union-attr]

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"rules-opens_at": "09:00"}, "Enter both times."),
            (
                {"rules-opens_at": "19:00", "rules-closes_at": "09:00"},
                "Enter a time later than the first.",
            ),
            ({"rules-retries_busy": "1"}, "Enter the minutes to wait before each retry."),
            (
                {"rules-policy": "POLICY", "rules-days": ["1"]},
                "Choose a saved policy, or enter hours and retries for this batch, not both.",
            ),
            (
                {"campaign": "CAMPAIGN", "rules-days": ["1"]},
                "The campaign “Spring” has the calling policy “Office”, which applies to this",
            ),
        ],
    )
    def test_rules_that_contradict_each_other_are_refused(
        self, client: Client, policy: CallingPolicy, wrong: dict[str, Any], message: str
    ) -> None:
        campaign = Campaign.objects.create(name="Spring", prompt="Hi.", policy=policy)
        known = {"POLICY": policy.pk, "CAMPAIGN": campaign.pk}
        given = {
            name: value if isinstance(value, list) else known.get(value, value)
            for name, value in wrong.items()
        }
        answer = client.post(page("add"), fields(None, **given))
        assert message in markup(answer)
        assert not Batch.objects.exists()


class TestConversation:
    def test_a_campaign_s_conversation_is_followed_until_it_is_changed(
        self, client: Client
    ) -> None:
        campaign = Campaign.objects.create(name="C", prompt="Hello {{name}}.")
        shown = markup(client.get(page("add"), {"campaign": campaign.pk}))
        assert 'value="campaign" id="id_says_0" checked' in shown.replace(" required", "")
        batch = saved(client, says="campaign", campaign=campaign.pk, prompt="")
        assert batch.prompt == "Hello {{name}}."
        assert again(client, batch, says="prompt", prompt="Hi {{name}}.").status_code == 302
        batch.refresh_from_db()
        assert batch.prompt == "Hi {{name}}."

    def test_a_campaign_must_be_chosen_to_be_followed(self, client: Client) -> None:
        shown = markup(client.post(page("add"), fields(None, says="campaign")))
        assert "Choose a campaign, or write a prompt for this batch." in shown

    def test_a_persona_leads_a_batch_without_a_prompt(self, client: Client) -> None:
        batch = saved(client, prompt="", **{"setting-persona_id": "p-1"})
        assert (batch.prompt, batch.call_settings) == ("", {"persona_id": "p-1"})
        assert edits.problems(batch) == []
        assert "Persona p-1" in markup(client.get(page("columns", batch.pk)))

        assert again(client, batch).status_code == 302
        batch.refresh_from_db()
        assert (batch.prompt, batch.call_settings) == ("", {"persona_id": "p-1"})

        campaign = Campaign.objects.create(name="P", call_settings={"agent_id": AGENT})
        led = saved(client, prompt="", says="campaign", campaign=campaign.pk)
        assert led.conversation.label == f"Agent {AGENT}"
        assert f"Agent {AGENT}" in markup(client.get(page("upload", led.pk)))

    def test_a_pathway_is_picked_by_name_with_what_it_needs(self, client: Client) -> None:
        pathway = Pathway.objects.create(
            name="Survey", pathway_id="pw-1", version="3", variables="name\n{{order}}\nshop|ours"
        )
        assert "Survey (3) – needs name, order, shop" in markup(client.get(page("add")))
        batch = saved(client, says="pathway", pathway=pathway.pk)
        shown = markup(client.get(page("columns", batch.pk)))
        assert "{{order}} has no column" in shown
        assert "{{shop}}" not in shown
        assert again(client, batch).status_code == 302
        batch.refresh_from_db()
        assert (batch.pathway_id, batch.pathway_version) == ("pw-1", "3")

    def test_tools_are_picked_and_voices_offered(self, client: Client) -> None:
        Tool.objects.create(name="Calendar", reference="TL-1")
        shown = markup(client.get(page("add")))
        assert 'value="TL-1"' in shown
        voices = '<datalist id="voices" data-voices-url="/batchcalls/batch/voices/">'
        assert f'{voices}<option value="Alexa">' in shown
        batch = saved(client, **{"setting-tools_known": ["TL-1"], "setting-tools_other": "KB-2"})
        assert batch.call_settings == {"tools": ["TL-1", "KB-2"]}

    def test_saving_a_draft_unchanged_changes_nothing(self, client: Client) -> None:
        batch = saved(
            client,
            start_at="2030-01-02T09:00",
            **{
                "setting-transfer_list-0-name": "Sales",
                "setting-transfer_list-0-value": "+12025550100",
                "setting-voicemail_message": "Call us.",
                "setting-dispositions": "Yes\nNo",
            },
        )
        before = Batch.objects.values().get()
        assert again(client, batch).status_code == 302
        assert Batch.objects.values().get() == before


class TestSchedule:
    @pytest.mark.parametrize(
        ("zone", "start"),
        [
            ("America/New_York", datetime(2030, 7, 1, 13, tzinfo=UTC)),
            ("", datetime(2030, 7, 1, 9, tzinfo=UTC)),
        ],
    )
    def test_the_start_is_read_in_its_time_zone(
        self, client: Client, zone: str, start: datetime
    ) -> None:
        assert saved(client, start_at="2030-07-01T09:00", start_zone=zone).start_at == start

    @pytest.mark.parametrize(
        ("start", "zone", "message"),
        [
            ("2030-03-10T02:30", "Mars/Olympus", "“Mars/Olympus” is not a time zone."),
            ("2030-03-10T02:30", "America/New_York", "Clocks in America/New_York skip this time."),
            ("9999-12-31T23:59", "America/New_York", "Calls cannot start in this year."),
        ],
    )
    def test_a_start_that_never_comes_is_refused(
        self, client: Client, start: str, zone: str, message: str
    ) -> None:
        given = fields(None, start_at=start, start_zone=zone)
        assert message in markup(client.post(page("add"), given))


class TestVoices:
    @pytest.fixture(autouse=True)
    def _nothing_remembered(self) -> Iterator[None]:
        cache.clear()
        yield
        cache.clear()

    def test_the_voices_of_an_account_are_asked_for_and_remembered(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        built_in = {"account": VoiceAccount.objects.built_in().pk}
        assert ["June", ""] in client.get(page("voices"), built_in).json()["voices"]
        assert client.get(page("voices"), {"account": "x"}).status_code == 404
        real = VoiceAccount.objects.create(name="real", provider="bland")
        asked = []

        class Provider:
            def list_voices(self) -> list[Voice]:
                asked.append(1)
                return [Voice(name="Zoë", description="Warm"), Voice(name="Zoë")]

        monkeypatch.setattr(VoiceAccount, "voice_provider", lambda account: Provider())
        for _ in range(2):
            found = client.get(page("voices"), {"account": real.pk}).json()
            assert found == {"voices": [["Zoë", ""]]}
            everyone = client.get(page("voices")).json()["voices"]
            assert {"Zoë", "June"} <= {name for name, _ in everyone}
        assert asked == [1]
        assert '<option value="Zoë">' in markup(client.get(page("add")))

    def test_a_provider_that_does_not_answer_has_none(self, client: Client) -> None:
        broken = VoiceAccount.objects.create(name="real", provider="bland")
        assert client.get(page("voices"), {"account": broken.pk}).json() == {"voices": []}


def _as_api_does(batch: Batch) -> Any:
    before = {name: getattr(batch, name) for name in BatchFields().names_kept}
    return request_of(before, actor=None)


def test_the_upload_is_a_file(client: Client) -> None:
    given = fields(None, file=SimpleUploadedFile("empty.csv", b""), read="1", next=None)
    assert "empty" in markup(client.post(page("add"), given))
