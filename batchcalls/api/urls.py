"""The URLs of the API."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView
from rest_framework.routers import SimpleRouter

from batchcalls.api import (
    accounts,
    allowed_hosts,
    audit_entries,
    batches,
    calls,
    campaigns,
    do_not_call,
    pathways,
    recipients,
    rules,
    webhooks,
)
from batchcalls.api.docs import ApiDocs, ApiSchema
from batchcalls.api.unknown_urls import nowhere

router = SimpleRouter(trailing_slash=False)
router.register("batches", batches.Batches, "batch")
router.register("batches/(?P<batch_id>[^/]+)/recipients", recipients.Recipients, "recipient")
router.register("batches/(?P<batch_id>[^/]+)/events", recipients.Events, "event")
router.register("calls", calls.Calls, "call")
router.register("campaigns", campaigns.Campaigns, "campaign")
router.register("pathways", pathways.Pathways, "pathway")
router.register("tools", pathways.Tools, "tool")
router.register("policies", campaigns.Policies, "policy")
router.register("do-not-call", do_not_call.DoNotCall, "do-not-call")
router.register("webhook-endpoints", webhooks.Endpoints, "webhook-endpoint")
router.register("allowed-hosts", allowed_hosts.AllowedHosts, "allowed-host")
router.register("webhook-deliveries", webhooks.Deliveries, "webhook-delivery")
router.register("accounts", accounts.Accounts, "account")
router.register("audit-entries", audit_entries.AuditEntries, "audit-entry")

v1: list[URLPattern | URLResolver] = [
    path("me", accounts.Me.as_view({"get": "show"}), name="me"),
    path("rules", rules.Rules.as_view({"get": "packs"}), name="rules"),
    path("rules/check", rules.Rules.as_view({"get": "check"}), name="rules-check"),
    *router.urls,
    re_path(r"", nowhere),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/", include((v1, "v1"))),
    path("schema/", ApiSchema.as_view(), name="schema"),
    path("docs/", ApiDocs.as_view(), name="docs"),
    # As people type them.
    path("schema", RedirectView.as_view(pattern_name="api:schema")),
    path("docs", RedirectView.as_view(pattern_name="api:docs")),
]
