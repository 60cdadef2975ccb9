"""Template tags and filters from `reporting.formatting`, and for rendering lists and progress."""

from __future__ import annotations

from django import template
from django.contrib.admin.helpers import AdminReadonlyField
from django.template import Context

from batchcalls.calling import voices
from batchcalls.intake import known_variables
from batchcalls.models import Batch
from batchcalls.net.addresses import masked
from batchcalls.reporting import formatting
from campaigns.models import CallingPolicy
from campaigns.vocabulary import outcome_in_words

register = template.Library()

for tag in (
    formatting.pill,
    formatting.batch_pill,
    formatting.ago,
    formatting.at,
    formatting.copy_id,
):
    register.simple_tag(tag)
register.inclusion_tag("batchcalls/progress.html")(formatting.progress)
for text in (formatting.duration, formatting.money, formatting.words, formatting.share):
    register.filter(text)
register.filter(outcome_in_words)
register.simple_tag(known_variables.of_saved_mappings, name="columns_of_saved_mappings")
register.simple_tag(voices.known, name="known_voices")


@register.simple_tag
def open_batches_under(policy: CallingPolicy) -> int:
    """Return how many batches that are not over were made under a policy."""
    return Batch.objects.under(policy).count()


@register.simple_tag
def shown_value(field: AdminReadonlyField) -> str:
    """Return the value of a field that the user cannot change; yes and no as words."""
    value = getattr(field.form.instance, str(field.field["field"]), None)
    return ("Yes" if value else "No") if isinstance(value, bool) else field.contents()


@register.simple_tag(takes_context=True)
def webhook_address(context: Context, url: str) -> str:
    """Show an address of a webhook: behind its host only to people who may change endpoints."""
    may_change = context["request"].user.has_perm("batchcalls.change_webhookendpoint")
    return url if may_change else masked(url)
