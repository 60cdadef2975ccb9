"""Users and groups, with their permissions as a table."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, UserCreationForm
from django.contrib.auth.models import Group, User
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.safestring import SafeString

from batchcalls.access import api_keys, audit, two_step
from batchcalls.admin import permission_table
from batchcalls.models import SignIn

admin.site.unregister([User, Group])


class SetPasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]
    """Sets someone else's password."""

    must_change = forms.BooleanField(
        label="Ask for a new password at the next sign-in", required=False, initial=True
    )
    revoke_keys = forms.BooleanField(label="Revoke this person's API keys", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # People sign in with passwords only; those who may not sign in are not active.
        self.fields.pop("usable_password", None)

    def save(self, commit: bool = True) -> User:
        """Store the password, and what else was chosen."""
        user: User = super().save(commit)
        must_change = self.cleaned_data["must_change"] and user.has_usable_password()
        SignIn.objects.update_or_create(user=user, defaults={"must_change_password": must_change})
        if self.cleaned_data["revoke_keys"]:
            api_keys.revoke_all_of(user)
        return user


WIDGETS: dict[str, Any] = {
    "groups": forms.CheckboxSelectMultiple,
    "permissions": permission_table.PermissionTable,
    "user_permissions": permission_table.PermissionTable,
}
#: Labels and help texts, instead of Django's.
WORDS = {
    "username": ("Username", "Letters, digits, and @ . + - _ only."),
    "groups": ("Groups", ""),
    "is_active": ("Active", "Clear this instead of deleting a person."),
    "is_staff": ("Can sign in to these pages", ""),
    "is_superuser": ("Administrator", "Has every permission."),
    "user_permissions": ("Permissions", ""),
}


def _readable(fieldsets: Any, pages: Any, request: HttpRequest, row: Any) -> Any:
    """Return the fieldsets, with ``granted`` for the permissions if they cannot be changed."""
    if row is None or pages.has_change_permission(request, row):
        return fieldsets
    names = {"permissions": "granted", "user_permissions": "granted"}
    return [
        (title, {**options, "fields": [names.get(str(one), one) for one in options["fields"]]})
        for title, options in fieldsets
    ]


@admin.register(User)
class PersonAdmin(UserAdmin[User]):
    filter_horizontal = ()
    add_form = UserCreationForm
    add_form_template = change_form_template = "admin/auth/user/change_form.html"
    change_password_form = SetPasswordForm
    change_user_password_template = "admin/auth/user/set_password.html"  # noqa: S105 - a template
    add_fieldsets = [
        (None, {"fields": ["username", "email", ("password1", "password2")]}),
        ("Access", {"fields": ["groups", "is_staff"]}),
    ]
    fieldsets = [
        (None, {"fields": ["username", ("first_name", "last_name"), "email"]}),
        ("Access", {"fields": ["groups", "is_active", "is_staff", "is_superuser"]}),
        ("Activity", {"fields": [("last_login", "date_joined")]}),
        (
            "Permissions beyond those of the groups",
            {"fields": ["user_permissions"], "classes": ["collapse"]},
        ),
    ]
    list_display = [
        *("username", "full_name", "roles", "is_active", "administrator", "two_step", "last_login")
    ]
    list_filter = ["groups", "is_active", "is_superuser"]
    filter_labels = {"is_superuser__exact": "Administrator", "groups__id__exact": "Group"}
    list_help = "People who can sign in. Their groups say what they may do."
    search_help_text = "Name or email"
    show_facets = admin.ShowFacets.NEVER
    readonly_fields = ["last_login", "date_joined"]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Say what each choice means here."""
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name in WORDS:
            field.label, field.help_text = WORDS[db_field.name]
        return field

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Use check boxes for groups, and a table for permissions."""
        kwargs["widget"] = WIDGETS[db_field.name]
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Let a new person sign in unless that is unchecked."""
        return {"is_staff": True, **super().get_changeform_initial_data(request)}

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Show the table of permissions to people who may not change it, too."""
        return _readable(super().get_fieldsets(request, obj), self, request, obj)

    @admin.display(description="Permissions")
    def granted(self, user: User) -> SafeString:
        """Return the table of the user's own permissions."""
        return permission_table.shown(user.user_permissions.all())

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

    @admin.display(description="Administrator", ordering="is_superuser")
    def administrator(self, user: User) -> bool:
        """Return whether the user has every permission."""
        return user.is_superuser

    @admin.display(description="Two-step")
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
    list_help = "What people may do, by role."
    search_help_text = "Name"
    fieldsets = [(None, {"fields": ["name", "permissions"]})]

    def formfield_for_manytomany(self, db_field: Any, request: Any = None, **kwargs: Any) -> Any:
        """Use a table."""
        kwargs["widget"] = WIDGETS[db_field.name]
        field: Any = super().formfield_for_manytomany(db_field, request=request, **kwargs)
        field.help_text = ""
        return field

    def get_fieldsets(self, request: HttpRequest, obj: Group | None = None) -> Any:
        """Show the table to people who may not change it, too."""
        return _readable(super().get_fieldsets(request, obj), self, request, obj)

    @admin.display(description="Permissions")
    def granted(self, group: Group) -> SafeString:
        """Return the table."""
        return permission_table.shown(group.permissions.all())

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
