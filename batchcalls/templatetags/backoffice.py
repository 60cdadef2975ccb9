"""Template tags and filters from `reporting.formatting`, and for rendering lists and progress."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

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


@register.simple_tag
def open_batches_under(policy: CallingPolicy) -> int:
    """Return how many batches that are not over were made under a policy."""
    return Batch.objects.under(policy).count()


@register.simple_tag
def labeled_cells(cells: Any, headers: Any) -> SafeString:
    """Add the column's name to each cell of a row that Django rendered.

    On a phone each row of a list is a card that shows the name next to the value.
    """
    joined = []
    for cell, header in zip(cells, headers, strict=True):
        text: str = conditional_escape(cell)
        if text.startswith(("<td", "<th")) and "action-checkbox" not in header["class_attrib"]:
            label = format_html(' data-label="{}"', capfirst(header["text"]))
            text = text[:3] + label + text[3:]
        joined.append(text)
    return mark_safe("".join(joined))  # noqa: S308 - every part is escaped, or was rendered


@register.simple_tag(takes_context=True)
def webhook_address(context: Context, url: str) -> str:
    """Show an address of a webhook: behind its host only to people who may change endpoints."""
    may_change = context["request"].user.has_perm("batchcalls.change_webhookendpoint")
    return url if may_change else masked(url)
