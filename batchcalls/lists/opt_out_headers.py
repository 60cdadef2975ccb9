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
    r"|(?:consent|permission|optin)(?:was|hasbeen)?(?:withdrawn|withdrawal|revoked|revocation|removed)"
    r"|(?:withdrawn?|withdrew|revoked?)(?:consent|permission)"
    r"|(?:withdrawal|revocation)of(?:the)?(?:consent|permission)"
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
    # Swedish, Danish, Norwegian, Finnish
    r"|ringej|ringinte|farejringas|kontaktaej|avregistrerad|nixlistad|nixregistret|nixtelefon|sparrad"
    r"|ringikke|kontaktikke|makontaktikke|maikkekontaktes|reserveret|reservert|afmeldt|avmeldt"
    r"|robinsonlisten|alasoita|eisaasoittaa|soittokielto"
    # Czech, Slovak, Hungarian, Romanian
    r"|nevolat|nekontaktovat|odhlasen[ay]?|odhlaseny|nevolajte|neterhivja|nehivhato|nehivja"
    r"|leiratkozott|nusuna|nusunati|nucontacta|nucontactati|dezabonat"
    # Turkish, Ukrainian, Greek
    r"|aramayın|aramayin|aranmasın|aranmasin|aramaizniyok|iletisimekapalı|iletisimekapali"
    r"|недзвонити|незателефонувати|відписаний|відписався"
    r"|μηνκαλειτε|μηνκαλεσετε|διαγραφη"
    # Chinese, Japanese, Korean
    r"|请勿致电|請勿致電|勿扰|勿擾|拒绝来电|拒絕來電|电话禁止|電話禁止|架電禁止|架電不可|電話不可|連絡不可|配信停止"
    r"|수신거부|전화금지|연락금지"
)
_LONGEST = 100


def _letters(text: str) -> str:
    """Decompose a text and remove its accents."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


_OPT_OUT = re.compile(
    r"(?:dateof|date|timeof|timestampof|is|has|contact|lead|customer|person|phone|calls?|voice|marketing|global|internal|company"
    r"|national|federal|state|local|on)*"
    rf"(?:{_letters(_NAMES)})"
    r"(?:of|from|for)?(?:phone|calls?|voice|marketing|telemarketing|contact)*"
    r"(?:flag|status|list|registry|register|indicator|yn|date|datetime|time|timestamp|ts|at|on)?c?"
)


def is_opt_out_header(name: str) -> bool:
    """Return whether a column with this header says who must not be called."""
    if len(name) > _LONGEST:
        return False
    letters = _letters(name.casefold().replace("ł", "l"))
    return _OPT_OUT.fullmatch("".join(filter(str.isalnum, letters))) is not None
