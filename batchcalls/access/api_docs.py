"""Who may read the documents of the APIs: `API_DOCS` says so."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView

from batchcalls.access import api_keys, problem_details

_DATA = "data:"


def for_readers(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Show a view only to those whom `API_DOCS` names."""

    @csrf_exempt
    @wraps(view)
    def read(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method not in {"GET", "HEAD"}:
            # Not by the view, which renders its own media types only.
            text = "This address can only be read."
            refused = problem_details.answer(405, "method_not_allowed", text)
            refused["Allow"] = "GET, HEAD"
            return refused
        if settings.API_DOCS == "off":
            raise Http404("The API is not documented here.")
        secret = api_keys.secret_in(request.headers.get("Authorization", ""))
        if (
            settings.API_DOCS == "public"
            or admin.site.has_permission(request)
            or api_keys.find(secret) is not None
        ):
            return view(request, *args, **kwargs)
        return redirect_to_login(request.get_full_path(), reverse("admin:login"))

    return read


# Its icons are images inside its style sheet.
@method_decorator(csp_update({"img-src": [SELF, _DATA]}), name="dispatch")
@method_decorator(for_readers, name="dispatch")
class DocumentPage(SpectacularSwaggerSplitView):
    """A page that shows the OpenAPI document at ``url_name`` and tries its operations."""

    authentication_classes = []
    permission_classes = []

    @extend_schema(exclude=True)
    def get(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Add the name of the page, and what is below the document, to its context."""
        answer = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
        answer.data |= self.below()
        return answer

    def below(self) -> dict[str, Any]:
        """Return the context: ``name``, and what is below the document."""
        raise NotImplementedError
