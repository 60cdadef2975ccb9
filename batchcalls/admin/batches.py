"""Batches: every page and action."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from batchcalls.admin.batch_actions import BatchActionPages
from batchcalls.admin.batch_files import BatchFilesAdmin
from batchcalls.admin.batch_list import BatchListPage
from batchcalls.admin.batch_page import BatchPages
from batchcalls.admin.wizard.columns import ColumnsStep
from batchcalls.admin.wizard.review import ReviewStep
from batchcalls.admin.wizard.state import StepState
from batchcalls.admin.wizard.upload import UploadStep
from batchcalls.admin.wizard.voice_list import VoiceList
from batchcalls.models import Batch


@admin.register(Batch)
class BatchAdmin(
    BatchListPage,
    BatchPages,
    BatchActionPages,
    UploadStep,
    ColumnsStep,
    ReviewStep,
    StepState,
    VoiceList,
    BatchFilesAdmin,
):
    """Combines the list, the page, the actions, the files, and the steps of creating a batch."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse, because the result of every accepted call is kept."""
        return False
