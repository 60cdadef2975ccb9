"""Headers of columns that hold the number of the person to call, as other programs export them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

# Best first, in groups of the same meaning. Only names that almost certainly mean
# the person to call: no fax, no assistant, no emergency contact, no main line of a company.
# Sources: export files of HubSpot, Salesforce, Google Contacts, Outlook, Pipedrive, Zoho, Meta lead
# ads, Mailchimp, Shopify and WooCommerce.
_GROUPS = (
    "phone_number phone_no phone_num phone_e164 e164 msisdn primary_phone primary_phone_number "
    "main_phone preferred_phone to_number contact_phone contact_phone_number person_phone "
    "customer_phone lead_phone phonenumber",
    "phone telephone telephone_number telephone_no tel tel_number tel_no phone_1 phone1 "
    "phone_1_value telefonnummer telefon telefon_nr rufnummer numéro_de_téléphone n_de_téléphone "
    "no_de_téléphone téléphone_principal téléphone téléphone_fixe fixe teléfono "
    "número_de_teléfono número_teléfono "
    "telefone número_de_telefone numero_di_telefono telefoon telefoonnummer numer_telefonu "
    "nr_telefonu telefonní_číslo telefónne_číslo telefonszám puhelin puhelinnumero "
    "număr_de_telefon telefon_numarası cep_telefonu cep_tel cep gsm телефон номер_телефона "
    "номер_телефону τηλέφωνο telefonnr tlf tlf_nr telefono_fisso teléfono_fijo telefone_fixo "
    "festnetz festnetznummer vaste_telefoon telefon_stacjonarny pevná_linka "
    "电话 电话号码 电话号 電話 電話番号 電話號碼 聯絡電話 "
    "联系电话 전화 전화번호 هاتف رقم_الهاتف טלפון",
    "mobile_phone_number mobile_phone mobilephone mobile_number mobile mobile_no cell_number "
    "cell_phone cellphone cell phone_mobile person_phone_mobile sms_phone whatsapp whatsapp_number "
    "whatsapp_phone_number handynummer handy mobilnummer mobiltelefon mobil mobilfunknummer "
    "téléphone_portable téléphone_mobile portable numéro_de_portable celular móvil teléfono_móvil "
    "teléfono_celular número_de_celular telemóvel telefone_celular telefone_móvel cellulare "
    "telefono_cellulare mobiel mobiele_telefoon mobiel_nummer telefon_komórkowy komórka "
    "numer_komórkowy matkapuhelin мобильный мобильный_телефон мобільний мобільний_телефон "
    "mobilní_telefon mobil_nr mobilnr mobilszám κινητό 手机 手机号 手机号码 手機 手機號碼 行動電話 "
    "携帯 携帯電話 携帯電話番号 휴대폰 휴대전화 휴대폰번호 핸드폰 "
    "جوال الجوال موبايل נייד טלפון_נייד",
    "phone_2_value phone_2 phone2 phone_3_value phone_3 phone3 mobile_phone_2 other_phone "
    "otherphone person_phone_other contact_number",
    "home_phone homephone home_phone_number phone_home person_phone_home home_phone_2 "
    "telefon_privat téléphone_domicile teléfono_casa teléfono_particular",
    "business_phone work_phone workphone work_phone_number phone_work person_phone_work "
    "business_phone_2 billing_phone shipping_phone default_address_phone telefon_geschäftlich "
    "téléphone_bureau téléphone_professionnel teléfono_trabajo telefono_ufficio",
    # Too vague beside any other.
    "number",
)


def _plain(header: str) -> str:
    """Return letters and digits in lower case without accents, with _ between words."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", header)
    letters = unicodedata.normalize("NFKD", spaced.casefold())
    kept = "".join(char for char in letters if not unicodedata.combining(char))
    return re.sub(r"[\W_]+", "_", kept).strip("_")


_RANKS = {
    _plain(name): rank
    for rank, name in enumerate(name for group in _GROUPS for name in group.split())
}
_VAGUE = frozenset(_GROUPS[-1].split())
_VALUE = re.compile(r"(phone_\d+)_value")
_NO_VOICE = re.compile(
    r"fax|pager|télécopi|telecopi|факс|φαξ|传真|傳真|팩스|ファックス", re.IGNORECASE
)


def rank_of(header: str) -> int | None:
    """Return how well a header names the number to call, lowest is best; None if it does not."""
    return -1 if header == "phone_number" else _RANKS.get(_plain(header))


def is_vague(header: str) -> bool:
    """Return whether a header names the number to call only if no other header does."""
    return _plain(header) in _VAGUE


def is_phone(header: str) -> bool:
    """Return whether a header names the number to call, whatever the other headers are."""
    return rank_of(header) is not None and not is_vague(header)


def names_phone(cells: Sequence[str]) -> bool:
    """Return whether a row of several cells looks like a header with a phone column."""
    return len(cells) > 1 and any(map(is_phone, cells))


def label_positions(headers: Mapping[int, str]) -> dict[int, int]:
    """Return the position of the column that says what the numbers of another column are.

    Google Contacts has “Phone 1 - Label”, or “Phone 1 - Type”, for “Phone 1 - Value”.
    """
    positions = {_plain(header): position for position, header in headers.items()}
    return {
        position: positions[label]
        for name, position in positions.items()
        if (match := _VALUE.fullmatch(name))
        for label in (f"{match[1]}_type", f"{match[1]}_label")
        if label in positions
    }


def is_without_voice(label: str) -> bool:
    """Return whether a label names a line that nobody answers, such as “Work Fax”."""
    return _NO_VOICE.search(label) is not None
