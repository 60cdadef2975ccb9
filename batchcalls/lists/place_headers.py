"""The headers under which CRMs and people write a recipient's postcode and state."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal, NamedTuple

# Compared as letters and digits without accents, like the headers of opt-outs.
_POSTCODE: Final = (
    r"zip|zipcode|zippostal|zippostalcode|ziporpostalcode|postal|postalzip|postalcode|postcode"
    r"|postcodes|zip5|zipplus4|zip4|pincode|eircode"
    r"|plz|postleitzahl"  # German
    r"|codepostal|cp"  # French
    r"|codigopostal|cep"  # Spanish, Portuguese
    r"|cap|codicepostale|codicediavviamentopostale"  # Italian
    r"|postnummer|postnr|postinumero|zipkod"  # the North
    r"|kodpocztowy|psc|iranyitoszam|irsz|codpostal"  # Polish, Czech, Hungarian, Romanian
    r"|индекс|почтовыииндекс|postakodu|郵便番号"
)
_STATE: Final = (
    r"state|statecode|stateprovince|stateorprovince|stateregion|stateprovinceregion|province"
    r"|provincecode|provincestate|usstate|stateabbreviation|stateabbr|bundesland"
    r"|provinceetat|estado|uf|provincia|estadoprovincia|regione|provincie"
    r"|wojewodztwo|область|регион"
)
_OWN: Final = (
    r"mailing|home|residential|residence|physical|person|contact|lead|customer|primary|current"
    r"|address|addr|main|recipient|client|patient|member|user|1"
)
_OTHER: Final = r"billing|shipping|work|business|company|office|property|other|delivery|postal|2|3"
_HEADER: Final = re.compile(
    rf"(?P<own>(?:{_OWN})*)(?P<other>(?:{_OWN}|{_OTHER})*?)"
    rf"(?:(?P<postcode>{_POSTCODE})|(?P<state>{_STATE}))(?P<suffix>1|c)?"
)
_LONGEST: Final = 60


class PlaceHeader(NamedTuple):
    """What a column holds, and how likely it is about the recipient's home: 0 is best."""

    kind: Literal["postcode", "state"]
    rank: int


def place_of(name: str) -> PlaceHeader | None:
    """Return what a column with this header says about a recipient's place, or None."""
    if len(name) > _LONGEST:
        return None
    decomposed = unicodedata.normalize("NFKD", name.casefold().replace("ł", "l"))
    match = _HEADER.fullmatch("".join(filter(str.isalnum, decomposed)))
    if match is None:
        return None
    rank = 2 if match["other"] else 1 if match["own"] else 0
    return PlaceHeader("postcode" if match["postcode"] else "state", rank)
