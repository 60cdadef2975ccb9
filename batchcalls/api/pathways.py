"""Pathways and tools, which exist at the voice provider and are named here."""

from __future__ import annotations

from rest_framework import serializers

from batchcalls.access.permissions import Need
from batchcalls.api.fields import Strict, help_texts
from batchcalls.api.filters import PathwayFilter, ToolFilter
from batchcalls.api.views import ApiView, Changed, Created, Deleted, Listed
from batchcalls.models import Scope
from campaigns.call_settings.sensitivity import Sensitivity
from campaigns.models import Pathway, Tool
from campaigns.setting_permissions import PERMISSIONS

#: What is said depends on them.
CONVERSATION = PERMISSIONS[Sensitivity.CONVERSATION]
_NOTE = "A note for your team; the agent is not told."


def needs_of(model: str, *to_write: str) -> dict[str, Need]:
    """Return the permissions that each action on a model of `campaigns` needs."""
    read, write = Scope.CAMPAIGNS_READ, Scope.CAMPAIGNS_WRITE
    return {
        "list": Need(read, f"campaigns.view_{model}"),
        "retrieve": Need(read, f"campaigns.view_{model}"),
        "create": Need(write, f"campaigns.add_{model}", *to_write),
        "partial_update": Need(write, f"campaigns.change_{model}", *to_write),
        "destroy": Need(write, f"campaigns.delete_{model}"),
    }


class PathwaySerializer(Strict, serializers.ModelSerializer[Pathway]):
    """A conversation graph at the voice provider."""

    class Meta:
        model = Pathway
        fields = ["id", "name", "pathway_id", "version", "variables", "description", "created_at"]
        extra_kwargs = help_texts(description=_NOTE)


class ToolSerializer(Strict, serializers.ModelSerializer[Tool]):
    """A tool or knowledge base at the voice provider."""

    class Meta:
        model = Tool
        fields = ["id", "name", "reference", "description", "created_at"]
        extra_kwargs = help_texts(
            reference="Its ID at the provider, such as `TL-…` or `KB-…`.", description=_NOTE
        )


class Pathways(Listed, Created, Changed, Deleted, ApiView):
    """Conversation graphs at the voice provider."""

    queryset = Pathway.objects.all()
    serializer_class = PathwaySerializer
    filter_class = PathwayFilter
    needs = needs_of("pathway", CONVERSATION)
    problems = {"create": (409,), "partial_update": (409,), "destroy": (409,)}


class Tools(Listed, Created, Changed, Deleted, ApiView):
    """Tools and knowledge bases at the voice provider."""

    queryset = Tool.objects.all()
    serializer_class = ToolSerializer
    filter_class = ToolFilter
    needs = needs_of("tool", CONVERSATION)
    problems = {"create": (409,), "partial_update": (409,)}
