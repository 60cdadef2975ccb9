"""Voice accounts as people meet them: the list, the switch, the form, the test of a connection."""

from __future__ import annotations

import html
import json
import re
import socket
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from batchcalls.batches import lifecycle
from batchcalls.intake import runner
from batchcalls.models import Batch, CallResult, VoiceAccount
from batchcalls.reporting.account_figures import live_calls
from batchcalls.states import CallStatus
from batchcalls.voice import registry
from batchcalls.voice.options import options_of
from batchcalls.voice.simulator.options import Outcome
from tests.voice.bland_account import KEY, SECRET, carrier, carrier_process
from tests.voice.carrier.process import Carrier

__all__ = ["carrier", "carrier_process"]

pytestmark = pytest.mark.django_db

LIST, ADD = "/batchcalls/voiceaccount/", "/batchcalls/voiceaccount/add/"


def person(*permissions: str) -> Client:
    user = User.objects.create_user(f"person{User.objects.count()}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def viewer() -> Client:
    return person("view_voiceaccount")


@pytest.fixture
def bland() -> VoiceAccount:
    return VoiceAccount.objects.create(name="Main line", provider="bland")


@pytest.fixture
def calling(make_batch: Any) -> Batch:
    """A batch that is calling through the simulator, before its first call."""
    batch: Batch = make_batch("+12025550190", "+12025550191", name="Calling now")
    lifecycle.submit(batch, launch=True)
    runner.run_batch(batch.pk, seconds=5)
    batch.refresh_from_db()
    return batch


def live_call(batch: Batch) -> CallResult:
    recipient = batch.recipients.first()
    assert recipient is not None
    return CallResult.objects.create(
        batch=batch,
        recipient=recipient,
        account=batch.account,
        attempt=1,
        call_id=uuid4(),
        to_number=recipient.e164,
        status=CallStatus.IN_PROGRESS,
        provider_call_id="c-1",
        claimed_at=timezone.now(),
    )


def page_of(account: VoiceAccount, page: str = "change") -> str:
    return f"{LIST}{account.pk}/{page}/"


def words(answer: Any) -> str:
    text = re.sub(r"<(script|style|svg).*?</\1>", "", answer.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text)))


def fields_of(answer: Any) -> dict[str, Any]:
    """Return what a browser would post if nothing on the page was changed."""
    form = answer.context["form"]
    found = {}
    for bound in form:
        value = bound.value()
        if value is False or bound.field.disabled:
            continue
        found[bound.html_name] = "on" if value is True else "" if value is None else value
    return found


def saved(client: Client, account: VoiceAccount, **changes: Any) -> Any:
    """Open the page, change some fields, save; return the answer."""
    fields = fields_of(client.get(page_of(account))) | changes
    return client.post(page_of(account), fields)


def complaint(answer: Any, name: str) -> str:
    assert answer.status_code == 200, "it was saved"
    return " ".join(answer.context["form"].errors.get(name, []))


def add_caller_ids(account: VoiceAccount, *numbers: str) -> None:
    for number in numbers:
        account.caller_ids.create(e164=number)


def numbers_of(account: VoiceAccount) -> list[str]:
    return [one.e164 for one in account.caller_ids.all()]


# The list ----------------------------------------------------------------------------------------


def test_the_list_says_what_each_account_is_and_how_busy_it_is(
    viewer: Client, calling: Batch, bland: VoiceAccount
) -> None:
    live_call(calling)
    VoiceAccount.objects.filter(pk=bland.pk).update(
        enabled=False,
        cps=2.5,
        concurrency=40,
        price_per_minute="0.09",
        price_per_attempt="0.015",
    )
    add_caller_ids(bland, "+12025550100", "+12025550101")
    shown = words(viewer.get(LIST))
    row = shown[shown.index("Main line") :]
    assert re.search(
        r"Main line Bland AI Off 0 of 40 2\.5 \$0\.09 a minute \$0\.015 an attempt 2 ", row
    )
    assert re.search(r"simulator Simulator \(no real calls\) On 1 of 1,000 no limit \$0\.12", shown)


def test_the_list_takes_as_many_queries_for_thirty_accounts_as_for_two(
    admin: Client, viewer: Client, calling: Batch, bland: VoiceAccount
) -> None:
    live_call(calling)
    for client in (admin, viewer):
        client.get(LIST)
        with CaptureQueriesContext(connection) as few:
            client.get(LIST)
        for number in range(28):
            name = f"Line {number} of {client.session.session_key}"
            VoiceAccount.objects.create(name=name, provider="bland")
        with CaptureQueriesContext(connection) as many:
            assert "Line 27 of" in words(client.get(LIST))
        assert len(many) == len(few)


