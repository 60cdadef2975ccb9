"""Changes by PATCH: what is merged, what replaces a list, and what depends on an ETag."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from batchcalls.models import Batch, WebhookEndpoint
from tests.api.bodies import BATCHES, HUMAN, OTHER, a_file, batch_of, body, form, pointers
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

CAMPAIGNS = "/api/v1/campaigns"
VOICEMAIL = {"action": "leave_message", "message": "Please call back."}


@pytest.fixture
def draft(program: Program) -> str:
    """The address of a draft with some settings."""
    answer = program.post(BATCHES, body(call_settings={"voice": "June", "voicemail": VOICEMAIL}))
    return f"{BATCHES}/{answer.json()['id']}"


def patch_file(program: Program, place: str, **fields: Any) -> Any:
    """Send a change as a form."""
    text = encode_multipart(BOUNDARY, fields)
    return program.client.generic("PATCH", place, text, content_type=MULTIPART_CONTENT)


@pytest.mark.one_database
class TestMerging:
    def settings(self, program: Program, place: str) -> dict[str, Any]:
        found = program.get(f"{place}/settings" if BATCHES in place else place).json()
        return dict(found["call_settings"])

    def test_call_settings_are_merged_at_each_depth(self, program: Program, draft: str) -> None:
        sent = {"call_settings": {"voice": "June", "voicemail": VOICEMAIL}, "name": "A"}
        made = program.post(CAMPAIGNS, {**sent, "prompt": "Hi."})
        for place in (draft, made["Location"]):

            def change(place: str = place, **settings: Any) -> dict[str, Any]:
                answer = program.patch(place, {"call_settings": settings})
                assert answer.status_code == 200, answer.json()
                return self.settings(program, place)

            assert change(max_duration=5) == {
                "voice": "June",
                "voicemail": VOICEMAIL,
                "max_duration": 5,
            }
            assert change(voice=None).keys() == {"voicemail", "max_duration"}
            assert change(voicemail={"message": "Bye."})["voicemail"] == {
                "action": "leave_message",
                "message": "Bye.",
            }
            found = change(voicemail={"action": "hangup", "message": None})
            assert found["voicemail"] == {"action": "hangup"}
            # An older name changes the member that it means.
            found = change(voicemail_message="Hello.")
            assert found["voicemail"]["message"] == "Hello."
            assert change(voicemail=None, background_track=None) == {"max_duration": 5}
            assert change() == {"max_duration": 5}

    def test_what_cannot_be_merged_is_named_and_changes_nothing(
        self, program: Program, draft: str
    ) -> None:
        before = self.settings(program, draft)
        for sent, place in (
            ({"voicee": None}, "/call_settings/voicee"),
            ({"voice_id": None}, "/call_settings/voice_id"),
            ({"voicemail": {"message": None}}, "/call_settings/voicemail"),
            (
                {"voicemail_message": "A", "voicemail": {"message": "B"}},
                "/call_settings/voicemail_message",
            ),
        ):
            answer = program.patch(draft, {"call_settings": sent})
            assert (answer.status_code, pointers(answer)) == (400, [place])
        assert program.patch(draft, {"call_settings": None}).status_code == 400
        assert self.settings(program, draft) == before


class TestETags:
    def test_a_row_is_changed_only_as_it_was_read(
        self, program: Program, world: dict[str, list[str]]
    ) -> None:
        for resource, member in (
            ("batches", "name"),
            ("campaigns", "name"),
            ("pathways", "description"),
            ("tools", "description"),
            ("webhook-endpoints", "description"),
        ):
            place = f"/api/v1/{resource}/{world[resource][-1]}"
            old = program.get(place)["ETag"]
            changed = program.patch(place, {member: "Mine"}, if_match=old)
            assert changed.status_code == 200, changed.json()
            assert program.get(place)["ETag"] == changed["ETag"] != old
            refused = program.patch(place, {member: "Theirs"}, if_match=old)
            assert (refused.status_code, refused.json()["code"]) == (412, "changed_meanwhile")
            for header in (f'"x", {changed["ETag"]}', f"W/{changed['ETag']}", "*"):
                again = program.patch(place, {member: "Mine"}, if_match=header)
                assert again.status_code == 200, (resource, header)
            for header in ("", "x", '"x"', changed["ETag"].strip('"')):
                assert program.patch(place, {member: "No"}, if_match=header).status_code == 412
            assert program.get(place).json()[member] == "Mine"
            # Another row's ETag is of no use, even if both rows have the same values.
            headers = {"If-Match": old}
            if resource != "batches":
                assert program.client.delete(place, headers=headers).status_code == 412
                headers = {"If-Match": changed["ETag"]}
                # A campaign may be in use, which is another answer.
                assert program.client.delete(place, headers=headers).status_code in {204, 409}

    def test_what_is_not_shown_counts_too(self, program: Program, draft: str) -> None:
        for sent in (
            {"prompt": "Call {{name}} now."},
            {"call_settings": {"dynamic_data": None, "model": "turbo"}},
            {"numbers_written": "with_country_code"},
            {"recipients": [{"phone_number": OTHER, "request_data": {"name": "Eve"}}]},
        ):
            old = program.get(draft)["ETag"]
            assert program.patch(draft, sent).status_code == 200, sent
            answer = program.post(f"{draft}/launch", if_match=old)
            assert answer.status_code == 412, sent
        assert program.get(draft).json()["status"] == "draft"
        current = program.get(draft)["ETag"]
        assert program.post(f"{draft}/launch", if_match=current).status_code == 200

    def test_calls_and_deliveries_in_between_are_no_change(
        self, program: Program, make_batch: Any, run: Callable[..., Batch]
    ) -> None:
        batch = make_batch(HUMAN)
        place = f"{BATCHES}/{batch.pk}"
        before = program.get(place)
        run(batch)
        after = program.get(place, **{"If-None-Match": before["ETag"]})
        assert (after.status_code, after["ETag"] != before["ETag"]) == (200, True)
        assert program.get(place, **{"If-None-Match": after["ETag"]}).status_code == 304
        answer = program.patch(place, {"name": "Later"}, if_match=before["ETag"])
        assert answer.status_code == 200
        made = program.post("/api/v1/webhook-endpoints", {"url": "https://example.com/x"})
        old = program.get(made["Location"])["ETag"]
        WebhookEndpoint.objects.update(consecutive_failures=3)
        answer = program.patch(made["Location"], {"description": "x"}, if_match=old)
        assert answer.status_code == 200

    def test_rows_with_the_same_values_have_different_etags(self, program: Program) -> None:
        made = [program.post(BATCHES, body())["Location"] for _ in range(2)]
        first, second = (program.get(place)["ETag"] for place in made)
        assert first.split(".")[0] != second.split(".")[0]
        assert program.patch(made[1], {"name": "x"}, if_match=first).status_code == 412


class TestLists:
    def test_recipients_replace_those_of_a_draft(self, program: Program, draft: str) -> None:
        answer = program.patch(
            draft,
            {
                "prompt": "Call {{who}}.",
                "recipients": [{"phone_number": OTHER, "request_data": {"who": "Eve"}}],
            },
        )
        assert answer.status_code == 200, answer.json()
        batch = batch_of(answer)
        assert batch.lists.get().samples == [[OTHER, "Eve"]]
        refused = program.patch(draft, {"recipients": [{"phone_number": OTHER}]})
        assert (refused.status_code, refused.json()["code"]) == (400, "variable_without_column")
        refused = program.patch(draft, {"name": "No", "cps": 9, "recipients": [{"voicee": 1}]})
        assert pointers(refused) == ["/recipients/0/voicee"]
        both = program.patch(draft, {"recipients": [{"phone_number": OTHER}], "mapping": {}})
        assert pointers(both) == ["/mapping"]
        batch.refresh_from_db()
        assert (batch.name, batch.cps) == ("October", None)
        assert batch.lists.get().samples == [[OTHER, "Eve"]]

    def test_a_file_replaces_the_list(self, program: Program, draft: str) -> None:
        old = Batch.objects.get().lists.get()
        refused = patch_file(program, draft, file=a_file())
        assert refused.json()["code"] == "variable_without_column"
        assert Batch.objects.get().lists.get().pk == old.pk
        answer = patch_file(
            program,
            draft,
            file=a_file(),
            prompt="Call {{person}}.",
            mapping=json.dumps({"Name": "request_data.person"}),
        )
        assert answer.status_code == 200, answer.json()
        [shown] = answer.json()["lists"]
        assert shown["file_name"] == "customers.csv"
        assert pointers(patch_file(program, draft, name="No file")) == ["/file"]
        assert program.post(f"{draft}/launch").status_code == 200

    def test_a_mapping_changes_the_columns_that_it_names(self, program: Program) -> None:
        place = program.upload(BATCHES, form())["Location"]
        batch = Batch.objects.get()

        def columns() -> dict[str, str]:
            found = batch.lists.get().mapping
            return {one["header"]: f"{one['target']}.{one.get('name', '')}" for one in found}

        before = columns()
        answer = program.patch(place, {"mapping": {"City": "metadata.town"}})
        assert answer.status_code == 200, answer.json()
        assert columns() == {**before, "City": "metadata.town"}
        for mapping, where in (
            ({"Town": "metadata.x"}, "/mapping/Town"),
            ({"Phone": "ignore"}, "/mapping"),
            ({"Name": "ignore"}, ""),
            ({"City": "phone"}, "/mapping/City"),
        ):
            refused = program.patch(place, {"cps": 3, "mapping": mapping})
            assert refused.status_code == 400
            assert where in pointers(refused)[0]
        batch.refresh_from_db()
        assert (batch.cps, columns()) == (None, {**before, "City": "metadata.town"})

    def test_the_list_of_a_launched_batch_stays(
        self, program: Program, make_batch: Any, run: Callable[..., Batch]
    ) -> None:
        batch = run(make_batch(HUMAN))
        place = f"{BATCHES}/{batch.pk}"
        for sent in (
            {"recipients": [{"phone_number": OTHER}]},
            {"mapping": {"#1": "ignore"}},
            {"numbers_written": "national"},
            {"call_settings": {"voice": "June"}, "name": "No"},
        ):
            assert program.patch(place, sent).status_code == 409, sent
        answer = patch_file(program, place, file=a_file(), prompt="Hi {{Name}}")
        assert (answer.status_code, answer.json()["current_status"]) == (409, "completed")
        batch.refresh_from_db()
        assert (batch.name != "No", batch.lists.count()) == (True, 1)
