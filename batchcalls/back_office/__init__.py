"""The admin site of the back office: its sidebar and the context of every page.

It is not part of `batchcalls.admin`, the package of its pages: those register with the site when
they are imported, so this module imports them only when it needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import update_wrapper
from typing import Any, TypeVar, cast

from django.contrib.admin import AdminSite, ModelAdmin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path

from batchcalls import queue
from batchcalls.access.audited_pages import audited
from batchcalls.access.sessions import is_fragment
from batchcalls.back_office.sidebar import sidebar_of, tabs_of
from batchcalls.back_office.tables import TablePages
from batchcalls.models import EmergencyStop, preferences_of

_View = TypeVar("_View", bound=Callable[..., HttpResponseBase])


class BackOffice(AdminSite):
    """Django's admin with the product's shell around it."""

    site_header = site_title = "Batch Calls"
    index_title = "Dashboard"
    empty_value_display = "–"

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[ModelAdmin[Any]] | None = None,
        **options: Any,
    ) -> None:
        """Register pages, which write to the audit log. Those of the queue are one: Workers."""
        if admin_class and queue.has_page(admin_class):
            return
        own = audited(admin_class or ModelAdmin)
        super().register(model_or_iterable, type(own.__name__, (TablePages, own), {}), **options)

    def admin_view(self, view: _View, cacheable: bool = False) -> _View:
        """Wrap a page: what people sent is kept while they sign in again."""
        from batchcalls.admin import kept_forms, sign_in  # noqa: PLC0415

        stock = super().admin_view(view, cacheable)

        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if request.user.is_authenticated:
                kept_forms.restore_files(request)
                return stock(request, *args, **kwargs)
            if is_fragment(request):
                return HttpResponse("You were signed out.", status=401, content_type="text/plain")
            if request.method == "POST":
                return sign_in.ask_again(request, kept_forms.kept(request))
            return stock(request, *args, **kwargs)

        return cast(_View, update_wrapper(page, stock))

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Add the pages that belong to no table."""
        from batchcalls.admin import emergency, preferences, restored, retention  # noqa: PLC0415
        from batchcalls.admin.sign_in_urls import sign_in_urls  # noqa: PLC0415

        return [
            *sign_in_urls(self),
            path("emergency/stop/", self.admin_view(emergency.stop_view), name="emergency_stop"),
            path("emergency/lift/", self.admin_view(emergency.lift_view), name="emergency_lift"),
            path("preferences/", self.admin_view(preferences.preferences_view), name="preferences"),
            path("restored/", self.admin_view(restored.restored_view), name="restored"),
            path("retention/", self.admin_view(retention.retention_view), name="retention"),
            path("restored/settle/", self.admin_view(restored.settle_view), name="restored_settle"),
            # Without the redirect to a row's own page: no table has any.
            *(one for one in super().get_urls() if getattr(one, "name", "") != "view_on_site"),
        ]

    def login(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Show the sign-in page, which asks for a code after the password if that is on."""
        from batchcalls.admin.sign_in import login_page  # noqa: PLC0415

        return login_page(request, self, extra_context or {})

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Show the page for changing one's own password."""
        from batchcalls.admin.security import OwnPasswordView  # noqa: PLC0415

        context = {**self.each_context(request), **(extra_context or {})}
        return OwnPasswordView.as_view(extra_context=context)(request)

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Show the dashboard."""
        from batchcalls.admin.dashboard import index_view  # noqa: PLC0415 - its pages register here

        context = {**self.each_context(request), "title": self.index_title, **(extra_context or {})}
        return index_view(request, context)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Add the sidebar and the emergency stop to the context of every page."""
        context: dict[str, Any] = {"has_permission": self.has_permission(request)}
        if not is_fragment(request):  # which shows parts of a page, without what is around them
            # Not Django's context: it lists every table for Django's own sidebar, a tenth of the
            # time of a page, while ours is grouped and also shown on phones.
            context |= {"site_title": self.site_title, "site_header": self.site_header}
        if context["has_permission"]:
            from batchcalls.admin.export_news import news_of  # noqa: PLC0415

            if not is_fragment(request):
                context["sidebar"] = sidebar = sidebar_of(request)
                context["area_tabs"] = tabs_of(request, sidebar)
                context["export_news"] = news_of(request)
                context["preferences"] = preferences_of(request.user)
            stops = EmergencyStop.objects.in_force().select_related("stopped_by")
            context["emergency_stop"] = stops.first()
        return context