def test_the_list_is_narrowed_by_name_provider_and_state(
    viewer: Client, account: VoiceAccount, bland: VoiceAccount
) -> None:
    VoiceAccount.objects.filter(pk=bland.pk).update(enabled=False)
    for query, expected in (
        ("q=main", ["Main line"]),
        ("provider=simulator", ["simulator"]),
        ("state=off", ["Main line"]),
        ("state=on&provider=bland", []),
        ("state=sideways", []),
    ):
        rows = viewer.get(f"{LIST}?{query}").context["listing"].page.rows
        assert [one.name for one in rows] == expected, query
    assert "No matching voice accounts" in words(viewer.get(f"{LIST}?q=nothing"))


def test_an_empty_list_says_how_to_get_the_first_account(admin: Client) -> None:
    VoiceAccount.objects.all().delete()
    page = admin.get(LIST)
    assert "No voice accounts yet" in words(page)
    assert f'href="{ADD}"' in page.content.decode()


# The switch --------------------------------------------------------------------------------------


def test_the_switch_says_what_happens_to_running_batches_before_it_does_anything(
    admin: Client, calling: Batch
) -> None:
    live_call(calling)
    shown = words(admin.get(page_of(calling.account, "switch")))
    assert "No one is dialed through this account until it is switched on again." in shown
    assert "1 batch that is calling keeps its status and waits; nothing is lost." in shown
    assert "1 live call continues to the end" in shown
    calling.account.refresh_from_db()
    assert calling.account.enabled


def test_switched_off_nobody_is_dialed_and_switched_on_the_batch_ends_well(
    admin: Client, calling: Batch, run: Callable[..., Batch]
) -> None:
    switch = page_of(calling.account, "switch")
    answer = admin.post(switch, {"to": "off"}, follow=True)
    assert "The account simulator is switched off. It places no calls." in words(answer)
    with pytest.raises(AssertionError, match="is still"):
        run(calling, launch=False, steps=3)
    assert not CallResult.objects.exists()

    assert "1 batch that waits for it resumes right away." in words(admin.get(switch))
    assert "Its batches continue." in words(admin.post(switch, {"to": "on"}, follow=True))
    run(calling, launch=False)
    assert CallResult.objects.count() == 2
    said = calling.events.filter(code__startswith="account_").values_list("message", "actor")
    root = User.objects.get(username="root").pk
    assert list(said) == [
        ("The voice account simulator was switched off.", root),
        ("The voice account simulator was switched on.", root),
    ]
    assert [entry.change_message for entry in LogEntry.objects.order_by("pk")] == [
        "Switched off.",
        "Switched on.",
    ]


def test_a_page_that_was_opened_long_ago_does_not_do_the_opposite(
    admin: Client, account: VoiceAccount
) -> None:
    switch = page_of(account, "switch")
    admin.post(switch, {"to": "off"})
    again = admin.post(switch, {"to": "off"}, follow=True)
    assert "The account simulator is switched off already." in words(again)
    account.refresh_from_db()
    assert not account.enabled
    assert admin.post(switch, {"to": "sideways"}).status_code == 200
    assert admin.post(switch).status_code == 200
    account.refresh_from_db()
    assert not account.enabled


def test_a_form_that_was_opened_while_it_was_on_does_not_switch_it_on_again(
    admin: Client, account: VoiceAccount
) -> None:
    fields = fields_of(admin.get(page_of(account)))
    admin.post(page_of(account, "switch"), {"to": "off"})
    admin.post(page_of(account), fields | {"enabled": "on", "cps": "3"})
    account.refresh_from_db()
    assert (account.enabled, account.cps) == (False, 3)


# The form ----------------------------------------------------------------------------------------


