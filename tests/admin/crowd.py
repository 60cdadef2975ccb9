"""Create any number of rows, with related rows, for everything that has a page."""

from __future__ import annotations

from datetime import date, time
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import Group, User
from django.utils import timezone
from django_q.models import OrmQ, Schedule, Task

from batchcalls import queue
from batchcalls.access import api_keys
from batchcalls.models import (
    Batch,
    BatchEvent,
    CallEvent,
    CallResult,
    EmergencyStop,
    Export,
    FilteredPage,
    ListPart,
    OptOutReview,
    Recipient,
    SavedFilter,
    StoredList,
    VoiceAccount,
    WebhookDelivery,
    WebhookEndpoint,
    WorkerHeartbeat,
)
from campaigns.models import (
    AllowedHost,
    BlackoutDate,
    CallingPolicy,
    CallingWindow,
    Campaign,
    ColumnMapping,
    Pathway,
    RulePackSwitch,
    Suppression,
    Tool,
)

#: The figures of a batch with this many rows are cached.
LONG = 50_000


class Crowd:
    """An administrator, a batch, a call and a draft whose pages are viewed, and more rows.

    ``grow`` adds to everything: to each list a row with its own creator, campaign, account, …, and
    to each viewed object one more of everything that its page shows.
    """

    def __init__(self, draft: Batch) -> None:
        self.admin = User.objects.create_superuser("admin")
        self.draft = draft
        self.account = draft.account
        self.policy = CallingPolicy.objects.create(name="Looked at")
        self.campaign = Campaign.objects.create(
            name="Looked at", prompt="Hello.", policy=self.policy, created_by=self.admin
        )
        self.batch = Batch.objects.create(
            name="Looked at",
            campaign=self.campaign,
            account=self.account,
            created_by=self.admin,
            prompt="Hello {{name}}.",
            status="dispatching",
            launched_at=timezone.now(),
        )
        self.list = self._list(self.batch, self.admin, 0)
        self.recipient = self._recipient(self.batch, 1, status="in_call")
        self.call = self._call(self.recipient, 1, status="in_progress", ended_at=None)
        self.size = 0

    def grow(self, size: int) -> None:
        """Add rows until there are ``size`` of everything."""
        for n in range(self.size + 1, size + 1):
            self._add(n)
        self.size = size

    def _add(self, n: int) -> None:
        user = User.objects.create_user(f"user{n}", is_staff=True)
        api_keys.create(user, name=f"program {n}", scopes=["batches:read"])
        user.groups.add(Group.objects.create(name=f"Group {n}"))
        rules = self._rules(n, user)
        account = VoiceAccount.objects.create(
            name=f"Account {n}", provider="simulator", enabled=bool(n % 2)
        )
        batch = self._batch(n, user, rules, account)
        row = self._recipient(batch, 2)
        called = self._call(
            row, 1, status="completed", answered_by="human", price="0.1", currency="USD"
        )
        OptOutReview.objects.create(
            call=called, e164=called.to_number, heard="Stop.", created_at=timezone.now()
        )
        self._behind_the_batch(n, user)
        Export.objects.create(
            kind="results", batch=batch, created_by=user, status=("failed", "done")[n % 2]
        )
        self._list(batch, user, n)
        StoredList.objects.create(
            kind="do_not_call", file_name=f"dnc{n}.csv", digest=uuid4().hex, created_by=user
        )
        SavedFilter.objects.create(owner=self.admin, page=FilteredPage.CALL_LOG, name=f"Mine {n}")
        EmergencyStop.objects.create(
            stopped_by=user, lifted_by=self.admin, in_force=None, lifted_at=timezone.now()
        )
        WorkerHeartbeat.objects.create(host=f"host{n}", at=timezone.now())
        self._webhooks(n, user, rules)
        self._queue(n)

    def _webhooks(self, n: int, user: User, campaign: Campaign) -> None:
        endpoint = WebhookEndpoint.objects.create(
            url=f"https://example.com/{n}",
            campaign=campaign,
            created_by=user,
            failing_since=timezone.now() if n % 2 else None,
        )
        for target in (self.call, None):
            WebhookDelivery.objects.create(
                event_id=uuid4().hex,
                event_type="call.finished",
                endpoint=endpoint,
                format="standard",
                batch=self.batch,
                call=target,
                body="{}",
                next_attempt_at=timezone.now(),
                give_up_at=timezone.now(),
            )

    def _rules(self, n: int, user: User) -> Campaign:
        policy = CallingPolicy.objects.create(name=f"Policy {n}")
        pathway = Pathway.objects.create(name=f"Pathway {n}", pathway_id=f"pw-{n}")
        tool = Tool.objects.create(name=f"Tool {n}", reference=f"TL-{n}")
        campaign = Campaign.objects.create(
            name=f"Campaign {n}", pathway=pathway, policy=policy, created_by=user
        )
        campaign.tools.add(tool)
        self.campaign.tools.add(tool)
        hour = 8 + n // 7
        CallingWindow.objects.create(
            policy=self.policy, weekday=n % 7, opens_at=time(hour), closes_at=time(hour, 30)
        )
        BlackoutDate.objects.create(policy=self.policy, date=date(2026, 1, n))
        ColumnMapping.objects.create(name=f"Mapping {n}", created_by=user)
        AllowedHost.objects.create(host=f"host{n}.example.com", created_by=user)
        Suppression.objects.create(e164=f"+120255502{n:02}", created_by=user)
        RulePackSwitch.objects.create(
            pack="us", entry=f"{n}", reason="Exempt.", created_by=user, created_at=timezone.now()
        )
        return campaign

    def _batch(self, n: int, user: User, campaign: Campaign, account: VoiceAccount) -> Batch:
        now = timezone.now()
        kinds: list[dict[str, Any]] = [
            {"status": "dispatching", "launched_at": now},
            {"status": "failed", "reason": "Unreadable.", "ended_at": now},
            {"status": "completed", "launched_at": now, "ended_at": now, "row_count": LONG},
        ]
        return Batch.objects.create(
            name=f"Batch {n}",
            campaign=campaign,
            account=account,
            created_by=user,
            pathway_id="pw",
            **kinds[n % 3],
        )

    def _behind_the_batch(self, n: int, user: User) -> None:
        """Add rows that the pages of the batch, the recipient and the call show."""
        row = self._recipient(self.batch, n + 1)
        self._call(row, 1, status="completed", answered_by="human")
        self._call(self.recipient, n + 1, status="no_answer", answered_by="no_answer")
        BatchEvent.objects.create(batch=self.batch, actor=user, message="Somebody did something.")
        self._list(self.batch, user, n)
        ListPart.objects.create(
            stored_list=self.list, number=n, file=f"part{n}", row_count=10, done_at=timezone.now()
        )
        Batch.objects.create(
            name=f"Trial {n}", account=self.account, prompt="Hi.", test_of=self.batch
        )
        CallEvent.objects.create(
            account=self.account,
            call=self.call,
            event_key=f"event {n}",
            status="ringing",
            occurred_at=timezone.now(),
            received_at=timezone.now(),
            payload={"n": n},
        )

    def _queue(self, n: int) -> None:
        package = {"id": uuid4().hex, "name": f"Task {n}", "func": "batchcalls.tasks.sweep"}
        OrmQ.objects.create(key="default", payload=queue.Message.dumps(package))
        Schedule.objects.create(name=f"Schedule {n}", func="batchcalls.tasks.sweep")
        for success in (True, False):
            Task.objects.create(
                id=uuid4().hex,
                name=f"Task {n}",
                func="batchcalls.tasks.sweep",
                started=timezone.now(),
                stopped=timezone.now(),
                success=success,
            )

    def _list(self, batch: Batch, user: User, n: int) -> StoredList:
        return StoredList.objects.create(
            batch=batch,
            created_by=user,
            file_name=f"list{n}.csv",
            digest=uuid4().hex,
            headers=["phone_number", "name"],
            samples=[["+12025550100", "Ann"]],
            mapping=[
                {"position": 0, "header": "phone_number", "target": "phone_number", "name": ""},
                {"position": 1, "header": "name", "target": "request_data", "name": "name"},
            ],
            status=("imported", "failed")[n % 2],
        )

    def _recipient(self, batch: Batch, row: int, **fields: Any) -> Recipient:
        given = {"status": "done", "outcome": "reached", "called": True, **fields}
        if given["status"] != "done":
            given["outcome"] = ""
        return Recipient.objects.create(
            batch=batch,
            row_number=row,
            e164=f"+120255501{row:02}",
            request_data={"name": "Ann"},
            **given,
        )

    def _call(self, row: Recipient, attempt: int, **fields: Any) -> CallResult:
        given = {"claimed_at": timezone.now(), "ended_at": timezone.now(), **fields}
        return CallResult.objects.create(
            batch=row.batch,
            recipient=row,
            account=row.batch.account,
            attempt=attempt,
            to_number=row.e164,
            transcript=[{"speaker": "agent", "text": "Hello.", "at_seconds": 1.0}],
            **given,
        )
