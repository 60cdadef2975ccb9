"""An address that somebody gives is judged at once, at every door, by the rule of deliveries."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from batchcalls.models import Batch
from batchcalls.webhooks import endpoints, targets
from tests.api.conftest import Program, make_program, program

__all__ = ["make_program", "program"]

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

HUMAN = "+12025550190"


def resolving_to(ip: str) -> Any:
    def resolve(host: str, port: int, *args: Any, **options: Any) -> list[Any]:
        if not ip:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))]

    return resolve


@pytest.fixture
def doors(
    admin_client: Client, program: Program, example_hosts: None
) -> dict[str, Callable[[str], str]]:
    """What each door answers to an address: blank if it takes it."""

    def page(url: str) -> str:
        sent = {"url": url, "events": ["call.finished"], "format": "standard"}
        answer = admin_client.post("/batchcalls/webhookendpoint/add/", sent, follow=True)
        return "" if answer.redirect_chain else answer.content.decode()

    def api(url: str) -> str:
        answer = program.post("/api/v1/webhook-endpoints", {"url": url})
        if answer.status_code == 201:
            return ""
        assert [one["pointer"] for one in answer.json()["errors"]] == ["/url"]
        return answer.content.decode()

    endpoint = endpoints.create(url="https://other.example.com/hook")

    def change(url: str) -> str:
        answer = program.patch(f"/api/v1/webhook-endpoints/{endpoint.pk}", {"url": url})
        endpoint.refresh_from_db()
        assert (answer.status_code == 200) == (endpoint.url == url)
        return "" if answer.status_code == 200 else answer.content.decode()

    def bland(path: str, body: dict[str, Any]) -> Callable[[str], str]:
        def post(url: str) -> str:
            sent = {name: url if value == "URL" else value for name, value in body.items()}
            answer = program.post(path, sent)
            return "" if answer.status_code == 200 else answer.content.decode()

        return post

    call = {"phone_number": HUMAN, "task": "Say hello."}
    batch = {"base_prompt": "Say hello.", "call_data": [{"phone_number": HUMAN}]}
    return {
        "page": page,
        "api": api,
        "change": change,
        "call": bland("/v1/calls", {**call, "webhook": "URL"}),
        **{
            name: bland("/v1/batches", {**batch, name: "URL"})
            for name in ("webhook", "status_webhook", "batch_webhook")
        },
    }


@pytest.mark.parametrize("ip", ["10.0.0.7", "169.254.169.254", "::1", "8.8.8.8", ""])
def test_an_address_is_judged_at_every_door_as_it_is_at_delivery(
    ip: str, doors: dict[str, Callable[[str], str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    targets._refused.cache_clear()
    monkeypatch.setattr(socket, "getaddrinfo", resolving_to(ip))
    answers = {name: door("https://hook.example.com/x") for name, door in doors.items()}
    targets._refused.cache_clear()

    if ip in {"8.8.8.8", ""}:
        assert answers == dict.fromkeys(doors, "")
    else:
        lacking = [
            name for name, said in answers.items() if "lies in a private network" not in said
        ]
        assert lacking == []
        assert not Batch.objects.exists()


def test_a_host_that_cannot_be_found_is_said_and_does_not_keep_anybody_waiting(
    admin_client: Client, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    def resolve(*args: Any, **options: Any) -> Any:
        over.wait(60)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(targets, "_LOOKUP_SECONDS", 0.05)
    said = "cannot be found. Check the address"

    answer = program.post("/api/v1/webhook-endpoints", {"url": "https://a.typo.example/x"})
    assert answer.status_code == 201
    assert said in answer.json()["warnings"][0]
    sent = {"url": "https://b.typo.example/x", "events": ["call.finished"], "format": "bland"}
    page = admin_client.post("/batchcalls/webhookendpoint/add/", sent, follow=True)
    assert said in page.content.decode()
    over.set()
    again = program.get(f"/api/v1/webhook-endpoints/{answer.json()['id']}")
    assert again.json()["warnings"] == []