def test_a_new_account_is_made_from_fields_without_json(admin: Client) -> None:
    answer = admin.post(
        ADD,
        {
            "name": "Evening",
            "provider": "simulator",
            "enabled": "on",
            "caller_ids": "+1 (202) 555-0100\r\n\r\n+442079460123\r\n",
            "cps": "2.5",
            "concurrency": "50",
            "price_per_minute": "0.1",
            "price_per_attempt": "0",
            "currency": "EUR",
            "minute_rounding": "minute",
            "daily_budget": "50",
            "budget_warning_percent": "80",
            "breaker_calls": "20",
            "breaker_minutes": "10",
            "simulator-speed": "0",
            "simulator-reject_rate": "0.25",
            "simulator-mix-human": "3",
            "simulator-mix-busy": "1",
            # Of a provider that was not chosen, anything at all.
            "bland-poll_seconds": "often",
        },
        follow=True,
    )
    made = VoiceAccount.objects.get(name="Evening")
    assert answer.redirect_chain[-1][0] == page_of(made)
    assert "The account Evening is saved." in words(answer)
    assert made.options == {"speed": 0, "reject_rate": 0.25, "mix": {"human": 3, "busy": 1}}
    assert numbers_of(made) == ["+12025550100", "+442079460123"]
    assert (made.cps, made.concurrency, made.currency, made.enabled) == (2.5, 50, "EUR", True)


def test_a_new_account_may_begin_switched_off(admin: Client) -> None:
    fields = fields_of(admin.get(ADD)) | {"name": "Later"}
    del fields["enabled"]
    admin.post(ADD, fields)
    assert not VoiceAccount.objects.get(name="Later").enabled


@pytest.mark.parametrize(
    ("provider", "options"),
    [
        ("simulator", {}),
        ("simulator", {"speed": 0}),
        ("simulator", {"seed": -7, "speed": 2.5, "latency_seconds": 0.0, "duplicate_rate": 1}),
        ("simulator", {"mix": {"human": 1}}),
        ("simulator", {"mix": {"human": 0.55, "voicemail": 0.2, "no_answer": 0.17, "busy": 0.06}}),
        ("bland", {"credentials": "ACME", "poll_seconds": 1e-2, "connections": 4}),
    ],
)
def test_saving_without_a_change_leaves_what_is_stored_as_it_is(
    admin: Client, provider: str, options: dict[str, Any]
) -> None:
    numbers = ["+12025550100", "+12025550101"]
    account = VoiceAccount.objects.create(
        name="A", provider=provider, options=options, countries=["CA", "US"]
    )
    add_caller_ids(account, *numbers)
    assert saved(admin, account).status_code == 302
    after = VoiceAccount.objects.get(pk=account.pk)
    # As text: 0 and 0.0 are the same number, and not the same JSON.
    assert json.dumps(after.options, sort_keys=True) == json.dumps(options, sort_keys=True)
    assert numbers_of(after) == numbers
    assert after.countries == ["CA", "US"]
    assert "No fields changed." in str(LogEntry.objects.get())


def test_every_option_of_every_provider_has_a_field_with_its_help(admin: Client) -> None:
    page = admin.get(ADD).content.decode()
    for kind, provider in registry.PROVIDERS.items():
        assert f'data-when="{kind}"' in page
        for one in options_of(provider.options_type):
            assert html.escape(one.help) in page
            for part in one.parts or ("",):
                name = "-".join(filter(None, [kind, one.name, part]))
                assert f'name="{name}"' in page


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("simulator-speed", "fast", "Option speed must be a number of at least 0, not 'fast'."),
        ("simulator-speed", "nan", "Option speed must be a number of at least 0, not nan."),
        ("simulator-seed", "1.5", "Option seed must be a whole number, not 1.5."),
        ("simulator-throttle_rate", "2", "must be a share from 0 to 1, not 2."),
        ("simulator-mix-busy", "-1", "weight of busy must be a number of at least 0, not -1."),
        ("bland-connections", "2.5", "must be a whole number from 1 to 1000."),
        ("bland-poll_seconds", "0", "must be a number from 0.01 to 86400."),
        ("bland-credentials", "bland", "first part of the names of environment variables"),
    ],
)
def test_a_bad_option_gets_its_providers_sentence_beside_its_field(
    admin: Client, name: str, value: str, sentence: str
) -> None:
    fields = fields_of(admin.get(ADD)) | {
        "name": "B",
        "provider": name.partition("-")[0],
        "caller_ids": "+12025550100",
        name: value,
    }
    answer = admin.post(ADD, fields)
    assert sentence in complaint(answer, name)
    page = html.unescape(answer.content.decode())
    assert f'href="#id_{name}"' in page
    assert page.index(f'id="id_{name}"') < page.rindex(sentence)
    # Nothing that was typed is lost.
    assert f'value="{value}"' in page
    assert "+12025550100" in page
    assert not VoiceAccount.objects.filter(name="B").exists()


