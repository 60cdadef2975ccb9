"""Actions on a batch, each with a page that explains the effect before it happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.defaultfilters import pluralize
from django.urls import URLPattern

from batchcalls.access.permissions import require
from batchcalls.admin.actor import actor_of
from batchcalls.admin.pages import Done, OwnPages
from batchcalls.batches import budgets, lifecycle, retrying
from batchcalls.database.disks import StorageAway
from batchcalls.drafting import copying, edits
from batchcalls.intake.uploads import UploadError
from batchcalls.models import Batch
from batchcalls.models.querysets import Totals
from batchcalls.reporting.batch_figures import totals_of
from batchcalls.states import (
    BATCH_CALLING,
    BATCH_CANCELABLE,
    BATCH_DELETABLE,
    BATCH_PAUSABLE,
    BATCH_REOPENABLE,
    BATCH_RESUMABLE,
    BatchStatus,
)


class NoChoice(forms.Form):
    """A form without fields, for actions that only need confirmation."""

    def __init__(self, *args: Any, totals: Totals, **kwargs: Any) -> None:
        self.totals = totals
        super().__init__(*args, **kwargs)


@dataclass(frozen=True, slots=True)
class Deleted:
    """The result of an action after which there is no batch to go back to."""

    name: str


class CancelForm(NoChoice):
    hang_up = forms.BooleanField(
        label="Hang up live calls too",
        required=False,
        help_text="Otherwise live conversations continue to their end.",
    )


class CloneForm(NoChoice):
    with_list = forms.BooleanField(
        label="Copy the list",
        required=False,
        help_text="The new draft keeps the same recipients. Otherwise upload another list.",
    )


class RenameForm(NoChoice):
    name = forms.CharField(label="Batch name", max_length=200)


class BudgetForm(NoChoice):
    budget = forms.DecimalField(
        label="Budget",
        min_value=Decimal("0.01"),
        max_digits=12,
        decimal_places=2,
        required=False,
        help_text="In the account’s currency. Leave blank for no limit.",
    )


class RetryForm(NoChoice):
    outcomes = forms.MultipleChoiceField(
        label="Outcomes to retry", widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        totals = self.totals
        choices = [
            ("not_reached", "No answer or busy", totals.not_reached),
            ("voicemail", "Voicemail", totals.voicemail),
            ("failed", "Failed", totals.failed),
        ]
        field = self.fields["outcomes"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - declared above
        field.choices = [
            (name, f"{label}: {count:,} recipient{pluralize(count)}")
            for name, label, count in choices
            if count
        ]
        self.initial["outcomes"] = [name for name, _, count in choices if count][:1]


def _cancel(batch: Batch, *, actor: Any, hang_up: bool) -> str:
    lifecycle.cancel(batch, actor=actor, hang_up=hang_up)
    return "Canceled; live calls are being hung up." if hang_up else "Canceled."


def _pause(batch: Batch, *, actor: Any) -> str:
    lifecycle.pause(batch, actor=actor)
    return "Paused."


def _resume(batch: Batch, *, actor: Any) -> str:
    lifecycle.resume(batch, actor=actor)
    return "Resumed."


def _retry(batch: Batch, *, actor: Any, outcomes: list[str]) -> str:
    count = retrying.retry(batch, outcomes=outcomes, actor=actor)
    return f"{count:,} recipient{pluralize(count)} will be called again."


def _delete(batch: Batch, *, actor: Any) -> Deleted:
    edits.delete(batch, actor=actor)
    return Deleted(batch.name)


def _clone(batch: Batch, *, actor: Any, with_list: bool) -> Batch:
    return copying.clone(batch, with_list=with_list, actor=actor)


def _rename(batch: Batch, *, actor: Any, name: str) -> str:
    Batch.objects.filter(pk=batch.pk).update(name=name)
    return "Renamed."


def _budget(batch: Batch, *, actor: Any, budget: Decimal | None) -> str:
    budgets.change(batch, budget, actor=actor)
    return "The budget was changed."


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """An action on a batch: who may run it, when it applies, and the function that runs it.

    ``verb`` returns a message, a batch to redirect to, or that the batch was deleted. ``done``
    ends “This batch cannot be …”.
    """

    label: str
    done: str
    title: str
    permission: str
    sources: frozenset[BatchStatus]
    verb: Callable[..., str | Batch | Deleted]
    form: type[NoChoice] = NoChoice
    button: str = ""
    tone: str = ""

    def is_offered(self, batch: Batch, user: Any) -> bool:
        """Tell whether the action applies now and the user may run it."""
        return batch.status in self.sources and user.has_perm(self.permission)


ACTIONS: dict[str, Action] = {
    "pause": Action(
        label="Pause",
        done="paused",
        title="Pause this batch?",
        permission="batchcalls.pause_batch",
        sources=BATCH_PAUSABLE,
        verb=_pause,
    ),
    "resume": Action(
        label="Resume",
        done="resumed",
        title="Resume calling?",
        permission="batchcalls.pause_batch",
        sources=BATCH_RESUMABLE,
        verb=_resume,
        tone="primary",
    ),
    "budget": Action(
        label="Change budget",
        done="given another budget",
        title="Change the budget of this batch",
        permission="batchcalls.launch_batch",
        sources=BATCH_CALLING | BATCH_RESUMABLE | {BatchStatus.READY},
        verb=_budget,
        form=BudgetForm,
    ),
    "retry": Action(
        label="Retry",
        done="retried",
        title="Retry recipients?",
        permission="batchcalls.launch_batch",
        sources=BATCH_REOPENABLE,
        verb=_retry,
        form=RetryForm,
    ),
    "clone": Action(
        label="Clone",
        done="cloned",
        title="Clone this batch?",
        permission="batchcalls.add_batch",
        sources=frozenset(BatchStatus),
        verb=_clone,
        form=CloneForm,
        button="Create draft",
    ),
    "rename": Action(
        label="Rename",
        done="renamed",
        title="Rename this batch",
        permission="batchcalls.change_batch",
        sources=frozenset(BatchStatus),
        verb=_rename,
        form=RenameForm,
    ),
    "cancel": Action(
        label="Cancel",
        done="canceled",
        title="Cancel this batch?",
        permission="batchcalls.cancel_batch",
        sources=BATCH_CANCELABLE - BATCH_DELETABLE,
        verb=_cancel,
        form=CancelForm,
        button="Cancel the batch",
        tone="danger",
    ),
    "delete_draft": Action(
        label="Delete",
        done="deleted",
        title="Delete this draft?",
        permission="batchcalls.cancel_batch",
        sources=BATCH_DELETABLE,
        verb=_delete,
        button="Delete draft",
        tone="danger",
    ),
}


def actions_for(batch: Batch, user: Any) -> list[tuple[str, Action]]:
    """Return the actions that the user may run on the batch now."""
    return [(name, one) for name, one in ACTIONS.items() if one.is_offered(batch, user)]


class BatchActionPages(OwnPages[Batch]):
    """Adds a page for each action."""

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of the actions."""
        return [
            *(
                self.at(f"<uuid:pk>/{name}/", self.action_view, name, {"name": name})
                for name in ACTIONS
            ),
            *super().get_urls(),
        ]

    def action_view(self, request: HttpRequest, pk: UUID, name: str) -> HttpResponse:
        """Show the effect in numbers, and run the action on confirmation."""
        action = ACTIONS[name]
        require(request.user, action.permission, "batchcalls.view_batch")
        batch = get_object_or_404(Batch, pk=pk)
        back = self.url_of("change", pk)
        if batch.status not in action.sources:
            refusal = lifecycle.Conflict(action.done, batch.status)
            self.message_user(request, str(refusal), messages.ERROR)
            return redirect(back)
        totals = totals_of([batch])[batch.pk]
        data = request.POST if request.method == "POST" else None

        def run(**choices: Any) -> Done:
            result = action.verb(batch, actor=actor_of(request), **choices)
            if isinstance(result, Deleted):
                return Done(f"The draft {result.name} was deleted.", self.url_of("changelist"))
            if isinstance(result, Batch):
                return Done(f"{result} is a draft now.", self.url_of("continue", result.pk))
            return Done(f"{batch}: {result}")

        return self.confirm(
            request,
            "batch/action",
            run,
            title=action.title,
            label=action.label,
            subject=batch,
            button=action.button,
            tone=action.tone,
            back=back,
            back_label="Back to the batch",
            form=action.form(
                data, totals=totals, initial={"name": batch.name, "budget": batch.budget}
            ),
            refusals=(lifecycle.Conflict, UploadError, FileNotFoundError, StorageAway),
            subtitle=batch.name,
            batch=batch,
            name=name,
            totals=totals,
        )
