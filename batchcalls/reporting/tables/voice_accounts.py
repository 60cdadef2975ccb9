"""The columns of the list of voice accounts."""

from __future__ import annotations

from typing import Any

import django_tables2
from django.contrib.humanize.templatetags.humanize import intcomma
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from batchcalls.database import clock
from batchcalls.models import VoiceAccount
from batchcalls.reporting import formatting
from batchcalls.reporting.tables.listing import ListTable
from batchcalls.reporting.waiting import held_message
from batchcalls.voice.prices import rate


def state_pill(account: VoiceAccount) -> SafeString | str:
    """Show whether an account is switched on."""
    if account.enabled:
        return formatting.pill("on", "On", "success")
    return formatting.pill("off", "Off", "danger")


def prices_of(account: VoiceAccount) -> list[str]:
    """Return what a call costs, or nothing for an account without prices."""
    prices = [
        (account.price_per_minute, "a minute"),
        (account.price_per_voicemail_minute, "a minute of voicemail"),
        (account.price_per_attempt, "an attempt"),
    ]
    return [f"{rate(price, account.currency)} {per}" for price, per in prices if price]


class VoiceAccountTable(ListTable):
    """Accounts, each with a ``live`` attribute. ``may_change`` decides which buttons are shown."""

    caption = "Voice accounts"

    name = django_tables2.Column("Account")
    state = django_tables2.Column("State", empty_values=())
    live = django_tables2.Column("Live now", attrs={"td": {"class": "nowrap"}})
    cps = django_tables2.Column("Calls per second", empty_values=())
    price = django_tables2.Column("Price", empty_values=())
    caller_ids = django_tables2.Column("Caller IDs", empty_values=())
    actions = django_tables2.Column("Actions", empty_values=())

    class Meta(ListTable.Meta):
        pass

    def __init__(self, *args: Any, may_change: bool, **kwargs: Any) -> None:
        exclude = () if may_change else ("actions",)
        super().__init__(*args, exclude=exclude, **kwargs)

    def render_name(self, record: VoiceAccount) -> SafeString:
        """Link to the account, with its provider below."""
        return format_html(
            '<span><a class="strong" href="{}">{}</a><span class="under">{}</span></span>',
            reverse("admin:batchcalls_voiceaccount_change", args=[record.pk]),
            record.name,
            record.get_provider_display(),
        )

    def render_state(self, record: VoiceAccount) -> SafeString | str:
        """Show whether the account is switched on, and until when it is on hold."""
        held = held_message(record, now=clock.now()) if record.enabled else ""
        if not held:
            return state_pill(record)
        held_pill = formatting.pill("held", "On hold", "warning")
        return format_html('<span>{}<span class="under">{}</span></span>', held_pill, held)

    def render_live(self, record: Any) -> str:
        """Show how many of its lines are in use."""
        return f"{intcomma(record.live)} of {intcomma(record.concurrency)}"

    def render_cps(self, record: VoiceAccount) -> str:
        """Show the rate, if there is one."""
        return "no limit" if record.cps is None else f"{record.cps:g}"

    def render_price(self, record: VoiceAccount) -> SafeString | str:
        """Show what a call costs."""
        prices = prices_of(record)
        if not prices:
            return "–"
        more = [format_html('<span class="under">{}</span>', price) for price in prices[1:]]
        return format_html("<span>{}{}</span>", prices[0], SafeString("".join(more)))

    def render_caller_ids(self, record: VoiceAccount) -> str:
        """Count the caller IDs."""
        count = record.caller_id_count  # type: ignore[attr-defined]
        return intcomma(count) if count else "none"

    def render_actions(self, record: VoiceAccount) -> SafeString:
        """Show the switch button. The next page explains its effect."""
        return format_html(
            '<a class="button small {}" href="{}">Switch {}'
            '<span class="visually-hidden">: {}</span></a>',
            "danger" if record.enabled else "",
            reverse("admin:batchcalls_voiceaccount_switch", args=[record.pk]),
            "off" if record.enabled else "on",
            record.name,
        )
