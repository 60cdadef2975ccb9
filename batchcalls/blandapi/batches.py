"""Batches: sent, listed, read, stopped and analyzed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import JsonResponse

from batchcalls.access.permissions import Need
from batchcalls.batches import lifecycle
from batchcalls.blandapi import (
    batch_bodies,
    batch_shapes,
    call_list,
    query_values,
    sending,
)
from batchcalls.blandapi.batch_bodies import BatchOrder
from batchcalls.blandapi.errors import Refused, not_found
from batchcalls.blandapi.views import Action, Asked, door
from batchcalls.models import Batch, Scope
from batchcalls.models.querysets import BatchQuerySet
from batchcalls.states import BatchStatus
from campaigns.call_settings import without_secrets

READ = Need(Scope.BATCHES_READ, "batchcalls.view_batch")
READ_ROWS = Need(Scope.BATCHES_READ, "batchcalls.view_batch", "batchcalls.view_recipient")
WRITE = Need(Scope.BATCHES_WRITE, "batchcalls.add_batch")
LAUNCH = Need(Scope.BATCHES_CONTROL, "batchcalls.launch_batch")
STOP = Need(Scope.BATCHES_CONTROL, "batchcalls.cancel_batch")
MOST_V1, DEFAULT_V2, MOST_V2 = 1_000, 50, 1_000
_CHUNK = 500


def find(batch_id: str) -> Batch:
    """Return the batch with an id. Raise `Refused` if there is none."""
    try:
        identifier = UUID(batch_id)
    except ValueError:
        raise not_found("batch") from None
    batch = Batch.objects.select_related("campaign", "account").filter(pk=identifier).first()
    if batch is None:
        raise not_found("batch")
    return batch


def _create(asked: Asked) -> JsonResponse:
    """Send a batch. The response fits clients of both generations."""
    LAUNCH.require(asked.key)
    order = batch_bodies.read(asked.body)
    batch = sending.send_batch(order, actor=asked.actor)
    answer: dict[str, Any] = {
        "status": "success",
        "message": "success",
        "batch_id": str(batch.pk),
        "data": {"batch_id": str(batch.pk)},
        "errors": None,
        "warnings": order.warnings,
    }
    if order.test_mode:
        answer["test_mode"] = _diagnostics(order, batch)
    return JsonResponse(answer)


def _diagnostics(order: BatchOrder, batch: Batch) -> dict[str, Any]:
    """Return what test mode reports: how the request was understood."""
    return {
        "calls_given": order.calls_given,
        "calls_sent": len(order.recipients),
        "call": without_secrets(order.recipients[0]),
        "base_prompt": batch.prompt,
        "pathway_id": batch.pathway_id or None,
        "persona_id": batch.conversation.persona_id or None,
        "agent_id": batch.conversation.agent_id or None,
        "call_params": batch_shapes.batch_v1(batch, id_name="id")["call_params"],
        "voice_account": batch.account.name,
    }


def _sent() -> BatchQuerySet[Batch]:
    """Return what clients call batches: no drafts, and no single calls."""
    rows = Batch.objects.exclude(status=BatchStatus.DRAFT).filter(single_call_id=None)
    return rows.select_related("campaign")


def _list(asked: Asked) -> JsonResponse:
    query = asked.http.GET
    first = query_values.integer(query, "from", default=0)
    behind = query_values.integer(query, "to", default=query_values.MOST_INDEX)
    limit = query_values.integer(query, "limit", default=MOST_V1, most=MOST_V1)
    rows = _sent()
    if campaign := query.get("campaign_id", "").strip().replace("\x00", ""):
        rows = rows.filter(call_list.of_campaign(campaign, ""))
    ascending = query_values.boolean(query, "ascending")
    rows = rows.order_by(*(("created_at", "pk") if ascending else ("-created_at", "-pk")))
    found = rows[first : first + max(0, min(limit, behind - first))]
    batches = [batch_shapes.batch_v1(batch, id_name="batch_id") for batch in found]
    return JsonResponse({"status": "success", "batches": batches})


def _list_v2(asked: Asked) -> JsonResponse:
    take, skip = page(asked)
    batches = list(_sent().order_by("-created_at", "-pk")[skip : skip + take])
    first = batch_shapes.previews(batches, rows=batch_shapes.PREVIEW)
    data = [batch_shapes.batch_v2(batch, first[batch.pk]) for batch in batches]
    return JsonResponse({"data": data, "errors": None})


def page(asked: Asked) -> tuple[int, int]:
    """Return the number of rows to return, and the number to skip."""
    query = asked.http.GET
    take = query_values.integer(query, "take", default=DEFAULT_V2, least=1, most=MOST_V2)
    return take, query_values.integer(query, "skip", default=0)


def _details_v2(asked: Asked, batch_id: str) -> JsonResponse:
    batch = find(batch_id)
    rows = batch_shapes.previews([batch], rows=batch_shapes.LONG_PREVIEW)[batch.pk]
    counted = batch_shapes.counters(batch_shapes.totals_of(batch))
    data = {**batch_shapes.batch_v2(batch, rows), **counted}
    return JsonResponse({"data": data, "errors": None})


def _stop(asked: Asked, batch_id: str, *, hang_up: bool) -> JsonResponse:
    batch = find(batch_id)
    totals = batch_shapes.totals_of(batch)
    try:
        lifecycle.cancel(batch, actor=asked.actor, hang_up=hang_up)
    except lifecycle.Conflict as error:
        raise Refused(409, "BATCH_OVER", str(error), num_calls=0, batch_id=str(batch.pk)) from error
    return JsonResponse(
        {
            "status": "success",
            "message": "Successfully stopped batch",
            "num_calls": totals.waiting + (totals.live if hang_up else 0),
            "batch_id": str(batch.pk),
            "data": None,
            "errors": None,
        }
    )


def _stop_v1(asked: Asked, batch_id: str) -> JsonResponse:
    """Stop a batch and end its live calls, as documented for the first generation."""
    return _stop(asked, batch_id, hang_up=True)


def _stop_v2(asked: Asked, batch_id: str) -> JsonResponse:
    """Stop a batch. Live calls end normally."""
    return _stop(asked, batch_id, hang_up=False)


_SEND = Action(view=_create, need=WRITE, once=True, lists=batch_bodies.LISTS)
batches = door(GET=Action(view=_list, need=READ), POST=_SEND)
create = door(POST=_SEND)
list_v2 = door(GET=Action(view=_list_v2, need=READ_ROWS))
details_v2 = door(GET=Action(view=_details_v2, need=READ_ROWS))
stop_v1 = door(POST=Action(view=_stop_v1, need=STOP, is_bodiless=True))
stop_v2 = door(POST=Action(view=_stop_v2, need=STOP, is_bodiless=True))
