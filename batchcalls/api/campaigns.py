"""Campaigns and calling policies."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError as ModelInvalid
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from batchcalls.access.permissions import Need
from batchcalls.api.fields import CallSettingsField, ClockTimeField, Strict, help_texts
from batchcalls.api.filters import CampaignFilter, PolicyFilter
from batchcalls.api.pathways import needs_of
from batchcalls.api.views import ApiView, Changed, Created, Deleted, Listed
from batchcalls.drafting.authority import SettingsDenied
from batchcalls.models import Scope
from campaigns import call_settings
from campaigns.caps import POLICY_CAPS
from campaigns.models import CallingPolicy, Campaign, PolicyRetryRule
from campaigns.setting_permissions import refused_changes, values_of_campaign


class CampaignSerializer(Strict, serializers.ModelSerializer[Campaign]):
    """What is said, and under which rules."""

    call_settings = CallSettingsField(required=False)

    class Meta:
        model = Campaign
        fields = [
            "id",
            "name",
            "purpose",
            "prompt",
            "pathway",
            "tools",
            "call_settings",
            "policy",
            "opt_out_outcomes",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["created_at", "updated_at"]
        extra_kwargs = help_texts(
            purpose="Why people are called. It decides which consent is required.",
            pathway="ID of the pathway, instead of a prompt; null for none.",
            policy="ID of the calling policy; null for none.",
        )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Validate by the model: a prompt with closed braces, or a pathway, and not both."""
        columns = {name: value for name, value in attrs.items() if name != "tools"}
        row = Campaign(**columns)
        if self.instance is not None:
            for name in ("prompt", "pathway", "purpose"):
                if name not in attrs:
                    setattr(row, name, getattr(self.instance, name))
        try:
            row.clean()
            row.validate_constraints(exclude={"name"})
        except ModelInvalid as error:
            raise serializers.ValidationError(serializers.as_serializer_error(error)) from error
        self._require_classes(attrs)
        return attrs

    def _require_classes(self, attrs: dict[str, Any]) -> None:
        """Raise `SettingsDenied` for what the key's owner may not set in a campaign."""
        old = self.instance
        before = (
            values_of_campaign(old.prompt, old.pathway, old.settings_for_calls()) if old else {}
        )
        of_old: dict[str, Any] = (
            {name: getattr(old, name) for name in ("prompt", "pathway", "call_settings")}
            if old
            else {}
        )
        now = {**of_old, **attrs}
        tools = attrs.get("tools", old.tools.all() if old else [])
        after = values_of_campaign(
            now.get("prompt", ""),
            now.get("pathway"),
            call_settings.normalize_shared(now.get("call_settings", {})).values,
            [tool.reference for tool in tools],
        )
        refused = list(refused_changes(self.context["request"].user, after, before))
        if refused:
            raise SettingsDenied(" ".join(one.message for one in refused), refused)


class Campaigns(Listed, Created, Changed, Deleted, ApiView):
    """Conversations and their rules: a prompt or a pathway, call settings, a calling policy.

    A batch copies its campaign when it is created. Later changes do not affect it.
    """

    queryset = Campaign.objects.prefetch_related("tools")
    filter_class = CampaignFilter
    serializer_class = CampaignSerializer
    needs = needs_of("campaign")
    problems = {"create": (409,), "partial_update": (409,)}


class WindowSerializer(serializers.Serializer[Any]):
    """Hours of a weekday in which people may be called, in their time zone."""

    weekday = serializers.IntegerField(help_text="0 is Monday.")
    opens_at = ClockTimeField(help_text="From when people may be called.")
    closes_at = ClockTimeField(help_text="Exclusive; 00:00 is the end of the day.")


class BlackoutSerializer(serializers.Serializer[Any]):
    """A day without calls."""

    date = serializers.DateField(help_text="The day, in the recipient's time zone.")
    reason = serializers.CharField(help_text="Why, such as a holiday.")


class RetryRuleSerializer(serializers.ModelSerializer[PolicyRetryRule]):
    """Whether and when recipients are called again after an outcome."""

    waits = serializers.ListField(
        child=serializers.IntegerField(),
        read_only=True,
        help_text="Seconds before the first retries; later ones wait `wait_seconds`.",
    )

    class Meta:
        model = PolicyRetryRule
        fields = ["outcome", "max_retries", "wait_seconds", "waits"]
        extra_kwargs = help_texts(
            outcome="The outcome that is retried.",
            max_retries="How many retries follow it at most.",
            wait_seconds="Seconds before a retry.",
        )


class PolicySerializer(serializers.ModelSerializer[CallingPolicy]):
    """When recipients may be called, and how often calls are retried."""

    calling_windows = WindowSerializer(
        many=True, read_only=True, help_text="When people may be called."
    )
    blackout_dates = BlackoutSerializer(many=True, read_only=True, help_text="Days without calls.")
    retry_rules = RetryRuleSerializer(many=True, read_only=True, help_text="What is retried.")
    calling_hours_restricted = serializers.SerializerMethodField()

    class Meta:
        model = CallingPolicy
        fields = [
            "id",
            "name",
            "description",
            "consent_required",
            "calling_hours_restricted",
            "calling_windows",
            "blackout_dates",
            "retry_rules",
            "max_total_retries",
            "retry_another_hour",
            *POLICY_CAPS,
            "when_capped",
            "created_at",
        ]
        read_only_fields = fields
        extra_kwargs = help_texts(description="A note for your team.")

    @extend_schema_field(bool)
    def get_calling_hours_restricted(self, policy: CallingPolicy) -> bool:
        """False without windows: every hour is open. Otherwise days without a window are closed."""
        return bool(policy.calling_windows.all())


class Policies(Listed, ApiView):
    """When recipients may be called, and how often calls are retried. Edited in the back office."""

    queryset = CallingPolicy.objects.prefetch_related(
        "calling_windows", "blackout_dates", "retry_rules"
    )
    serializer_class = PolicySerializer
    filter_class = PolicyFilter
    needs = {
        "list": Need(Scope.CAMPAIGNS_READ, "campaigns.view_callingpolicy"),
        "retrieve": Need(Scope.CAMPAIGNS_READ, "campaigns.view_callingpolicy"),
    }
