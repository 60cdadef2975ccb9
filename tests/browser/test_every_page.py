"""Every page: nothing for the console, nothing that looks broken, axe content in both themes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OpenPage, Site, log_in, watch
from tests.browser.inspection import look_over
from tests.browser.long_words import LONG_WORD

pytestmark = pytest.mark.browser

LISTS = [
    "batchcalls/batch",
    "batchcalls/callresult",
    "batchcalls/voiceaccount",
    "batchcalls/webhookendpoint",
    "batchcalls/webhookdelivery",
    "batchcalls/storedlist",
    "batchcalls/export",
    "batchcalls/workerheartbeat",
    "batchcalls/auditentry",
    "batchcalls/apikey",
    "batchcalls/optoutreview",
    "batchcalls/optoutsource",
    "campaigns/campaign",
    "campaigns/pathway",
    "campaigns/tool",
    "campaigns/callingpolicy",
    "campaigns/rulepackswitch",
    "campaigns/suppression",
    "campaigns/columnmapping",
    "campaigns/allowedhost",
    "auth/user",
    "auth/group",
]
FORMS = [
    "batchcalls/optoutsource",
    "batchcalls/batch",
    "batchcalls/voiceaccount",
    "batchcalls/apikey",
    "batchcalls/webhookendpoint",
    "campaigns/campaign",
    "campaigns/pathway",
    "campaigns/tool",
    "campaigns/callingpolicy",
    "campaigns/suppression",
    "campaigns/allowedhost",
    "auth/user",
]
OTHERS = [
    "/",
    "/password_change/",
    "/security/",
    "/preferences/",
    "/security/app/",
    "/sign-ins/",
    "/retention/",
    "/auth/user/2/password/",
    "/auth/user/2/two-step/",
    "/emergency/stop/",
    "/restored/",
    "/campaigns/campaign/import/",
    "/campaigns/campaign/export/",
    "/campaigns/suppression/import/",
    "/campaigns/suppression/removed/",
    "/campaigns/suppression/number/+12025550133/",
    "/batchcalls/optoutreview/?state=decided",
    "/campaigns/rulepackswitch/?number=%2B13052345678&purpose=marketing",
    "/campaigns/rulepackswitch/switch/us/florida/",
    "/campaigns/suppression/?number=12025550199",
    "/campaigns/suppression/export/",
    "/batchcalls/storedlist/do-not-call/add/",
    "/batchcalls/callresult/?status=busy&number=12",
    "/batchcalls/batch/?status=nope",
    "/batchcalls/voiceaccount/?state=off",
]
OF_A_BATCH = [
    "change",
    "recipients",
    "log",
    "dry-run",
    "settings",
    "cancel",
    "pause",
    "clone",
    "retry",
    "rename",
    "rows/add",
    "test-call",
]


LONG_DRAFT = "Batch.objects.get(name__startswith='Second', status='draft')"
LONG_OVER = "Batch.objects.get(name__startswith='Kundenzufriedenheit')"
KEYS = {
    "over": "Batch.objects.get(name__startswith='November')",
    "draft": "Batch.objects.get(name='Feedback round 12')",
    "call": "CallResult.objects.exclude(transcript=[]).first()",
    "row": "Recipient.objects.filter(status='skipped').first()",
    "list": "StoredList.objects.first()",
    "endpoint": "WebhookEndpoint.objects.get(description='CRM')",
    "delivery": "WebhookDelivery.objects.filter(call__isnull=False).first()",
    "account": "VoiceAccount.objects.built_in()",
    "long_draft": LONG_DRAFT,
    "long_over": LONG_OVER,
    "long_call": f"{LONG_OVER}.calls.first()",
    "long_row": f"{LONG_OVER}.recipients.first()",
    "long_list": f"{LONG_DRAFT}.first_list",
    "long_account": "VoiceAccount.objects.get(name__startswith='Kunden')",
    "long_endpoint": "WebhookEndpoint.objects.get(description__startswith='Second')",
    "long_campaign": f"{LONG_OVER}.campaign",
    "long_user": f"{LONG_OVER}.created_by",
}
OF_LONG_WORDS = [
    *(f"/batchcalls/batch/{{long_draft}}/{page}/" for page in ("upload", "columns", "review")),
    *(f"/batchcalls/batch/{{long_over}}/{page}/" for page in OF_A_BATCH),
    "/batchcalls/callresult/{long_call}/change/",
    "/batchcalls/recipient/{long_row}/change/",
    "/batchcalls/storedlist/{long_list}/change/",
    "/batchcalls/voiceaccount/{long_account}/change/",
    "/batchcalls/webhookendpoint/{long_endpoint}/change/",
    "/campaigns/campaign/{long_campaign}/change/",
    "/auth/user/{long_user}/change/",
]
PAGES = [
    *OTHERS,
    *(f"/{name}/" for name in LISTS),
    *(f"/{name}/add/" for name in FORMS),
    *(f"/batchcalls/batch/{{over}}/{page}/" for page in OF_A_BATCH),
    *(f"/batchcalls/batch/{{draft}}/{page}/" for page in ("upload", "columns", "review")),
    "/batchcalls/callresult/?batch={over}",
    "/batchcalls/callresult/{call}/change/",
    "/batchcalls/recipient/{row}/change/",
    "/batchcalls/storedlist/{list}/change/",
    "/batchcalls/voiceaccount/{account}/change/",
    "/batchcalls/voiceaccount/{account}/caller-ids/",
    "/batchcalls/voiceaccount/{account}/switch/",
    *(
        f"/batchcalls/webhookendpoint/{{endpoint}}/{page}/"
        for page in ("change", "edit", "rotate", "disable", "delete")
    ),
    "/batchcalls/webhookdelivery/{delivery}/change/",
    "/campaigns/campaign/1/change/",
    "/campaigns/callingpolicy/2/change/",
    "/auth/user/1/change/",
    "/auth/group/1/change/",
    "/campaigns/suppression/1/change/",
    "/campaigns/suppression/1/delete/",
    "/campaigns/columnmapping/1/change/",
    "/campaigns/columnmapping/1/delete/",
    *OF_LONG_WORDS,
]


@pytest.fixture(scope="module")
def keys(site: Site) -> dict[str, str]:
    """Return what the braces in the addresses stand for."""
    fields = (f"{name!r}: str({query}.pk)" for name, query in KEYS.items())
    found: dict[str, str] = site.ask(f"{{{', '.join(fields)}}}")
    return found


@pytest.fixture(scope="module")
def complaints() -> list[str]:
    return []


@pytest.fixture(scope="module")
def signed_in(chromium: Browser, site: Site, complaints: list[str]) -> Iterator[Page]:
    """The one page in which all addresses are opened one after the other."""
    context = chromium.new_context(base_url=site.url)
    page = context.new_page()
    page.set_default_timeout(20_000)
    watch(page, complaints)
    log_in(page)
    yield page
    context.close()


@pytest.mark.parametrize("address", PAGES)
def test_page_is_fit_for_everybody(
    signed_in: Page, keys: dict[str, str], complaints: list[str], address: str
) -> None:
    complaints.clear()
    answer = signed_in.goto(address.format(**keys))
    assert answer
    assert answer.status == 200
    # What the inspection itself does to a page is not the page's.
    found = [*complaints, *look_over(signed_in)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("address", ["/", "/emergency/lift/", "/batchcalls/batch/{draft}/review/"])
def test_page_is_fit_for_everybody_while_all_calling_is_stopped(
    signed_in: Page, site: Site, keys: dict[str, str], complaints: list[str], address: str
) -> None:
    complaints.clear()
    site.act("from batchcalls.batches import halts", f"halts.engage(None, {LONG_WORD!r})")
    try:
        signed_in.goto(address.format(**keys))
        expect(signed_in.locator(".stop-banner")).to_contain_text(LONG_WORD)
        found = [*complaints, *look_over(signed_in)]
    finally:
        site.act("halts.lift(None, EmergencyStop.objects.in_force().get())")
    assert not found, "\n".join(found)


def test_signing_in_is_fit_for_everybody(open_page: OpenPage, wrong: list[str]) -> None:
    page = open_page()
    page.goto("/login/?next=/")
    found = look_over(page)
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    page.locator(".errornote").wait_for()
    found += look_over(page)
    wrong.clear()
    assert not found, "\n".join(found)
