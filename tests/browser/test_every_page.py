"""Every page, in both themes and widths: nothing for the console, nothing sideways, axe content."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import DESKTOP, PHONE, OpenPage, Site, log_in

pytestmark = pytest.mark.browser

STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OPTIONS = {"runOnly": {"type": "tag", "values": STANDARD}, "preload": False}
LISTS = [
    "batchcalls/batch",
    "batchcalls/callresult",
    "batchcalls/voiceaccount",
    "batchcalls/webhookendpoint",
    "batchcalls/webhookdelivery",
    "batchcalls/storedlist",
    "batchcalls/export",
    "batchcalls/workerheartbeat",
    "batchcalls/apikey",
    "campaigns/campaign",
    "campaigns/pathway",
    "campaigns/tool",
    "campaigns/callingpolicy",
    "campaigns/suppression",
    "campaigns/columnmapping",
    "auth/user",
    "auth/group",
    "django_q/success",
    "django_q/failure",
    "django_q/schedule",
    "django_q/ormq",
]
FORMS = [
    "batchcalls/batch",
    "batchcalls/voiceaccount",
    "batchcalls/apikey",
    "batchcalls/webhookendpoint",
    "campaigns/campaign",
    "campaigns/pathway",
    "campaigns/tool",
    "campaigns/callingpolicy",
    "campaigns/suppression",
    "auth/user",
    "django_q/schedule",
]
OTHERS = [
    "/",
    "/password_change/",
    "/emergency/stop/",
    "/campaigns/campaign/import/",
    "/campaigns/campaign/export/",
    "/campaigns/suppression/import/",
    "/campaigns/suppression/removed/",
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


@pytest.fixture(scope="module")
def addresses(site: Site) -> list[str]:
    found = site.ask(
        "{'over': str(Batch.objects.filter(name__startswith='November').first().pk),"
        " 'draft': str(Batch.objects.get(name='Feedback round 12').pk),"
        " 'call': CallResult.objects.exclude(transcript=[]).first().pk,"
        " 'row': Recipient.objects.filter(status='skipped').first().pk,"
        " 'list': str(StoredList.objects.first().pk),"
        " 'endpoint': str(WebhookEndpoint.objects.get(enabled=True).pk),"
        " 'delivery': WebhookDelivery.objects.filter(call__isnull=False).first().pk,"
        " 'account': VoiceAccount.objects.first().pk}"
    )
    over, draft = found["over"], found["draft"]
    return [
        *OTHERS,
        *(f"/{name}/" for name in LISTS),
        *(f"/{name}/add/" for name in FORMS),
        *(f"/batchcalls/batch/{over}/{page}/" for page in OF_A_BATCH),
        *(f"/batchcalls/batch/{draft}/{page}/" for page in ("upload", "columns", "review")),
        f"/batchcalls/callresult/?batch={over}",
        f"/batchcalls/callresult/{found['call']}/change/",
        f"/batchcalls/recipient/{found['row']}/change/",
        f"/batchcalls/storedlist/{found['list']}/change/",
        f"/batchcalls/voiceaccount/{found['account']}/change/",
        f"/batchcalls/voiceaccount/{found['account']}/switch/",
        *(
            f"/batchcalls/webhookendpoint/{found['endpoint']}/{page}/"
            for page in ("change", "edit", "rotate", "disable", "delete")
        ),
        f"/batchcalls/webhookdelivery/{found['delivery']}/change/",
        "/campaigns/campaign/1/change/",
        "/campaigns/callingpolicy/2/change/",
        "/auth/user/1/change/",
        "/auth/group/1/change/",
        "/campaigns/suppression/1/change/",
        "/campaigns/suppression/1/delete/",
        "/campaigns/columnmapping/1/change/",
        "/campaigns/columnmapping/1/delete/",
    ]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_fit_for_everybody(
    open_page: OpenPage,
    addresses: list[str],
    wrong: list[str],
    *,
    size: tuple[int, int],
    scheme: str,
) -> None:
    page = open_page(size, scheme)
    axe = Axe()
    found: list[str] = []
    page.goto("/login/?next=/")
    found += _violations(page, axe, "/login/")
    wrong.clear()
    log_in(page)
    for address in addresses:
        answer = page.goto(address)
        if answer is None or answer.status != 200:
            found.append(f"{address}: answers {answer and answer.status}")
            continue
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > size[0]:
            found.append(f"{address}: {width} px wide")
        page.wait_for_load_state("load")
        said = len(wrong)
        found += _violations(page, axe, address)
        # What axe itself does to a page is not the page's.
        del wrong[said:]
    assert not found, "\n".join(found)


def _violations(page: Any, axe: Axe, address: str) -> list[str]:
    answer = axe.run(page, options=OPTIONS).response
    return [
        f"{address}: {rule['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
        for rule in answer["violations"]
        for node in rule["nodes"][:3]
    ]
