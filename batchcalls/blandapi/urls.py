"""The URLs that clients know."""

from __future__ import annotations

from django.urls import URLPattern, path, re_path

from batchcalls.access import origins
from batchcalls.blandapi import (
    accounts,
    batch_calls,
    batch_logs,
    batches,
    call_events,
    calls,
    postcall,
    recording,
)
from batchcalls.blandapi.views import unknown

urlpatterns: list[URLPattern] = [
    # The endpoints of both generations accept both forms of a batch, under either path.
    path("v1/batches", batches.batches),
    path("v2/batches", batches.batches),
    path("v1/batches/create", batches.create),
    path("v2/batches/create", batches.create),
    path("v2/batches/list", batches.list_v2),
    path("v1/batches/<str:batch_id>", batch_calls.details),
    path("v2/batches/<str:batch_id>", batches.details_v2),
    path("v2/batches/<str:batch_id>/logs", batch_logs.logs),
    path("v1/batches/<str:batch_id>/stop", batches.stop_v1),
    path("v2/batches/<str:batch_id>/stop", batches.stop_v2),
    path("v1/batches/<str:batch_id>/analyze", batch_calls.analyze),
    path("v1/batches/<str:batch_id>/analysis", batch_calls.analyses),
    # Addresses of earlier versions, which programs still use.
    path("v1/call", calls.send),
    path("call", calls.send),
    path("batch", batches.create),
    path("logs", calls.details_of_body),
    path("end", calls.stop_of_body),
    path("v1/calls", calls.calls),
    path("v1/calls/active", calls.active),
    path("v1/calls/active/stop", calls.stop_active),
    path("v1/calls/<str:call_id>", calls.details),
    path("v1/calls/<str:call_id>/stop", calls.stop_call),
    path("v1/calls/<str:call_id>/analyze", calls.analyze),
    path("v1/calls/<str:call_id>/correct", calls.correct),
    path("v1/calls/<str:call_id>/recording", recording.recording_or_place),
    path("v1/calls/<str:call_id>/events", call_events.events),
    path("v1/event_stream/<str:call_id>", call_events.events),
    path("v1/recordings/<str:call_id>", recording.recording),
    path("v1/postcall/webhooks/resend", postcall.resend),
    path("v1/postcall/webhooks/create", postcall.create),
    path("v1/postcall/webhooks/<str:call_id>", postcall.log),
    path("v1/me", accounts.me),
    path("v1/voices", accounts.voices),
    re_path(f"^{origins.BLAND_API}", unknown),
]