def test_all_that_is_wrong_is_said_at_once(admin: Client, account: VoiceAccount) -> None:
    wrong = {
        "name": "",
        "countries": "US, UK",
        "cps": "0",
        "price_per_minute": "-1",
        "simulator-speed": "-1",
        "simulator-mix-human": "x",
        "simulator-reject_rate": "7",
    }
    answer = saved(admin, account, **wrong)
    for name in wrong:
        assert complaint(answer, name), name
    assert complaint(answer, "countries").startswith("“UK”: not a country code.")
    assert "A price cannot be below 0" in complaint(answer, "price_per_minute")
    account.refresh_from_db()
    assert (account.name, account.options) == ("simulator", {"speed": 0})


def test_weights_that_are_all_0_are_refused_and_all_blank_are_the_default(
    admin: Client, account: VoiceAccount
) -> None:
    parts = [f"simulator-mix-{outcome}" for outcome in Outcome]
    answer = saved(admin, account, **dict.fromkeys(parts, "0"))
    assert "at least one weight must be greater than 0" in complaint(answer, parts[0])
    assert saved(admin, account, **dict.fromkeys(parts, "")).status_code == 302
    account.refresh_from_db()
    assert account.options == {"speed": 0}


def test_what_a_worker_writes_meanwhile_is_not_undone(
    admin: Client, account: VoiceAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, later = uuid4(), timezone.now() + timedelta(seconds=40)
    clean = VoiceAccount.clean

    def worker_comes_in_between(self: VoiceAccount) -> None:
        clean(self)
        VoiceAccount.objects.update(lease_token=token, lease_until=later, next_slot_at=later)

    monkeypatch.setattr(VoiceAccount, "clean", worker_comes_in_between)
    assert saved(admin, account, cps="7").status_code == 302
    account.refresh_from_db()
    assert account.cps == 7
    assert (account.lease_token, account.lease_until, account.next_slot_at) == (token, later, later)


def test_an_account_whose_calls_were_made_by_a_provider_stays_with_it(
    admin: Client, calling: Batch
) -> None:
    live_call(calling)
    page = admin.get(page_of(calling.account))
    assert "To use another provider, add another account." in words(page)
    assert "bland-credentials" not in page.content.decode()
    saved(admin, calling.account, provider="bland")
    calling.account.refresh_from_db()
    assert calling.account.provider == "simulator"


def test_before_any_call_the_provider_can_be_changed(admin: Client, account: VoiceAccount) -> None:
    changes = {"provider": "bland", "bland-connections": "3"}
    assert saved(admin, account, **changes).status_code == 302
    account.refresh_from_db()
    assert (account.provider, account.options) == ("bland", {"connections": 3})


def test_options_that_the_provider_does_not_know_are_said_to_be_left_out(
    admin: Client, account: VoiceAccount
) -> None:
    VoiceAccount.objects.update(options={"sped": 1, "speed": 0})
    shown = words(admin.get(page_of(account)))
    assert "does not recognize the stored option sped" in shown
    assert saved(admin, account).status_code == 302
    account.refresh_from_db()
    assert account.options == {"speed": 0}


# What is shown beside the form -------------------------------------------------------------------


def test_credentials_are_told_by_name_and_never_by_value(
    admin: Client, viewer: Client, bland: VoiceAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLAND_API_KEY", KEY)
    monkeypatch.setenv("BLAND_WEBHOOK_SECRET", SECRET)
    for client in (admin, viewer):
        page = client.get(page_of(bland))
        assert "BLAND_API_KEY Set The key" in words(page)
        assert "BLAND_BASE_URL Not set" in words(page)
        assert "BLAND_WEBHOOK_SECRET Set" in words(page)
        assert KEY not in page.content.decode()
        assert SECRET not in page.content.decode()


def test_a_missing_key_is_shown_with_the_remedy_and_does_not_keep_the_account_from_being_changed(
    admin: Client, bland: VoiceAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BLAND_API_KEY", raising=False)
    shown = words(admin.get(page_of(bland)))
    assert "BLAND_API_KEY Missing The key: set it, or BLAND_API_KEY_FILE" in shown
    answer = saved(admin, bland, cps="4")
    assert "BLAND_API_KEY is not set where this page runs" in words(admin.get(answer["Location"]))
    bland.refresh_from_db()
    assert bland.cps == 4


def test_the_webhook_address_can_be_copied_where_the_provider_sends_webhooks(
    admin: Client, bland: VoiceAccount, account: VoiceAccount
) -> None:
    page = admin.get(page_of(bland)).content.decode()
    assert f'data-copy="{bland.webhook_url}"' in page
    assert "This provider sends no webhooks" in words(admin.get(page_of(account)))


def test_live_calls_and_the_newest_batches_are_shown_to_those_who_may_see_batches(
    admin: Client, viewer: Client, calling: Batch
) -> None:
    live_call(calling)
    link = f'href="/batchcalls/batch/{calling.pk}/change/"'
    page = admin.get(page_of(calling.account))
    assert "Live now 1 of 1,000 Calling 1 batch" in words(page)
    assert link in page.content.decode()
    page = viewer.get(page_of(calling.account))
    assert "Live now 1 of 1,000" in words(page)
    assert "Calling now" not in words(page)
    assert link not in page.content.decode()


def test_calls_that_ended_are_not_live(calling: Batch) -> None:
    call = live_call(calling)
    assert live_calls([calling.account]) == {calling.account_id: 1}
    CallResult.objects.filter(pk=call.pk).update(
        status=CallStatus.COMPLETED, ended_at=timezone.now()
    )
    assert live_calls([calling.account]) == {}


# Viewers -----------------------------------------------------------------------------------------


def test_viewers_read_everything_and_find_no_button(viewer: Client, bland: VoiceAccount) -> None:
    VoiceAccount.objects.filter(pk=bland.pk).update(
        options={"poll_seconds": 7}, price_per_minute="0.09"
    )
    add_caller_ids(bland, "+12025550100")
    page = viewer.get(page_of(bland))
    shown = words(page)
    assert "Poll seconds 7 " in shown
    assert "Silence seconds 180 default" in shown
    assert "+1 202 ••• ••00" in shown
    assert "Price $0.09 a minute" in shown
    content = page.content.decode()
    for way in ("switch/", "test-connection/", "delete/", "<textarea", 'name="_save"', ADD):
        assert way not in content, way
    listed = viewer.get(LIST).content.decode()
    assert "switch/" not in listed
    assert ADD not in listed


@pytest.mark.parametrize("page", ["switch", "test-connection"])
def test_viewers_find_no_door_either(viewer: Client, bland: VoiceAccount, page: str) -> None:
    assert viewer.post(page_of(bland, page), {"to": "off"}).status_code == 403
    assert viewer.get(page_of(bland, page)).status_code == 403
    bland.refresh_from_db()
    assert bland.enabled


def test_whoever_may_see_no_account_sees_none(bland: VoiceAccount) -> None:
    stranger = person("view_batch")
    assert stranger.get(LIST).status_code == 403
    assert stranger.get(page_of(bland)).status_code == 403


# Test connection ---------------------------------------------------------------------------------


def pressed(client: Client, account: VoiceAccount) -> str:
    """Press the button; return what the page says then."""
    answer = client.post(page_of(account, "test-connection"), follow=True)
    assert answer.redirect_chain == [(page_of(account), 302)]
    content = answer.content.decode()
    assert KEY not in content
    assert 'role="status"' in content
    shown = words(answer)
    heading = answer.context["result"]["heading"]
    return shown[shown.index(heading) :]


def test_the_button_says_what_answered_how_the_account_is_and_how_long_it_took(
    admin: Client, carrier: Carrier, bland: VoiceAccount
) -> None:
    assert "Test connection" in words(admin.get(page_of(bland)))
    shown = pressed(admin, bland)
    assert shown.startswith("The connection works. Bland AI answered and accepts the key.")
    assert re.search(r"Took: [\d,]+ ms", shown)
    assert f"Asked: {carrier.url.removeprefix('http://')}" in shown
    assert "Account: active" in shown
    assert "Balance: $100.00" in shown
    assert carrier.ledger() == []
    # It is said once: of another day it would say nothing.
    assert "The connection works" not in words(admin.get(page_of(bland)))


def test_the_simulator_says_that_there_is_nothing_to_test(
    admin: Client, account: VoiceAccount
) -> None:
    shown = pressed(admin, account)
    assert "Nothing to test. The simulator is part of this program" in shown
    assert "Took" not in shown


def test_whoever_may_change_an_account_may_test_it_and_an_account_that_is_off_too(
    carrier: Carrier, bland: VoiceAccount
) -> None:
    VoiceAccount.objects.update(enabled=False)
    assert "The connection works." in pressed(person("change_voiceaccount"), bland)


@pytest.mark.parametrize(
    ("answer", "sentences"),
    [
        (
            {"status": 200, "body": {"status": "suspended", "billing": {"current_balance": 0}}},
            ["It answers, but calls may fail.", "“suspended”", "no credit left"],
        ),
        (
            {"status": 401, "body": {"status": "error", "message": f"No such key: {KEY}"}},
            ["does not work.", "401: No such key: [key] – check BLAND_API_KEY."],
        ),
        (
            {"status": 402, "body": {"status": "error", "message": "Pay first"}},
            ["does not work.", "Pay first – check the credit of the account"],
        ),
        (
            {"status": 404, "body": "<html>Not Found</html>"},
            ["does not work.", "check BLAND_BASE_URL."],
        ),
        (
            {"status": 429, "headers": {"retry-after": "9"}},
            ["does not work.", "ask again in 9 seconds."],
        ),
        ({"status": 503}, ["does not work.", "503", "try again later."]),
        ({"status": 200, "body": "<html>"}, ["does not work.", "check BLAND_BASE_URL."]),
        ({"raw": "", "close": True}, ["does not work.", "cut off the response"]),
        (
            {"status": 400, "body": {"message": "<script>alert(1)</script>"}},
            ["does not work.", "<script>alert(1)</script>"],
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_remedy(
    admin: Client,
    carrier: Carrier,
    bland: VoiceAccount,
    answer: dict[str, Any],
    sentences: list[str],
) -> None:
    carrier.control(answers={"me": answer})
    result = admin.post(page_of(bland, "test-connection"), follow=True)
    assert "<script>alert" not in result.content.decode()
    assert KEY not in result.content.decode()
    shown = html.unescape(result.content.decode())
    for sentence in sentences:
        assert sentence in shown


def test_a_missing_variable_is_named(
    admin: Client, carrier: Carrier, bland: VoiceAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BLAND_API_KEY")
    shown = pressed(admin, bland)
    assert shown.startswith("The account cannot be used.")
    assert "BLAND_API_KEY is not set. Set BLAND_API_KEY, or BLAND_API_KEY_FILE" in shown


def test_an_address_that_is_not_reached_is_named(
    admin: Client, carrier: Carrier, bland: VoiceAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(socket.socket()) as bound_but_not_listening:
        bound_but_not_listening.bind(("127.0.0.1", 0))
        port = bound_but_not_listening.getsockname()[1]
        monkeypatch.setenv("BLAND_BASE_URL", f"http://127.0.0.1:{port}")
        assert f"127.0.0.1:{port} refused it – check the port" in pressed(admin, bland)
    monkeypatch.setenv("BLAND_BASE_URL", f"https://{'x' * 64}.example.com")
    assert "is not known here – check BLAND_BASE_URL and the DNS" in pressed(admin, bland)


def test_an_answer_that_does_not_come_is_given_up(
    admin: Client, carrier: Carrier, bland: VoiceAccount
) -> None:
    carrier.control(latency_seconds=60)
    VoiceAccount.objects.filter(pk=bland.pk).update(options={"read_timeout_seconds": 0.2})
    assert "did not respond within 0.2 seconds" in pressed(admin, bland)


def test_an_adapter_that_breaks_is_said_to_and_tells_nothing(
    admin: Client, carrier: Carrier, bland: VoiceAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Any) -> Any:
        raise RuntimeError(f"authorization: {KEY}")

    monkeypatch.setattr(registry.PROVIDERS["bland"], "check_connection", broken)
    assert "The adapter of Bland AI failed (RuntimeError)." in pressed(admin, bland)


def test_a_link_tests_nothing_and_neither_does_a_form_of_another_site(
    carrier: Carrier, bland: VoiceAccount
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("root"))
    assert client.get(page_of(bland, "test-connection")).status_code == 405
    assert client.post(page_of(bland, "test-connection")).status_code == 403
    assert client.post(page_of(bland, "switch"), {"to": "off"}).status_code == 403
    assert carrier.live()["counts"] == {}
    bland.refresh_from_db()
    assert bland.enabled


def test_the_result_of_one_account_is_not_shown_on_the_page_of_another(
    admin: Client, carrier: Carrier, bland: VoiceAccount, account: VoiceAccount
) -> None:
    admin.post(page_of(bland, "test-connection"))
    assert "The connection works" not in words(admin.get(page_of(account)))


def test_the_page_says_that_our_clock_differs_from_the_provider_s(
    admin: Client, account: VoiceAccount
) -> None:
    page = f"/batchcalls/voiceaccount/{account.pk}/change/"
    assert "Our clock" not in admin.get(page).content.decode()
    VoiceAccount.objects.update(clock_ahead_seconds=900)
    text = html.unescape(admin.get(page).content.decode())
    assert "Our clock is 900 s ahead of the provider's." in text
