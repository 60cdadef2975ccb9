"""The page on which a person has somebody called again."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse

from batchcalls.access.permissions import require
from batchcalls.admin.actor import actor_of
from batchcalls.admin.pages import Done, OwnPages, row_or_404
from batchcalls.batches import lifecycle, retrying
from batchcalls.models import CallResult
from batchcalls.reporting import explaining


class CallAgainPage(OwnPages[CallResult]):
    """Adds the page that shows what the rules say now, and queues another attempt."""

    def get_urls(self) -> list[URLPattern]:
        """Add the page."""
        return [self.at("<int:pk>/again/", self.again_view, "again"), *super().get_urls()]

    def again_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the verdict of each rule, and queue the recipient on confirmation."""
        require(request.user, "batchcalls.launch_batch", "batchcalls.view_callresult")
        calls = CallResult.objects.select_related("recipient", "batch__account", "batch__campaign")
        call = row_or_404(calls, pk)
        recipient, batch = call.recipient, call.batch
        recipient.batch = batch

        def again() -> Done:
            retrying.call_again(recipient, actor=actor_of(request))
            message = f"{call.to_number} is called again as soon as the rules allow it."
            return Done(message, reverse("admin:batchcalls_recipient_change", args=[recipient.pk]))

        return self.confirm(
            request,
            "callresult/again",
            again,
            title="Call this person again?",
            label="Call again",
            subject=call,
            back=self.url_of("change", pk),
            back_label="Back to the call",
            refusals=(lifecycle.Conflict,),
            may_call=retrying.may_call_again(recipient),
            decision=explaining.if_dialed(recipient),
            call=call,
            recipient=recipient,
            batch=batch,
        )
