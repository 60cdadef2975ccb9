"""Pathways and tools: objects of the voice provider that have a name here."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import UniqueConstraint

from campaigns import prompts

validate_reference = RegexValidator(
    r"^(TL|KB)-[\w-]+$", "A tool is named TL-… and a knowledge base KB-…, as the provider shows it."
)


def as_template(variables: str) -> str:
    """Return a text that uses variables, which are listed one per line."""
    lines = (line.strip().strip("{}").strip() for line in variables.splitlines())
    return " ".join(f"{{{{{line}}}}}" for line in lines if line)


def validate_variables(value: str) -> None:
    """Raise `ValidationError` for lines that are not names of variables."""
    try:
        prompts.Template.parse(as_template(value))
    except prompts.PromptError as error:
        raise ValidationError(str(error)) from error


class Pathway(models.Model):
    """A conversation graph hosted by the voice provider."""

    name = models.CharField(max_length=200, unique=True)
    pathway_id = models.CharField(
        "pathway ID", max_length=100, help_text="The ID that the voice provider shows."
    )
    version = models.CharField(
        max_length=40,
        blank=True,
        help_text="A number, “production”, or “staging”. Leave blank for the current version.",
    )
    description = models.TextField(blank=True)
    variables = models.TextField(
        "variables it needs",
        blank=True,
        max_length=5_000,
        validators=[validate_variables],
        help_text="One per line, such as customer_name. Write name|there if the cell may be blank. "
        "A list needs a column for each.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            UniqueConstraint(fields=["pathway_id", "version"], name="pathway_unique_version")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.version})" if self.version else self.name

    @property
    def needs(self) -> prompts.TemplateSet:
        """The variables that the pathway needs, with or without a default."""
        return prompts.names_in({"pathway": as_template(self.variables)})


class Tool(models.Model):
    """A tool or knowledge base hosted by the voice provider."""

    name = models.CharField(max_length=200, unique=True)
    reference = models.CharField(max_length=100, unique=True, validators=[validate_reference])
    description = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.reference})"
