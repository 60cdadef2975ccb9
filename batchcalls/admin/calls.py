"""Call results: each attempt, from "about to dial" to transcript."""

from __future__ import annotations

from django.contrib import admin

from batchcalls.admin.call_log import CallLogPage
from batchcalls.admin.call_page import CallPage
from batchcalls.admin.calling_again import CallAgainPage
from batchcalls.admin.readonly import NobodyWrites
from batchcalls.admin.settling import SettlingPage
from batchcalls.models import CallResult


@admin.register(CallResult)
class CallResultAdmin(NobodyWrites, CallLogPage, CallPage, CallAgainPage, SettlingPage):
    """The log, the page of a call, and those that repeat a call or settle an unconfirmed one."""
