"""Who may set which call settings: a permission for each class of `call_settings.sensitivity`.

A person needs a permission for what they bring into a call, not for what is there already: an
operator may launch a campaign as it was written, and may not change what it says. Whoever runs
commands on the server (no user) may set everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from campaigns.call_settings import REGISTRY
from campaigns.call_settings.legacy import ALIASES
from campaigns.call_settings.sensitivity import Sensitivity, classes_changed, classes_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    from campaigns.models import Pathway

#: The error code of a setting that somebody may not set.
NOT_ALLOWED: Final = "setting_not_allowed"
#: The permissions, by class. `Campaign` declares them.
PERMISSIONS: Final = {
    Sensitivity.CONVERSATION: "campaigns.set_conversation",
    Sensitivity.DATA: "campaigns.set_data",
    Sensitivity.COST: "campaigns.set_cost",
}
#: The permissions in words.
LABELS: Final = {
    Sensitivity.CONVERSATION: "Can set what is said in calls",
    Sensitivity.DATA: "Can set where call data goes",
    Sensitivity.COST: "Can set what calls cost",
}
#: The permissions as a model declares them.
DECLARED: Final = [(name.partition(".")[2], LABELS[one]) for one, name in PERMISSIONS.items()]
#: Names of fields that are not call settings, and their classes. Batches have webhooks of their
#: own; columns of trusted text put the words of a list into prompts.
_FIELDS: Final = {
    "status_webhook": frozenset({Sensitivity.DATA}),
    "batch_webhook": frozenset({Sensitivity.DATA}),
    "trusted_text": frozenset({Sensitivity.CONVERSATION}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A setting that somebody may not set, with the classes that they may not set."""

    name: str
    classes: tuple[Sensitivity, ...]

    @property
    def decides(self) -> str:
        """Return what the setting decides, as a clause: “decides what is said”."""
        return f"decides {_listed(one.label for one in self.classes)}"

    @property
    def message(self) -> str:
        """Return the error for a setting of a batch or campaign, with its remedy."""
        return (
            f"You may not set {self.name}, which {self.decides}. Leave it out or as it is, or ask "
            f"an administrator for the permission {self.permissions}."
        )

    def of_column(self, label: str) -> str:
        """Return the error for a column that gives the setting, with its remedy."""
        return (
            f"You may not map column “{label}” to {self.name}, which {self.decides}. Map it to "
            "request data, or ask an administrator for the permission "
            f"{self.permissions}."
        )

    @property
    def permissions(self) -> str:
        """Return the names of the permissions that are missing."""
        return _listed(f"“{LABELS[one]}”" for one in self.classes)


def refused_name(user: User | AnonymousUser | None, name: str) -> Refusal | None:
    """Return why a user may not give any value to a setting or field, or None.

    ``name`` may be an older name. Unknown names are refused elsewhere.
    """
    return refusal_of(user, name, classes_of_name(name))


def classes_of_name(name: str) -> frozenset[Sensitivity]:
    """Return the classes of a setting or field; ``name`` may be an older name of a setting."""
    canonical = ALIASES[name].target if name in ALIASES else name
    return classes_of(canonical) if canonical in REGISTRY else _FIELDS.get(name, frozenset())


def refused_changes(
    user: User | AnonymousUser | None, after: Mapping[str, Any], *origins: Mapping[str, Any]
) -> Iterator[Refusal]:
    """Yield what a user may not set in canonical ``after``.

    A value that one of the ``origins`` has, such as the campaign, is not set by the user; a value
    that none of them lacks and ``after`` does is removed by the user.
    """
    for name, classes in changes(after, *origins):
        if refused := refusal_of(user, name, classes):
            yield refused


def changes(
    after: Mapping[str, Any], *origins: Mapping[str, Any]
) -> Iterator[tuple[str, frozenset[Sensitivity]]]:
    """Yield each setting whose value is from none of the origins, with the changed classes."""
    names = dict.fromkeys([*after, *(name for origin in origins for name in origin)])
    for name in names:
        new = after.get(name)
        found = [_changed(name, origin.get(name), new) for origin in origins]
        # The origin that is most alike tells what was changed.
        classes = min(found, key=len, default=_changed(name, None, new))
        if classes:
            yield name, classes


def _changed(name: str, before: Any, after: Any) -> frozenset[Sensitivity]:
    if name in REGISTRY:
        return classes_changed(name, before, after)
    return frozenset() if before == after else _FIELDS.get(name, frozenset())


def values_of_campaign(
    prompt: str, pathway: Pathway | None, settings: Mapping[str, Any], tools: Iterable[str] = ()
) -> dict[str, Any]:
    """Return what a campaign sets, under the names of call settings.

    ``settings`` are canonical, and ``tools`` the references of its tools.
    """
    fields = {
        "task": prompt,
        "pathway_id": pathway.pathway_id if pathway else "",
        "pathway_version": pathway.version if pathway else "",
        "tools": list(dict.fromkeys([*settings.get("tools", []), *tools])),
    }
    return {**settings, **{name: value for name, value in fields.items() if value}}


def refusal_of(
    user: User | AnonymousUser | None, name: str, classes: Iterable[Sensitivity]
) -> Refusal | None:
    """Return why a user may not set ``name``, given the classes of what they set, or None."""
    if user is None:
        return None
    lacking = tuple(
        one for one in Sensitivity if one in classes and not user.has_perm(PERMISSIONS[one])
    )
    return Refusal(name=name, classes=lacking) if lacking else None


def _listed(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
