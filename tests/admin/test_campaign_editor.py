"""The campaign editor: one form for all of it, tried out while it is written."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from batchcalls.models import VoiceAccount
from campaigns.models import CallingPolicy, Campaign, ColumnMapping, Pathway, Tool
from tests.admin.markup import markup
from tests.campaigns.sent_forms import sent

pytestmark = pytest.mark.django_db

ADD = reverse("admin:campaigns_campaign_add")
PREVIEW = reverse("admin:campaigns_campaign_preview")


@pytest.fixture
def campaign() -> Campaign:
    campaign = Campaign.objects.create(
        name="Reminder",
        prompt="Call {{customer_name}}.",
        call_settings={"voice": "June", "max_duration": 5, "tools": ["KB-9"]},
    )
    campaign.tools.create(name="Calendar", reference="TL-1")
    return campaign


def change(campaign: Campaign) -> str:
    return reverse("admin:campaigns_campaign_change", args=[campaign.pk])


def filled(**fields: Any) -> dict[str, Any]:
    return {
        "name": "Reminder",
        "purpose": "informational",
        "says": "prompt",
        "prompt": "Call {{customer_name}}.",
        **fields,
    }


def text_of(answer: Any) -> str:
    return html.unescape(markup(answer))


class TestSaving:
    def test_a_campaign_is_written_in_one_form(self, admin_client: Client) -> None:
        tool = Tool.objects.create(name="Calendar", reference="TL-1")
        policy = CallingPolicy.objects.create(name="Office")
        answer = admin_client.post(
            ADD,
            filled(
                tools_known=["TL-1"],
                tools_other="KB-9",
                policy=policy.pk,
                **{"setting-voice": "June", "setting-max_duration": "7"},
            ),
        )
        assert answer.status_code == 302
        stored = Campaign.objects.get()
        assert stored.prompt == "Call {{customer_name}}."
        assert stored.call_settings == {"voice": "June", "max_duration": 7, "tools": ["KB-9"]}
        assert stored.settings_for_calls()["tools"] == ["KB-9", "TL-1"]
        assert (list(stored.tools.all()), stored.policy) == ([tool], policy)
        assert stored.created_by == User.objects.get()

    def test_saving_unchanged_changes_nothing(
        self, admin_client: Client, campaign: Campaign
    ) -> None:
        shown = admin_client.get(change(campaign)).content.decode()
        fields = sent(shown[shown.index('id="campaign_form"') :])
        before = (campaign.prompt, campaign.call_settings)
        assert [fields["tools_known"], fields["tools_other"]] == [["TL-1"], ["KB-9"]]
        assert admin_client.post(change(campaign), fields).status_code == 302
        campaign.refresh_from_db()
        assert (campaign.prompt, campaign.call_settings) == before
        assert LogEntry.objects.get().get_change_message() == "No fields changed."

    def test_a_changed_call_setting_stands_in_the_history(
        self, admin_client: Client, campaign: Campaign
    ) -> None:
        admin_client.post(
            change(campaign), filled(**{"setting-voice": "Maya", "setting-max_duration": "5"})
        )
        assert "call settings" in LogEntry.objects.get().get_change_message().lower()

    def test_names_are_offered_instead_of_typed(
        self, admin_client: Client, campaign: Campaign
    ) -> None:
        columns = [
            {"position": 0, "header": "Phone", "target": "phone_number", "name": ""},
            {"position": 1, "header": "City", "target": "request_data", "name": "city"},
            {"position": 2, "header": "Ref", "target": "metadata", "name": "ref"},
        ]
        ColumnMapping.objects.create(name="CRM", headers_key="x", columns=columns)
        Pathway.objects.create(name="Intake", pathway_id="pw-1", variables="city\nday|soon")
        VoiceAccount.objects.built_in()
        shown = text_of(admin_client.get(change(campaign)))
        assert 'data-columns="customer_name\ncity"' in shown
        assert "Intake – needs city" in shown
        assert '<option value="Alexa">' in shown

    def test_choosing_a_pathway_leaves_the_prompt(
        self, admin_client: Client, campaign: Campaign
    ) -> None:
        pathway = Pathway.objects.create(name="Intake", pathway_id="pw-1")
        admin_client.post(change(campaign), filled(says="pathway", pathway=pathway.pk))
        campaign.refresh_from_db()
        assert (campaign.prompt, campaign.pathway) == ("", pathway)
        page = admin_client.get(change(campaign))
        assert page.context["form"]["says"].value() == "pathway"

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"says": "pathway"}, "Choose the pathway that leads the conversation."),
            ({"prompt": "  "}, "Enter a prompt, or set a persona or agent."),
            ({"prompt": "Call {{name."}, "Line 1: {{ is never closed"),
            ({"setting-max_duration": "soon"}, "max_duration"),
            ({"name": ""}, "This field is required."),
            ({"tools": "Calendar"}, "name a tool TL-… or a knowledge base KB-…"),
        ],
    )
    def test_what_is_wrong_is_said_beside_it_and_everything_is_kept(
        self, admin_client: Client, wrong: dict[str, str], said: str
    ) -> None:
        sent = filled(**{"setting-first_sentence": "Good day.", **wrong})
        answer = admin_client.post(ADD, sent)
        assert answer.status_code == 200
        shown = text_of(answer)
        assert said in shown
        assert "Good day." in shown
        assert not Campaign.objects.exists()

    def test_a_section_with_a_wrong_setting_is_open(self, admin_client: Client) -> None:
        shown = text_of(admin_client.post(ADD, filled(**{"setting-max_duration": "soon"})))
        assert "Fix the call settings marked below" in shown
        assert '<details class="section" id="section-dispatch" open>' in shown

    def test_the_time_of_a_first_call_is_each_batch_s_own(
        self, admin_client: Client, campaign: Campaign
    ) -> None:
        assert "setting-start_time" not in text_of(admin_client.get(change(campaign)))


class TestTrying:
    def test_the_page_shows_the_variables_of_its_texts(
        self, admin_client: Client, campaign: Campaign
    ) -> None:
        shown = text_of(admin_client.get(change(campaign)))
        assert '<mark class="missing" title="customer_name: no value">{{customer_name}}' in shown
        assert 'name="value-customer_name"' in shown

    def test_values_are_filled_in_and_nothing_is_kept(self, admin_client: Client) -> None:
        sent = filled(
            prompt="Call {{name|there}} about {{thing}}, {{now}}.",
            **{"value-thing": "<b>roof</b>", "setting-first_sentence": "Hello {{name}}!"},
        )
        answer = admin_client.post(PREVIEW, sent, headers={"X-Fragment": "1"})
        raw = markup(answer)
        assert "&lt;b&gt;roof&lt;/b&gt;</mark>" in raw
        assert '<mark class="default" title="name: its default">there</mark>' in raw
        # Where one text has no default, the list must bring the column.
        assert "may be blank" not in raw
        assert "First sentence" in raw
        assert 'name="value-now"' not in raw
        assert not Campaign.objects.exists()

    def test_a_text_that_cannot_be_read_says_why(self, admin_client: Client) -> None:
        answer = admin_client.post(PREVIEW, filled(prompt="One\nCall {{name."))
        assert "Line 2: {{ is never closed" in text_of(answer)

    def test_without_scripts_it_is_a_page_of_its_own(self, admin_client: Client) -> None:
        answer = admin_client.post(PREVIEW, filled(**{"value-customer_name": "Zoë"}))
        assert "Nothing is saved." in text_of(answer)
        assert "Zoë" in text_of(answer)

    def test_it_takes_posts_only(self, admin_client: Client) -> None:
        assert admin_client.get(PREVIEW).status_code == 405

    def test_a_pathway_has_no_prompt_to_try(self, admin_client: Client) -> None:
        shown = text_of(admin_client.post(PREVIEW, filled(says="pathway")))
        assert "There is no text yet." in shown


class TestLooking:
    def test_who_may_only_look_sees_the_campaign_in_words(
        self, client: Client, campaign: Campaign
    ) -> None:
        viewer = User.objects.create_user("vera", password="x", is_staff=True)
        viewer.user_permissions.add(Permission.objects.get(codename="view_campaign"))
        client.force_login(viewer)
        shown = text_of(client.get(change(campaign)))
        assert "Voice</dt><dd" in shown
        assert "June" in shown
        assert "{{customer_name}}" in shown
        assert "<textarea" not in shown
        assert 'name="_save"' not in shown
        assert "Create Batch Call" not in shown
