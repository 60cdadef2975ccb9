"""The list of batches, the page of one, and what is done to it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from batchcalls.batches import lifecycle, retrying
from batchcalls.drafting import copying
from batchcalls.intake import runner
from batchcalls.models import Batch, BatchEvent, CallResult, Recipient
from batchcalls.states import BatchStatus, RecipientStatus
from campaigns.models import CallingPolicy, Campaign, ColumnMapping
from tests.admin.markup import markup

pytestmark = pytest.mark.django_db

#: Of the simulator: ends with no answer, and at a voicemail.
NO_ANSWER, VOICEMAIL, REACHED = "+12025550191", "+12025550192", "+12025550190"


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:batchcalls_batch_{name}", args=args)


def text_of(answer: Any) -> str:
    return markup(answer)


def with_outcome(batch: Batch, number: str, outcome: str) -> None:
    """Let a row of a finished batch have ended so."""
    Recipient.objects.filter(batch=batch, e164=number).update(outcome=outcome)


@pytest.fixture
def over(make_batch: Any, run: Any) -> Batch:
    batch: Batch = run(make_batch(REACHED, NO_ANSWER, VOICEMAIL, "12", name="Over"))
    for number, outcome in [
        (REACHED, "reached"),
        (NO_ANSWER, "not_reached"),
        (VOICEMAIL, "voicemail"),
    ]:
        with_outcome(batch, number, outcome)
    return batch


@pytest.fixture
def calling(make_batch: Any) -> Batch:
    batch: Batch = make_batch(REACHED, NO_ANSWER, name="Calling")
    lifecycle.submit(batch, launch=True)
    runner.run_batch(batch.pk, seconds=30)
    batch.refresh_from_db()
    return batch


class TestTheList:
    def test_it_shows_what_the_seed_promises(
        self, admin_client: Client, over: Batch, calling: Batch
    ) -> None:
        shown = text_of(admin_client.get(page("changelist")))
        assert "Create Batch Call" in shown
        for words in ("Completed Partial", "Over", str(over.pk), "3 done · 1 skipped"):
            assert words in shown
        assert f"?batch={over.pk}" in shown
        assert page("cancel", calling.pk) in shown
        assert page("cancel", over.pk) not in shown

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("", {"Over", "Calling"}),
            ("status=finished", {"Over"}),
            ("status=active", {"Calling"}),
            ("status=completed_partial", {"Over"}),
            ("q=call", {"Calling"}),
            ("status=nope", set()),
            ("q=%00", set()),
            ("campaign=99", set()),
        ],
    )
    def test_it_is_narrowed(
        self, admin_client: Client, over: Batch, calling: Batch, query: str, names: set[str]
    ) -> None:
        answer = admin_client.get(f"{page('changelist')}?{query}")
        assert {batch.name for batch in answer.context["listing"]} == names
        assert bool(answer.context["listing"].filter.form.errors) == (not names)

    def test_it_asks_for_itself_more_often_while_something_moves(
        self, admin_client: Client, over: Batch, calling: Batch
    ) -> None:
        assert 'data-live-seconds="4"' in text_of(admin_client.get(page("changelist")))
        lifecycle.cancel(calling)
        assert 'data-live-seconds="15"' in text_of(admin_client.get(page("changelist")))

    def test_a_fragment_is_the_rows_alone(self, admin_client: Client, over: Batch) -> None:
        answer = admin_client.get(page("changelist"), headers={"X-Fragment": "1"})
        assert '<div id="batch-rows"' in text_of(answer)
        assert "<main" not in text_of(answer)

    def test_pages_lead_to_every_batch_once(self, admin_client: Client, make_batch: Any) -> None:
        made = {make_batch(REACHED).pk for _ in range(60)}
        seen: list[Any] = []
        query = ""
        while True:
            listing = admin_client.get(f"{page('changelist')}?{query}").context["listing"]
            seen += [batch.pk for batch in listing]
            if not listing.page.older:
                break
            query = f"older={listing.page.older['older']}"
        assert (len(seen), set(seen)) == (60, made)

    def test_an_empty_list_says_how_to_get_the_first(self, admin_client: Client) -> None:
        assert "No batch calls yet" in text_of(admin_client.get(page("changelist")))


class TestThePage:
    @pytest.mark.parametrize("tab", ["change", "recipients", "log", "dry_run", "settings"])
    def test_every_tab_opens_in_every_status(
        self, admin_client: Client, over: Batch, calling: Batch, make_batch: Any, tab: str
    ) -> None:
        for batch in (over, calling, make_batch(REACHED)):
            assert admin_client.get(page(tab, batch.pk)).status_code == 200

    def test_every_figure_leads_to_the_rows_behind_it(
        self, admin_client: Client, over: Batch
    ) -> None:
        for query, count in [
            ("outcome=reached", 1),
            ("outcome=not_reached", 1),
            ("outcome=voicemail", 1),
            ("status=skipped", 1),
            ("status=waiting", 0),
            ("status=live", 0),
        ]:
            assert f"?{query}" in text_of(admin_client.get(page("change", over.pk)))
            answer = admin_client.get(f"{page('recipients', over.pk)}?{query}")
            assert len(list(answer.context["listing"])) == count, query

    @pytest.mark.usefixtures("example_hosts")
    def test_what_is_sent_along_in_secret_is_not_shown(
        self, admin_client: Client, make_batch: Any
    ) -> None:
        source = [{"url": "https://example.com/?key=hush", "method": "GET"}]
        batch = make_batch(REACHED, call_settings={"dynamic_data": source})
        shown = text_of(admin_client.get(page("settings", batch.pk)))
        assert "set, not shown" in shown
        assert "hush" not in shown

    def test_a_mapping_is_kept_by_name(self, admin_client: Client, over: Batch) -> None:
        data = {"list": str(over.first_list.pk), "name": "CRM"}
        admin_client.post(page("mapping", over.pk), data)
        assert ColumnMapping.objects.get().columns == over.first_list.mapping
        assert admin_client.post(page("mapping", over.pk), {"list": "x"}).status_code == 404

    def test_there_is_no_page_of_no_batch(self, admin_client: Client) -> None:
        assert admin_client.get("/batchcalls/batch/nonsense/change/").status_code == 404

    def test_a_person_who_may_only_look_is_offered_nothing_else(
        self, client: Client, calling: Batch
    ) -> None:
        viewer = User.objects.create_user("viewer", is_staff=True)
        viewer.user_permissions.add(Permission.objects.get(codename="view_batch"))
        client.force_login(viewer)
        shown = text_of(client.get(page("change", calling.pk)))
        for name in ("pause", "cancel", "clone", "rename"):
            assert page(name, calling.pk) not in shown
            assert client.post(page(name, calling.pk)).status_code == 403
        calling.refresh_from_db()
        assert calling.status == BatchStatus.DISPATCHING


class TestActions:
    def test_a_batch_is_paused_resumed_and_canceled(
        self, admin_client: Client, admin_user: User, calling: Batch
    ) -> None:
        for name, status in [
            ("pause", "paused"),
            ("resume", "dispatching"),
            ("cancel", "canceled"),
        ]:
            assert admin_client.get(page(name, calling.pk)).status_code == 200
            admin_client.post(page(name, calling.pk))
            calling.refresh_from_db()
            assert calling.status == status
        assert BatchEvent.objects.filter(batch=calling, actor=admin_user).count() == 3
        for name, done in [("resume", "resumed"), ("budget", "given another budget")]:
            answer = admin_client.post(page(name, calling.pk), follow=True)
            assert f"cannot be {done} now: it is Canceled" in text_of(answer)

    def test_asking_changes_nothing(self, admin_client: Client, calling: Batch) -> None:
        for name in ("pause", "cancel", "clone", "rename"):
            admin_client.get(page(name, calling.pk))
        calling.refresh_from_db()
        assert (calling.status, Batch.objects.count()) == (BatchStatus.DISPATCHING, 1)

    def test_a_batch_is_renamed(self, admin_client: Client, over: Batch) -> None:
        admin_client.post(page("rename", over.pk), {"name": "Better"})
        over.refresh_from_db()
        assert over.name == "Better"
        assert "required" in text_of(admin_client.post(page("rename", over.pk), {"name": " "}))

    def test_a_clone_is_a_draft_with_the_list_or_without(
        self, admin_client: Client, over: Batch
    ) -> None:
        answer = admin_client.post(page("clone", over.pk), {"with_list": "on"}, follow=True)
        assert "Match columns" in text_of(answer)
        admin_client.post(page("clone", over.pk))
        copies = Batch.objects.filter(name="Over (copy)").order_by("created_at")
        assert [copy.lists.count() for copy in copies] == [1, 0]
        assert {copy.status for copy in copies} == {BatchStatus.DRAFT}
        assert copies[0].first_list.mapping == over.first_list.mapping

    def test_retrying_calls_whom_it_is_meant_for_and_nobody_else(
        self, admin_client: Client, over: Batch, run: Any
    ) -> None:
        before = set(CallResult.objects.values_list("pk", flat=True))
        admin_client.post(page("retry", over.pk), {"outcomes": ["not_reached"]})
        run(over, launch=False)
        again = CallResult.objects.exclude(pk__in=before).values_list("to_number", "attempt")
        assert list(again) == [(NO_ANSWER, 2)]

    def test_retrying_for_nobody_is_said(self, admin_client: Client, over: Batch) -> None:
        assert "required" in text_of(admin_client.post(page("retry", over.pk)))
        answer = admin_client.post(page("retry", over.pk), {"outcomes": ["failed"]})
        assert "failed is not one of the available choices" in text_of(answer)


class TestCloning:
    def test_the_policy_is_the_campaign_s_of_today(self, make_batch: Any, run: Any) -> None:
        campaign = Campaign.objects.create(name="C", prompt="Hi.")
        batch = run(make_batch(REACHED, prompt="", campaign=campaign))
        campaign.policy = CallingPolicy.objects.create(name="Strict", consent_required="marketing")
        campaign.save()
        assert copying.clone(batch, with_list=False).policy["name"] == "Strict"

    def test_a_list_that_is_gone_leaves_no_half_copy(self, over: Batch) -> None:
        over.first_list.file.delete(save=False)
        with pytest.raises(FileNotFoundError):
            copying.clone(over, with_list=True)
        assert Batch.objects.count() == 1


class TestRetrying:
    def test_only_what_ended_for_certain_is_called_again(self, over: Batch) -> None:
        Recipient.objects.filter(batch=over, e164=VOICEMAIL).update(
            status=RecipientStatus.UNCONFIRMED, outcome=""
        )
        everything = list(retrying.RETRIABLE)
        assert retrying.retry(over, outcomes=everything) == 1
        assert list(over.recipients.filter(status="queued").values_list("e164", flat=True)) == [
            NO_ANSWER
        ]

    def test_the_second_of_two_gets_a_conflict(self, over: Batch) -> None:
        retrying.retry(over, outcomes=["not_reached"])
        with pytest.raises(lifecycle.Conflict):
            retrying.retry(over, outcomes=["not_reached"])

    def test_a_batch_whose_calls_go_on_is_not_retried(self, calling: Batch) -> None:
        with pytest.raises(lifecycle.Conflict):
            retrying.retry(calling, outcomes=["not_reached"])

    def test_nobody_to_call_reopens_nothing(self, over: Batch) -> None:
        with pytest.raises(lifecycle.Conflict, match="no one ended as failed"):
            retrying.retry(over, outcomes=["failed"])
        over.refresh_from_db()
        assert over.is_over
