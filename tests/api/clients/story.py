"""The whole job through the client that openapi-python-client generates."""

import os
import time

from calls_api import AuthenticatedClient
from calls_api.api.batches import (
    batches_create,
    batches_launch,
    batches_progress,
    batches_recipients_list,
    batches_results,
)
from calls_api.api.calls import calls_list, calls_retrieve
from calls_api.api.do_not_call import do_not_call_create, do_not_call_retrieve
from calls_api.models import (
    BatchOfRecipientsRequest,
    NumberRequest,
    RecipientRequest,
    RecipientRequestRequestData,
)

client = AuthenticatedClient(
    os.environ["CALLS_URL"], os.environ["CALLS_KEY"], raise_on_unexpected_status=True
)


def recipient(number, name):
    data = RecipientRequestRequestData.from_dict({"name": name})
    return RecipientRequest(phone_number=number, request_data=data)


people = [recipient("+12025550190", "Emily"), recipient("+12025550193", "Noah")]
batch = batches_create.sync(
    client=client,
    idempotency_key="python-client",
    body=BatchOfRecipientsRequest(
        recipients=people, name="Python client", prompt="Greet {{name}}.", dry_run=True
    ),
)
assert batch.dry_run.report.now + batch.dry_run.report.later.count == 2, batch
batch_id = str(batch.id)
assert batches_launch.sync(batch_id, client=client).launched_at
while not (progress := batches_progress.sync(batch_id, client=client)).is_over:
    time.sleep(0.2)
rows = batches_recipients_list.sync(batch_id, client=client).results
assert [row.request_data.to_dict()["name"] for row in rows] == ["Emily", "Noah"]
assert "answered_by" in batches_results.sync(batch_id, client=client)
calls = [
    calls_retrieve.sync(str(call.id), client=client)
    for call in calls_list.sync(client=client, limit=10).results
    if call.batch == batch.id
]
assert all(call.transcript[0].text for call in calls)
body = NumberRequest(phone_number="+1 202 555 0177", reason="Asked not to be called.")
assert do_not_call_create.sync(client=client, body=body).added == 1
entry = do_not_call_retrieve.sync("+12025550177", client=client)
answered = ", ".join(sorted(str(call.answered_by) for call in calls))
print(f"{progress.status}: {answered}; {entry.phone_number} is listed")
