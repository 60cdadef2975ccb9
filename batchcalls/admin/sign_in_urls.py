"""The pages around signing in."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.urls import URLPattern, path

from batchcalls.admin import security, sign_in, sign_ins


def sign_in_urls(site: AdminSite) -> list[URLPattern]:
    """Return their URL patterns. Only that of the second step opens without a session."""
    return [
        path("login/code/", sign_in.code_view, name="login_code"),
        path("security/", site.admin_view(security.security_view), name="security"),
        path("security/app/", site.admin_view(security.set_up_view), name="security_set_up"),
        path("security/codes/", site.admin_view(security.codes_view), name="security_codes"),
        path("security/off/", site.admin_view(security.turn_off_view), name="security_off"),
        path("sign-ins/", site.admin_view(sign_ins.sign_ins_view), name="sign_ins"),
        path(
            "auth/user/<int:pk>/two-step/",
            site.admin_view(sign_ins.reset_view),
            name="two_step_reset",
        ),
    ]
