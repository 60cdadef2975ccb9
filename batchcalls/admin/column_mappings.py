"""Column mappings: saved while creating a batch, and viewed, renamed and deleted here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from batchcalls.access.permissions import require
from batchcalls.admin.listing import Listing, listing_of
from batchcalls.admin.pages import Done, OwnPages, row_or_404
from batchcalls.admin.wizard.columns import TARGETS
from batchcalls.lists.mapping import VARIABLES, ListMapping, MappingError, Target
from batchcalls.reporting.filters.column_mappings import ColumnMappingFilter
from batchcalls.reporting.tables.column_mappings import ColumnMappingTable
from campaigns import call_settings
from campaigns.models import ColumnMapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A column for display: its header, what it maps to, and that target's name."""

    header: str
    becomes: str
    name: str
    is_ignored: bool


class RenameForm(forms.ModelForm[ColumnMapping]):
    """The unique name of a mapping."""

    class Meta:
        model = ColumnMapping
        fields = ["name"]


def lines_of(mapping: ColumnMapping) -> list[Line]:
    """Return the columns in order. Raise `MappingError` for a mapping that cannot be read."""
    return [
        Line(
            header=column.label,
            becomes=dict(TARGETS)[column.target],
            name=_name(column.target, column.name),
            is_ignored=column.target == Target.IGNORE,
        )
        for column in ListMapping.from_list(mapping.columns).columns
    ]


def _name(target: Target, name: str) -> str:
    """Return the name as it is used: a variable in its braces, a setting by its label."""
    if target in VARIABLES and name:
        return "{{" + name + "}}"
    setting = call_settings.REGISTRY.get(name) if target == Target.CALL_SETTING else None
    return setting.label if setting else name


@admin.register(ColumnMapping)
class ColumnMappingAdmin(OwnPages[ColumnMapping]):
    """Does not offer adding: a mapping needs a list whose columns are matched."""

    list_label = "Column mappings"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: mappings are saved while matching a batch's columns."""
        return False

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show one page of mappings, sorted by name."""
        require(request.user, "campaigns.view_columnmapping")
        listing: Listing[ColumnMapping] = listing_of(
            request,
            ColumnMapping.objects.select_related("created_by"),
            ColumnMappingFilter,
            order=("name", "pk"),
            ascending=True,
        )
        return self.list_page(request, listing, ColumnMappingTable(listing.page.rows))

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show what each column maps to, and rename the mapping."""
        require(request.user, "campaigns.view_columnmapping")
        mapping = _mapping(object_id)
        may_change = request.user.has_perm("campaigns.change_columnmapping")
        if request.method == "POST":
            require(request.user, "campaigns.change_columnmapping")
        name = mapping.name
        form = RenameForm(request.POST if request.method == "POST" else None, instance=mapping)
        if form.is_valid():
            if form.has_changed():
                with transaction.atomic():
                    ColumnMapping.objects.filter(pk=mapping.pk).update(name=mapping.name)
                    message = f"Renamed from “{name}” to “{mapping.name}”."
                    self.log_change(request, mapping, message)
            self.message_user(request, f"It is called {mapping.name} now.", messages.SUCCESS)
            return redirect(self.url_of("change", mapping.pk))
        try:
            lines, problem = lines_of(mapping), ""
        except MappingError as error:
            lines, problem = [], str(error)
        same = ColumnMapping.objects.filter(headers_key=mapping.headers_key)
        return self.page(
            request,
            "columnmapping/change_form",
            name,
            mapping=mapping,
            lines=lines,
            problem=problem,
            form=form if may_change else None,
            newer=same.filter(created_at__gt=mapping.created_at).order_by("-created_at").first(),
        )

    def delete_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Explain what deleting means, and delete the mapping on confirmation."""
        require(request.user, "campaigns.delete_columnmapping")
        mapping = _mapping(object_id)
        may_look = request.user.has_perm("campaigns.view_columnmapping")

        @transaction.atomic
        def delete() -> Done:
            self.log_deletions(request, ColumnMapping.objects.filter(pk=mapping.pk))
            mapping.delete()
            to = self.url_of("changelist") if may_look else reverse("admin:index")
            return Done(f"The mapping {mapping.name} is deleted.", to)

        return self.confirm(
            request,
            "columnmapping/delete_confirmation",
            delete,
            title=f"Delete {mapping.name}?",
            label="Delete",
            subject=mapping,
            button="Delete the mapping",
            tone="danger",
            back=self.url_of("change", mapping.pk),
            back_label="Keep it",
            may_look=may_look,
        )


def _mapping(object_id: str) -> ColumnMapping:
    rows = ColumnMapping.objects.select_related("created_by")
    return row_or_404(rows, object_id)
