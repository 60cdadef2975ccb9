"""The campaign editor, which previews the texts while they are being written."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from campaigns.admin.small_tables import CreatedByMixin, SmallTableAdmin
from campaigns.campaign_form import CampaignForm
from campaigns.models import Campaign
from campaigns.resources import CampaignResource
from campaigns.settings_in_words import settings_by_section
from campaigns.trial_render import TrialRender, rendered_settings, try_out

#: Settings whose text parts have separate fields in the form.
_FIELD_OF = {"voicemail": "voicemail_message"}
_VALUE = "value-"
#: More than any prompt needs; further values are ignored.
MAX_VALUES = 200


@admin.register(Campaign)
class CampaignAdmin(CreatedByMixin, SmallTableAdmin):
    resource_classes = [CampaignResource]
    form = CampaignForm
    fields = CampaignForm.Meta.fields
    change_form_template = "admin/campaigns/campaign/change_form.html"
    list_display = ["name", "purpose", "led_by", "policy", "updated_at"]
    list_filter = ["purpose", "policy"]
    list_select_related = ["pathway", "policy"]
    search_fields = ["name", "prompt"]
    search_help_text = "Name or prompt"
    list_help = "What is said in calls, and under which rules. Use one for any number of batches."
    show_facets = admin.ShowFacets.NEVER
    says_when_empty = (
        "The conversation, voice, and tools, and the rules for calling. Write it once and use it "
        "in any number of batches."
    )

    @admin.display(description="Led by")
    def led_by(self, campaign: Campaign) -> str:
        """Return the conversation type."""
        if campaign.pathway:
            return f"Pathway {campaign.pathway}"
        return "Prompt" if campaign.prompt else campaign.conversation.label

    def get_urls(self) -> list[URLPattern]:
        """Add the URL of the preview."""
        view = self.admin_site.admin_view(self.preview_view)
        return [path("preview/", view, name="campaigns_campaign_preview"), *super().get_urls()]

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """Render the texts of the submitted form without saving anything."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        context: dict[str, Any] = {"trial": _trial(CampaignForm(request.POST), request)}
        if request.headers.get("X-Fragment"):
            return TemplateResponse(request, "admin/campaigns/campaign/trial.html", context)
        context |= {**self.admin_site.each_context(request), "title": "Test render"}
        return TemplateResponse(request, "admin/campaigns/campaign/trial_page.html", context)

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Lock the fields that the user may not set."""
        form = super().get_form(request, *args, **kwargs)
        return type(form.__name__, (form,), {"user": request.user})

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Label the empty choice with its meaning."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if isinstance(field, forms.ModelChoiceField) and db_field.name == "policy":
            field.empty_label = "No policy"
        return field

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add the preview beside the form, or a summary for users with view permission only."""
        form, campaign = context["adminform"].form, kwargs.get("obj")
        if isinstance(form, CampaignForm) and "prompt" in form.fields:
            context |= {"form": form, "trial": _trial(form, request)}
        elif campaign is not None:
            texts = {"Prompt": campaign.prompt} if campaign.prompt else {}
            context |= {
                "trial": try_out(texts, {}),
                "sections": settings_by_section(campaign.settings_for_calls()),
            }
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return response


def _trial(form: CampaignForm, request: HttpRequest) -> TrialRender:
    """Render the form's current texts, whether or not they can be saved."""
    texts = {}
    if form["says"].value() != "pathway":
        texts["Prompt"] = str(form["prompt"].value() or "")
    for name, label in rendered_settings():
        field = _FIELD_OF.get(name, name)
        if field in form.settings_form.fields:
            text = str(form.settings_form[field].value() or "")
            if text.strip():
                texts[label] = text
    posted = [key for key in request.POST if key.startswith(_VALUE)][:MAX_VALUES]
    values = {key.removeprefix(_VALUE): request.POST[key] for key in posted}
    return try_out(texts, values)
