"""The headers under which CRMs and dialers export who must not be called."""

from __future__ import annotations

import re
import unicodedata

# Compared as letters without accents: “Do Not Call”, “DoNotCall” and “do_not_call__c” are the same,
# and й is и. An opt-out of another channel alone (HasOptedOutOfEmail, “SMS opt-out”) is no opt-out
# of calls.
_NAMES = (
    r"dnc|dnd|dncr|donot(?:call|phone|contact|dial|disturb|solicit)|dontcall|nocalls?|nocontact"
    r"|optedout|optout|unsubscribed?|suppress(?:ed|ion)|donotallowphonecalls"
    r"|donotallowcalls|blocklisted|blacklisted"
    # German
    r"|nichtanrufen|nichtkontaktieren|anrufsperre|anrufverbot|werbesperre|telefonsperre"
    r"|kontaktsperre|keineanrufe|keinewerbung|abgemeldet|widerspruch|werbewiderspruch|widerrufen"
    r"|robinsonliste"
    # French
    r"|nepas(?:appeler|contacter|demarcher)|opposition|oppositionappels?|oppositiontelephonique"
    r"|desabonnee?|desinscrite?|desinscription|listerouge|bloctel"
    # Spanish
    r"|nollamar|nocontactar|darsedebaja|dadodebaja|baja|listarobinson|exclusionllamadas"
    # Portuguese
    r"|naoligar|naocontatar|naocontactar|naoperturbe|descadastrad[oa]|cancelouinscricao"
    r"|naomeligue|naochamar"
    # Italian
    r"|nonchiamare|noncontattare|disiscritt[oa]|cancellat[oa]dallalista|registroopposizioni"
    r"|registrodelleopposizioni|opposizione"
    # Dutch
    r"|niet(?:meer)?bellen|nietcontacteren|belmeniet|afgemeld|uitgeschreven|belmenietregister"
    # Polish
    r"|niedzwonic|niekontaktowac|wypisan[ya]|rezygnacja|sprzeciw"
    # Russian
    r"|незвонить|неконтактировать|небеспокоить|отписан|отписался|отказотзвонков|черныисписок"
)
_LONGEST = 100
_OPT_OUT = re.compile(
    r"(?:is|has|contact|lead|customer|person|phone|calls?|voice|marketing|global|internal|company"
    r"|national|federal|state|local|on)*"
    rf"(?:{_NAMES})"
    r"(?:of|from|for)?(?:phone|calls?|voice|marketing|telemarketing|contact)*"
    r"(?:flag|status|list|registry|register|indicator|yn|date|at|on|c)?"
)


def is_opt_out_header(name: str) -> bool:
    """Return whether a column with this header says who must not be called."""
    if len(name) > _LONGEST:
        return False
    decomposed = unicodedata.normalize("NFKD", name.casefold().replace("ł", "l"))
    return _OPT_OUT.fullmatch("".join(filter(str.isalnum, decomposed))) is not None
