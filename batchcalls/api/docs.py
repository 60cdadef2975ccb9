"""The schema of the API (OpenAPI 3), and pages to read it and try it.

Both are open: they tell nothing about an installation. The pages come from here, scripts and
styles included; what is tried is sent with a key that is typed in.
"""

from __future__ import annotations

from csp.constants import SELF
from csp.decorators import csp_update
from django.utils.decorators import method_decorator
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

DATA = "data:"


class ApiSchema(SpectacularAPIView):
    """The schema, as YAML or as JSON."""

    authentication_classes = []
    permission_classes = []


# Its icons are pictures inside its style sheet.
@method_decorator(csp_update({"img-src": [SELF, DATA]}), name="dispatch")
class ApiDocs(SpectacularSwaggerSplitView):
    """The schema as pages."""

    authentication_classes = []
    permission_classes = []
    url_name = "api:schema"
