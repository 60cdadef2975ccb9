"""Find what may be an opt-out in the transcript of a call, in the languages of the people called.

This is a net for what the agent did not report. It is cautious on purpose: "do not call me before
nine" is found too, because a person decides what becomes of it. Texts are compared in lower case
and without accents, which transcribers often leave out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

AGENT, CALLEE = "agent", "callee"
LONGEST_HEARD = 300
_LATIN_ACCENTS = re.compile("[\u0300-\u036f]")
_APOSTROPHES = str.maketrans(dict.fromkeys("\u2019\u2018\u0060\u00b4", "'"))


@dataclass(frozen=True, slots=True)
class Heard:
    """The turn that may be an opt-out, and the name of its language."""

    text: str
    language: str


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


#: Contacting somebody, in English.
_CONTACT = r"(?:call|phon|ring|dial|contact|bother|harass|bugg?|text|reach)(?:ing|e|ed)?"
#: What "don't" asks for the opposite with ("don't hesitate to call me").
_RATHER = r"(?!(?:stop|quit|hesitate|forget|be (?:afraid|shy)|fail|worry)\b)"
#: Objects without which "don't call" is about something else ("I don't call that cheap").
_US = r"(?:me|us|here|again|any ?more|my (?:\w+ )?(?:number|phone|house|home|wife|husband|mother)"
_US += r"|this (?:\w+ )?(?:number|phone|line|house|home)|at (?:all|home|work))"

PHRASES: Final[dict[str, re.Pattern[str]]] = {
    "English": _any(
        rf"(?<!don't )(?<!do not )\b(?:don'?t|do not|dont|stop|quit|cease) {_RATHER}"
        rf"(?:\w+ ){{0,3}}?{_CONTACT}(?: back)? {_US}\b",
        r"(?<!\bi )(?<!\bwe )(?<!\bthey )(?<!\byou )\b(?:don'?t|do not|dont|never) "
        r"(?:(?:ever|even|please) )?(?:call|phone|contact)(?: back)?(?=\W*(?:$|[.!?;]))",
        r"^\W*no (?:phone )?calls\b|\bcease and desist\b|\bharassment\b",
        r"\b(?:i|we)(?:'d| would)? (?:want|need|like) (?:to (?:be|get) )?(?:taken )?off (?:of )?"
        r"(?:your|this|that|the) (?:\w+ )?list\b",
        r"\b(?:don'?t|do not|dont|never) (?:consent|agree|agreed) to (?:\w+ ){0,2}?calls?\b",
        r"^\W*(?:please )?remove\W*$",
        rf"(?<!you )\bnever (?:\w+ )?{_CONTACT} {_US}\b",
        r"(?<!don't )(?<!do not )\b(?:stop|quit) (?:\w+ )?"
        r"(?:calling|phoning|ringing|dialing|contacting|harassing)\b",
        r"\bstop (?:these|this|the|all|your|with the) (?:\w+ )?calls?\b",
        r"(?<!\bdon't )(?<!\bdo not )(?<!want you to )(?<!need to )"
        r"\b(?:take|get|strike|cut|remove|delete|scratch|erase) (?:me|us|(?:my|our|this|the) "
        r"(?:\w+ )?(?:number|name|phone|details|data)) (?:\w+ ){0,2}?(?:off|from|out of)\b"
        r"(?! (?:hold|mute|speaker)\b)",
        r"(?<!\bdon't )(?<!\bdo not )\b(?:remove|delete|erase) (?:me|us|(?:my|this) (?:\w+ )?"
        r"number)\b",
        r"\bput (?:me|us|(?:my|this) (?:\w+ )?number) (?:down )?(?:on|in) (?:\w+ ){0,4}"
        r"do[ -]not[ -](?:call|contact)",
        r"\b(?:on|to|have) (?:your|the|a|our) (?:internal )?do[ -]not[ -](?:call|contact)\b",
        r"(?<!not )(?<!n't )(?<!want to )\bunsubscribe\b",
        r"(?<!n't )(?<!not )\b(?:want|like|wish|need|going) to (?:unsubscribe|opt[ -]?out)\b",
        r"\b(?:opt me out|i(?:'m| am)? opt(?:ing)?[ -]?out|i opt[ -]?out)\b",
        r"^\W*(?:please )?opt[ -]?out\b",
        r"\b(?:don'?t|do not|dont|no longer) (?:ever )?(?:want|wish|like|need) "
        r"(?:(?:any|more|any more|these|your|to (?:get|receive|have|take)) )*(?:phone )?calls?\b",
        rf"\b(?:don'?t|do not|dont|no longer) want (?:to be|you to|you|anyone) (?:\w+ )?{_CONTACT}",
        r"\b(?:don'?t|do not|dont|never) (?:ever )?(?:want|wish) to hear (?:\w+ )?from you",
        r"\bno more (?:\w+ )?calls\b",
        r"\blose (?:my|this|our) (?:\w+ )?number\b",
        r"\bleave (?:me|us) alone\b",
        r"\b(?:revoke|withdraw) (?:my |our )?(?:consent|permission)\b",
        r"\b(?:not allowed|no (?:permission|right|consent)) to (?:call|contact)\b",
        r"^\W*(?:(?:no|please|just|now|ok|okay|hey|i said) )*stop(?:[,.!]* (?:it|this|that|now|"
        r"please|already|stop))*\W*$",
    ),
    "German": _any(
        r"\bruf\w*(?: \w+){0,3} (?:nicht|nie|niemals)(?: \w+){0,4} an\b",
        r"\b(?:nicht (?:mehr|wieder)|nie|niemals|keinesfalls) (?:\w+ ){0,3}"
        r"(?:anrufen|angerufen|kontaktier\w*)\b",
        r"\b(?:mich|uns|hier) (?:\w+ )?nicht (?:\w+ ){0,3}(?:anrufen|kontaktieren)\b",
        r"\bkontaktier\w*(?: \w+){0,3} (?:nicht|nie)\b",
        r"\bkein\w* (?:\w+ ){0,3}(?:anruf\w*|werbeanruf\w*)\b(?<!keinen anruf)",
        r"\banrufe? (?:mehr )?(?:unterlassen|einstellen|sein lassen)\b",
        r"\b(?:horen|hor|hort)(?: sie)? (?:\w+ )?auf,? "
        r"(?:(?:mich|uns|hier)(?: \w+)? )?anzurufen",
        r"\b(?:streich\w*|nehm\w*|nimm|losch\w*|entfern\w*|trag\w*)(?: sie)?(?: bitte)? "
        r"(?:mich|uns|mein\w* (?:\w+ )?(?:nummer|telefonnummer|handynummer|namen?|daten))\b"
        r"(?! (?:mit|als|ernst|auf|fur|an)\b)",
        r"\bnummer (?:\w+ ){0,3}(?:loschen|streichen|entfernen)\b",
        r"\b(?:von|aus) (?:ihrer|eurer|der) (?:\w+ )?(?:liste|kartei|datenbank)\b.{0,20}"
        r"(?:streich|nehm|losch|entfern|runter)",
        r"\b(?:widerspreche|widerrufe) (?:\w+ ){0,3}(?:anruf\w*|einwilligung|werbung|nutzung)",
        r"\blass(?:en|t)?(?: sie)? (?:mich|uns) (?:\w+ )?in (?:ruhe|frieden)\b",
        r"\bbelastig\w*\b",
    ),
    "French": _any(
        r"\b(?:m'|me |nous )(?:r?appele[zr]|r?appelle[sr]?|contacte[zr]|telephone[zr]|derange[zr])"
        r"(?: surtout)? (?:plus|jamais|pas)\b",
        r"\bne (?:r?appele[zr]|contacte[zr]|telephone[zr]) (?:plus|jamais|pas)\b",
        r"\b(?:arrete[zr]?|cesse[zr]?) (?:de |d')(?:m'|me |nous )?"
        r"(?:r?appeler|contacter|telephoner|deranger|harceler)",
        r"\b(?:retire[zr]|enleve[zr]|supprime[zr]|efface[zr]|raye[zr]|ote[zr])[- ]"
        r"(?:moi|nous|mon (?:numero|nom)|mes (?:coordonnees|donnees)|ce numero)\b",
        r"\b(?:desinscri\w+|desabonne\w+)\b",
        r"\b(?:veux|voudrais|souhaite) plus (?:\w+ ){0,3}(?:d'appels?|appele\w*|contacte\w*)",
        r"\bplus (?:jamais )?(?:d'appels?|etre (?:r?appele|contacte)\w*)",
        r"\blaisse[zr]?[- ](?:moi|nous) tranquilles?\b",
        r"\bliste d'opposition\b|\bm'oppose\b|\bretire mon consentement\b",
    ),
    "Spanish": _any(
        r"\bno (?:me|nos) (?:vuelv\w+ a )?(?:llam(?:e[ns]?|ar)|contact\w+|marqu\w+|molest\w+)\b",
        r"\bno (?:quiero|deseo|queremos) (?:\w+ )?que me (?:llam|contact|marqu|molest)\w+",
        r"\bno (?:quiero|deseo|queremos) (?:recibir )?(?:mas|sus|estas|otra\w*)? ?llamadas\b",
        r"\bno vuelva[ns]? a (?:llamar|contactar|marcar|molestar)\w*",
        r"\bno (?:llame[ns]?|marque[ns]?) (?:mas|nunca|aqui|a este|otra vez)",
        r"\b(?:deje[ns]?|pare[ns]?) de (?:llamar|molestar|marcar|contactar)\w*",
        r"\b(?:quite[ns]?|borre[ns]?|elimine[ns]?|saque[ns]?|retire[ns]?|bajen?)(?:me|nos)\b",
        r"\b(?:quit\w+|borr\w+|elimin\w+|saqu\w+|retir\w+) (?:mi|este|nuestro) (?:numero|nombre|"
        r"telefono)\b",
        r"\b(?:dar|darme|denme|deme|dame) de baja\b",
        r"\bbasta de llamadas\b|\bdeje(?:n|me|nme)* en paz\b",
    ),
    "Portuguese": _any(
        r"\bnao (?:me |nos )?(?:ligue[m]?|liga|contat\w+|telefon\w+|incomod\w+)"
        r"(?: \w+){0,2} (?:mais|nunca|novamente|de novo)",
        r"\bpare[m]? de (?:me )?(?:ligar|telefonar|incomodar|contatar)",
        r"\b(?:tire[m]?|remova[m]?|retire[m]?|apague[m]?|exclua[m]?)(?:-me| me| (?:o )?meu "
        r"(?:numero|nome|telefone))\b",
        r"\bme (?:tir|remov|retir|exclu)\w+ (?:d[aeo]|dess[ae]|dest[ae])\b",
        r"\bnao quero (?:mais )?(?:receber )?(?:mais |essas )?ligacoes\b",
    ),
    "Italian": _any(
        r"\bnon (?:mi |ci )?(?:chiam|contatt|telefon|disturb)\w+(?: \w+){0,2} (?:piu|mai)\b",
        r"\b(?:smett\w+|basta) (?:di |con le )?(?:chiam|telefon|disturb)\w+",
        r"\b(?:togli\w+|cancell\w+|rimuov\w+|elimin\w+)(?:mi|temi|ci|teci)\b"
        r"|\b(?:togli\w*|cancell\w+|rimuov\w+|elimin\w+) (?:il )?mio (?:numero|nome)",
    ),
    "Hindi": _any(
        r"(?:कॉल|काल|फोन|फ़ोन|संपर्क)(?: \S+){0,2} (?:मत|ना|न|नहीं) "
        r"(?:करो|करना|करें|करे|कीजिए|कीजिये|करिए|कीजिएगा|करिएगा|किया)",
        r"(?:कॉल|काल|फोन|फ़ोन)(?:स)? (?:करना )?बंद (?:करो|करना|करें|करे|कर|कीजिए|कीजिये)",
        r"(?:नंबर|नम्बर|नाम|लिस्ट|सूची)(?: \S+){0,3} (?:हटा|निकाल|डिलीट|मिटा)",
        r"\b(?:call|phone|phon|fon)(?: \w+){0,2} (?:mat|na|nahi|nahin) "
        r"(?:karo|karna|kare|karen|karein|kijiye|kariye|kijiyega)\b",
        r"\b(?:call|phone|phon|fon) (?:karna )?band (?:karo|karna|kare|karen|karein|kar|kijiye)\b",
        r"\b(?:number|naam|list)(?: \w+){0,2} (?:hata|nikal|mita)\w*\b",
    ),
}

#: "Press 9", as an agent or a recording says it; the key is a digit, a sign, or a word.
_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_WORDS_OF = {
    **{word: str(digit) for digit, word in enumerate(_WORDS)},
    **{"star": "*", "stern": "*", "etoile": "*", "pound": "#", "hash": "#", "raute": "#"},
    **{"neun": "9", "neuf": "9", "nueve": "9", "nine": "9", "eins": "1", "zwei": "2", "drei": "3"},
    **{"un": "1", "deux": "2", "trois": "3", "uno": "1", "dos": "2", "tres": "3", "nau": "9"},
}
_KEY = rf"(?P<key>[0-9*#]|{'|'.join(sorted(_WORDS_OF, key=len, reverse=True))})(?!\w)"
_OFFER = re.compile(
    r"\b(?:press|hit|push|dial|druck\w*(?: sie)?|wahl\w*(?: sie)?|appuye[zr] sur|tape[zr]|faites|"
    r"pulse|presione|oprima|marque|tecle|aperte|prema|digiti|dabaye\w*|dabay\w*)"
    r"(?: (?:the|number|key|button|die|auf|taste|ziffer|la|el|le|touche|tecla|numero|a|il)"
    rf"){{0,3}} {_KEY}"
    r"|(?P<hindi>[0-9*#]) ?(?:दबाएं|दबाएँ|दबाइए|दबाये|dabaye\w*)"
)
_WAY_OUT = re.compile(
    r"\bstop|\bopt|remov|unsubscrib|\boff\b|no longer|not (?:be |to be |want )|do[ -]not"
    r"|\bend (?:all|the|future) call|abmeld|streich|losch|kein|nicht mehr|austrag"
    r"|desinscri|retir|ne plus|supprim|desabonn|no recib|\bbaja\b|elimin|quitar|dejar"
    r"|remover|sair|cancell|non (?:ricev|esser)|हटा|बंद|hata|\bband\b"
)
_PRESSED = re.compile(
    r"^\W*(?:[^0-9*#]{0,40}(?:press|dtmf|keypad|\bkey|button|digit|taste|touche|tecla)[^0-9*#]{0,15})?"
    r"(?P<key>[0-9*#])[\W_]*$"
)


def heard_in(turns: Iterable[tuple[str, str]]) -> Heard | None:
    """Return the first of the callee's turns that may be an opt-out, or None.

    ``turns`` are pairs of speaker (`AGENT`, `CALLEE`) and text, in spoken order. A key counts if
    the agent said before that it ends the calls.
    """
    keys: set[str] = set()
    for speaker, text in turns:
        words = _plain(text)
        if speaker == AGENT:
            keys |= _keys_offered(words)
        elif speaker == CALLEE:
            pressed = _PRESSED.match(words)
            if pressed and pressed["key"] in keys:
                return Heard(text.strip()[:LONGEST_HEARD], "Key press")
            for language, pattern in PHRASES.items():
                if found := pattern.search(words):
                    return Heard(_around(text.strip(), found.start()), language)
    return None


def _keys_offered(words: str) -> set[str]:
    """Return the keys of which an agent says that they end the calls."""
    keys: set[str] = set()
    for sentence in re.split(r"[.!?\n]", words):
        offers = list(_OFFER.finditer(sentence))
        for number, offer in enumerate(offers):
            begin = offers[number - 1].end() if number else 0
            end = offers[number + 1].start() if number + 1 < len(offers) else len(sentence)
            after = sentence[offer.end() : end]
            # "Press 9 to be removed", or "to be removed, press 9".
            says_why = after if len(after.split()) > 1 else sentence[begin : offer.start()]
            if _WAY_OUT.search(says_why):
                key = offer["key"] or offer["hindi"]
                keys.add(_WORDS_OF.get(key, key))
    return keys


def _plain(text: str) -> str:
    """Return a text in lower case, with plain apostrophes and single spaces, without accents."""
    lower = " ".join(text.translate(_APOSTROPHES).casefold().split())
    if lower.isascii():
        return lower
    decomposed = _LATIN_ACCENTS.sub("", unicodedata.normalize("NFD", lower))
    return unicodedata.normalize("NFC", decomposed)


def _around(text: str, position: int) -> str:
    """Return what fits of a long turn, from shortly before a position."""
    if len(text) <= LONGEST_HEARD:
        return text
    begin = max(0, min(position - LONGEST_HEARD // 3, len(text) - LONGEST_HEARD))
    return text[begin : begin + LONGEST_HEARD]
