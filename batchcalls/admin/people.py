"""Users and groups: Django's pages, with check boxes for roles.

Screen readers cannot read the labels of Django's own widget for many choices.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm
from django.contrib.auth.models import Group, User
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.shortcuts import redirect

from batchcalls.access import api_keys, audit, two_step
from batchcalls.models import SignIn

admin.site.unregister([User, Group])

PERMISSIONS_SHOWN = 14


def _widget_of(db_field: Any) -> Any:
    """Choose a widget by the number of choices."""
    if db_field.name == "groups":
        return forms.CheckboxSelectMultiple
    return forms.SelectMultiple(attrs={"size": PERMISSIONS_SHOWN})


class SetPasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]
    """Sets someone else's password."""

    must_change = forms.BooleanField(
        label="Ask for a new password at the next sign-in", required=False, initial=True
    )
    revoke_keys = forms.BooleanField(label="Revoke this person's API keys", required=False)

    def save(self, commit: bool = True) -> User:
        """Store the password, and what else was chosen."""
        user: User = super().save(commit)
        must_change = self.cleaned_data["must_change"] and user.has_usable_password()
        SignIn.objects.update_or_create(user=user, defaults={"must_change_password": must_change})
        if self.cleaned_data["revoke_keys"]:
            api_keys.revoke_all_of(user)
        return user


@admin.register(User)
class PersonAdmin(UserAdmin[User]):
    filter_horizontal = ()
    change_password_form = SetPasswordForm
    change_user_password_template = "admin/auth/user/set_password.html"  # noqa: S105 - a template
    list_display = [
        *("username", "full_name", "roles", "is_active", "is_superuser", "two_step", "last_login")
    ]
    list_filter = ["groups", "is_active", "is_superuser"]
    show_facets = admin.ShowFacets.NEVER
    readonly_fields = ["last_login", "date_joined"]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Use check boxes, or a select list for many choices."""
        kwargs["widget"] = _widget_of(db_field)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Prefetch the groups of all users, and how they sign in."""
        users = super().get_queryset(request)
        return users.select_related("sign_in").prefetch_related("groups")

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Ask a new person to choose their own password at their first sign-in."""
        super().save_model(request, obj, form, change)
        if not change and obj.has_usable_password():
            SignIn.objects.update_or_create(user=obj, defaults={"must_change_password": True})

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        """Set someone else's password. One's own takes the current one."""
        if id == str(request.user.pk) and self.has_change_permission(request):
            return redirect("admin:password_change")
        person = self.get_object(request, id)
        if person is None:
            return super().user_change_password(request, id, form_url)
        with audit.changing(person, note="Password"):
            return super().user_change_password(request, id, form_url)

    @admin.display(description="Two-step", boolean=True)
    def two_step(self, user: User) -> bool:
        """Return whether the user signs in with a code after the password."""
        return two_step.is_on(user)

    @admin.display(description="Name")
    def full_name(self, user: User) -> str:
        """Return the first and last name."""
        return user.get_full_name()

    @admin.display(description="Groups")
    def roles(self, user: User) -> str:
        """Return the names of the user's groups."""
        return ", ".join(group.name for group in user.groups.all())


@admin.register(Group)
class RoleAdmin(GroupAdmin):
    filter_horizontal = ()
    list_display = ["name", "people", "permission_count"]

    def formfield_for_manytomany(self, db_field: Any, request: Any = None, **kwargs: Any) -> Any:
        """Use a select list."""
        kwargs["widget"] = _widget_of(db_field)
        return super().formfield_for_manytomany(db_field, request=request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        """Annotate the numbers of people and permissions."""
        people, rights = Count("user", distinct=True), Count("permissions", distinct=True)
        return super().get_queryset(request).annotate(people=people, rights=rights)

    @admin.display(description="People", ordering="people")
    def people(self, group: Any) -> int:
        """Return the number of people in the group."""
        return int(group.people)

    @admin.display(description="Permissions", ordering="rights")
    def permission_count(self, group: Any) -> int:
        """Return the number of permissions the group grants."""
        return int(group.rights)
