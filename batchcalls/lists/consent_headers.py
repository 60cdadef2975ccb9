"""The headers under which CRMs, forms and lead sellers write when and how somebody consented."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from batchcalls.lists.mapping import Target

# Compared as letters and digits without accents, like the headers of opt-outs. Consent to another
# channel alone (“SMS opt-in date”) is no consent to calls, and a contract's date is none either.
_ABOUT: Final = (
    r"(?:optin|optedin|consent(?:ed|given|tocall)?|consentement|consentimiento|consentimento"
    r"|consenso|(?:werbe|anruf)?einwilligungs?|toestemming|zgoda|zgody|согласия|gdprconsent"
    r"|tcpaconsent|tcpa|doubleoptin)"
)
_OF: Final = (
    r"(?:customer|contact|lead|calls?|phone|voice|marketing|gdpr|tcpa|express|prior|written|user"
    r"|client|person|latest|last|first|hs)*"
)
_ARTICLES: Final = r"(?:of|the|l|du|de|del|do|da|der|di)*"
_HEADERS: Final = {
    Target.CONSENT_DATE: (
        rf"{_OF}{_ABOUT}(?:calls?|phone|voice|marketing)*"
        r"(?:date|datetime|time|timestamp|ts|at|on|dated|(?:given|granted)(?:on|at|date)?"
        r"|datum|zeitpunkt|vom|am|fecha|data|confirmed(?:at|on)?)c?"
        rf"|(?:date|time|timestamp|datetime|fecha|data|datum|дата){_ARTICLES}{_OF}{_ABOUT}"
    ),
    Target.CONSENT_TYPE: (
        rf"{_OF}{_ABOUT}(?:type|kind|level|category|art|typ|tipo|rodzaj)c?"
        rf"|(?:type|kind|tipo|art|rodzaj){_ARTICLES}{_ABOUT}"
    ),
    Target.CONSENT_SOURCE: (
        rf"{_OF}{_ABOUT}(?:source|channel|origin|method|where|via|by|page|website|site|quelle"
        r"|fuente|origen|fonte|bron|capturedby|collectedby)c?"
        rf"|(?:source|quelle|fuente|origine|fonte|bron|zrodlo){_ARTICLES}{_ABOUT}"
    ),
    Target.CONSENT_EVIDENCE: (
        rf"{_OF}{_ABOUT}(?:evidence|proof|url|link|ip|ipaddress|record|recording|recordingurl"
        r"|text|language|statement|certificate|cert|certificateurl|certurl|id|reference|nachweis"
        r"|beleg|preuve|prueba|prova|bewijs|dowod)c?"
        rf"|(?:proof|evidence|record|preuve|nachweis|prueba|prova|bewijs){_ARTICLES}{_ABOUT}"
        r"|(?:xx)?trustedform(?:cert(?:ificate)?)?(?:url|id|token|link)?c?"
        r"|(?:universal|jornaya)?leadid(?:token)?c?|jornaya(?:token|id)?c?"
    ),
}
_PATTERNS: Final = {target: re.compile(pattern) for target, pattern in _HEADERS.items()}
_LONGEST: Final = 60
#: Identifiers of leads in any CRM, which prove nothing.
_PLAIN_IDS: Final = frozenset({"leadid", "leadidc"})


def consent_detail_of(name: str) -> Target | None:
    """Return what a column with this header says about a consent, or None."""
    if len(name) > _LONGEST:
        return None
    decomposed = unicodedata.normalize("NFKD", name.casefold().replace("ł", "l"))
    letters = "".join(filter(str.isalnum, decomposed))
    if letters in _PLAIN_IDS:
        return None
    return next((to for to, one in _PATTERNS.items() if one.fullmatch(letters)), None)
