"""Rule packs, and what the rules say about a number."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from batchcalls.access.permissions import Need
from batchcalls.api.fields import Strict
from batchcalls.api.views import ApiView
from batchcalls.database import clock
from batchcalls.models import Scope
from batchcalls.reporting import rule_checks
from campaigns import e164
from campaigns.models import RulePackSwitch
from campaigns.rules.packs import packs
from campaigns.vocabulary import Purpose


class RuleEntrySerializer(serializers.Serializer[Any]):
    """A rule of one country or state."""

    id = serializers.CharField(help_text="ID of the entry within its pack.")
    place = serializers.CharField(help_text="Country or state, such as US-FL.")
    purposes = serializers.ListField(
        child=serializers.ChoiceField(choices=Purpose.choices),
        help_text="Purposes of calls that it applies to.",
    )
    rules = serializers.ListField(
        child=serializers.CharField(),
        source="rules_in_words",
        help_text="Hours, caps, and consent, as people read them.",
    )
    note = serializers.CharField(allow_blank=True, help_text="What else to know about it.")
    source = serializers.CharField(  # type: ignore[assignment]
        help_text="The law or the page that it is based on."
    )
    as_of = serializers.DateField(help_text="The day on which the source was read.")
    effective = serializers.DateField(allow_null=True, help_text="The first day it holds.")
    verified = serializers.BooleanField(help_text="False if sources disagree or are weak.")
    enforced = serializers.BooleanField(help_text="False if it is information only.")
    switched_off = serializers.SerializerMethodField(
        help_text="Whether a person switched off the entry or its pack."
    )

    def get_switched_off(self, entry: Any) -> bool:
        """Return whether the entry or its pack is off."""
        off: frozenset[str] = self.context["off"]
        return entry.pack in off or entry.key in off


class RulePackSerializer(serializers.Serializer[Any]):
    """The calling rules of one country."""

    code = serializers.CharField(help_text="Country code of the pack, such as `us`.")
    name = serializers.CharField(help_text="Name of the pack.")
    version = serializers.CharField(help_text="Version of the pack.")
    entries = RuleEntrySerializer(many=True, help_text="Its rules.")


class RulePacksSerializer(serializers.Serializer[Any]):
    """All rule packs."""

    packs = RulePackSerializer(many=True, help_text="A pack for each country.")


class CheckQuery(Strict, serializers.Serializer[Any]):
    number = serializers.CharField(max_length=40, help_text="The number to check.")
    purpose = serializers.ChoiceField(
        choices=Purpose.choices, default=Purpose.MARKETING, help_text="Why the person is called."
    )
    at = serializers.DateTimeField(required=False, help_text="When; now by default.")
    postcode = serializers.CharField(
        required=False,
        default="",
        max_length=20,
        allow_blank=True,
        help_text="Postcode of the person. A US ZIP code gives the time zone.",
    )
    state = serializers.CharField(
        required=False,
        default="",
        max_length=40,
        allow_blank=True,
        help_text="State or province of the person, by code or name.",
    )


class RuleAnswerSerializer(serializers.Serializer[Any]):
    """The verdict of one rule."""

    rule = serializers.CharField(help_text="The rule in words.")
    answer = serializers.CharField(help_text="Its verdict, and what it is based on.")


class RuleCheckSerializer(serializers.Serializer[Any]):
    """Whether a number may be called."""

    phone_number = serializers.CharField(source="e164", help_text="The number in E.164.")
    purpose = serializers.ChoiceField(
        choices=Purpose.choices, help_text="The purpose that was checked."
    )
    at = serializers.DateTimeField(help_text="The moment that was checked.")
    places = serializers.ListField(
        child=serializers.CharField(), help_text="Countries and states it may be in."
    )
    time_zones = serializers.ListField(
        child=serializers.CharField(),
        source="whereabouts.zones",
        help_text="Time zones it may be in (IANA names).",
    )
    allowed = serializers.BooleanField(help_text="Whether all rules allow the call.")
    opens_at = serializers.DateTimeField(
        allow_null=True, help_text="When all rules allow the call; null for never."
    )
    rules = RuleAnswerSerializer(
        many=True,
        source="answers",
        help_text="The rules' verdicts; if the call is not allowed, the last one is the reason.",
    )
    consent = serializers.ListField(
        child=serializers.CharField(),
        source="consent_in_words",
        help_text="The consent that such calls need. The check assumes that there is consent.",
    )


class Rules(ApiView):
    """Rule packs: calling rules of countries and states. Not legal advice."""

    pagination_class = None
    filter_backends = []
    own_parameters = {"check": tuple(CheckQuery().fields)}
    queryset = RulePackSwitch.objects.none()
    needs = {
        "packs": Need(Scope.CAMPAIGNS_READ, "campaigns.view_rulepackswitch"),
        "check": Need(Scope.CAMPAIGNS_READ, "campaigns.view_rulepackswitch"),
    }
    problems = {"check": (400,)}

    @extend_schema(responses=RulePacksSerializer)
    def packs(self, request: Request) -> Response:
        """List the rule packs.

        Each entry has its source and date, and whether it is switched off.
        """
        off = RulePackSwitch.objects.keys(clock.now())
        found = RulePacksSerializer({"packs": packs().values()}, context={"off": off})
        return Response(found.data)

    @extend_schema(parameters=[CheckQuery], responses=RuleCheckSerializer)
    def check(self, request: Request) -> Response:
        """Check whether a number may be called.

        Answers with the rules for calls through accounts that ring people, without a policy.
        """
        query = CheckQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        number = e164.parse(asked["number"], region=settings.DEFAULT_REGION)
        if isinstance(number, e164.NumberProblem):
            raise ValidationError({"number": [number.message]})
        try:
            found = rule_checks.check(
                number,
                purpose=Purpose(asked["purpose"]),
                at=asked.get("at") or clock.now(),
                postcode=asked["postcode"],
                state=asked["state"],
            )
        except ValueError as error:
            raise ValidationError({"at": [str(error)]}) from error
        return Response(RuleCheckSerializer(found).data)
