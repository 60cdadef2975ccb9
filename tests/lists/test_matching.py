"""Which column becomes what: guessed, asked for, taken from a saved mapping."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchcalls.lists import matching
from batchcalls.lists.headers import Header, describe_headers
from batchcalls.lists.mapping import ListMapping, MappingError, Target
from tests.lists.columns import SEED, change, codes, guess, written


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            SEED,
            [
                "phone_number",
                "request_data.business_name",
                "request_data.previous_customer",
                "request_data.champion_name",
                "webhook",
            ],
        ),
        (
            ["phone_number", "request_data.business_name", "METADATA.crm_id", "Request_Data. x.y"],
            [
                "phone_number",
                "request_data.business_name",
                "metadata.crm_id",
                "request_data.x.y",
            ],
        ),
        (["phone", "\ufeffphone_number"], ["phone_number.2", "phone_number"]),
        (["Phone_Number", "phone_number"], ["phone_number.2", "phone_number"]),
        (
            ["number", "Mobile", "Tel."],
            ["request_data.number", "phone_number.2", "phone_number"],
        ),
        (
            ["phone_number", "phone_number", "phone_number"],
            ["phone_number", "phone_number.2", "phone_number.3"],
        ),
        (
            ["phone_number", "request_data.phone_number"],
            ["phone_number", "request_data.phone_number"],
        ),
        (
            ["tel", "name", "name", "name_2", "name", "request_data.name", "metadata.name"],
            [
                "phone_number",
                "request_data.name",
                "request_data.name_3",
                "request_data.name_2",
                "request_data.name_4",
                "request_data.name_5",
                "metadata.name",
            ],
        ),
        (["tel", "", " \u200b", "x"], ["phone_number", "ignore", "ignore", "request_data.x"]),
        (
            ["tel", "webhook", "webhook"],
            ["phone_number", "webhook", "request_data.webhook"],
        ),
        (
            ["tel", "Start Time", "TIME ZONE", "webHook", "start_time"],
            ["phone_number", "request_data.Start Time", "timezone", "webhook", "start_time"],
        ),
        (
            ["tel", "voice", "max_duration"],
            ["phone_number", "request_data.voice", "request_data.max_duration"],
        ),
        (
            ["tel", "settings.voice", "Settings. max_duration", "settings.vioce"],
            ["phone_number", "voice", "max_duration", "request_data.settings.vioce"],
        ),
        (["tel", "Voice", "Task"], ["phone_number", "request_data.Voice", "request_data.Task"]),
        (
            ["tel", "metadata", "request_data."],
            ["phone_number", "request_data.metadata", "request_data.request_data."],
        ),
        (
            ["name", "transfer_phone_number"],
            ["request_data.name", "request_data.transfer_phone_number"],
        ),
    ],
)
def test_columns_are_guessed_by_their_headers(headers: list[str], expected: list[str]) -> None:
    assert written(guess(*headers)) == expected


@pytest.mark.parametrize(
    "header",
    [
        "phone_number",
        "Phone Number",
        "Phone-Number",
        "phoneNumber",
        "PHONE",
        "Phone #",
        "mobile",
        "Mobile phone",
        "cell",
        "Cell Phone",
        "Telephone",
        "tel",
        "MSISDN",
        "e164",
        "Contact Number",
        "Handy",
        "Telefon",
        "Téléphone",
        "Teléfono",
        "number",
        "Phone 1",
    ],
)
def test_the_usual_spellings_are_the_phone_number(header: str) -> None:
    assert guess("name", header).phone_position == 1


@pytest.mark.parametrize(
    "header", ["phone type", "telegram", "request_data.phone", "emergency_contact_phone"]
)
def test_other_names_are_not_the_phone_number(header: str) -> None:
    assert guess("name", header).phone_position is None


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (
            Target.REQUEST_DATA,
            [
                "phone_number",
                "request_data.webhook",
                "ignore",
                "request_data.x",
                "request_data.y",
                "request_data.x_2",
                "phone_number.2",
            ],
        ),
        (
            Target.METADATA,
            [
                "phone_number",
                "metadata.webhook",
                "ignore",
                "metadata.x",
                "metadata.y",
                "metadata.x_2",
                "phone_number.2",
            ],
        ),
        (
            Target.IGNORE,
            ["phone_number", *["ignore"] * 5, "phone_number.2"],
        ),
    ],
)
def test_all_columns_can_become_one_target_but_for_the_phone_number(
    target: Target, expected: list[str]
) -> None:
    columns = guess("phone", "webhook", "", "request_data.x", "metadata.y", "x", "phone")
    assert written(matching.map_all(columns, target)) == expected


EXPORTS = {
    "HubSpot": ["Record ID", "First Name", "Phone Number", "Mobile Phone Number", "Email"],
    "Salesforce": ["Name", "Account Name", "Phone", "Mobile", "Fax", "Asst. Phone", "Other Phone"],
    "Salesforce by API": ["Id", "Phone", "MobilePhone", "HomePhone", "AssistantPhone", "Fax"],
    "Google": ["Name", "Phone 1 - Type", "Phone 1 - Value", "Phone 2 - Type", "Phone 2 - Value"],
    "Outlook": [
        "Assistant's Phone",
        "Business Fax",
        "Business Phone",
        "Company Main Phone",
        "Home Phone",
        "Mobile Phone",
        "Pager",
        "Primary Phone",
    ],
    "Pipedrive": ["Person - Name", "Person - Phone", "Person - Phone - Mobile", "Person - Email"],
    "Zoho": ["Lead Id", "Phone", "Mobile", "Fax", "Home Phone", "Asst Phone"],
    "Meta": ["id", "created_time", "full_name", "phone_number", "work_phone_number"],
    "Shopify": ["Customer ID", "Default Address Phone", "Phone", "Note"],
    "German": ["Vorname", "Telefon", "Mobil", "Telefax"],
    "French": ["Nom", "Numéro de téléphone", "Téléphone portable", "Télécopie"],
    "Spanish": ["Nombre", "Teléfono", "Teléfono móvil"],
    "Portuguese": ["Nome", "Telefone", "Celular"],
    "Italian": ["Nome", "Numero di telefono", "Cellulare"],
    "Dutch": ["Naam", "Telefoonnummer", "Mobiel"],
    "Polish": ["Imię", "Numer telefonu", "Telefon komórkowy"],
    "Russian": ["Имя", "Номер телефона", "Мобильный телефон"],
}
PHONES = {
    "HubSpot": ["Phone Number", "Mobile Phone Number"],
    "Salesforce": ["Phone", "Mobile", "Other Phone"],
    "Salesforce by API": ["Phone", "MobilePhone", "HomePhone"],
    "Google": ["Phone 1 - Value", "Phone 2 - Value"],
    "Outlook": ["Primary Phone", "Mobile Phone", "Home Phone", "Business Phone"],
    "Pipedrive": ["Person - Phone", "Person - Phone - Mobile"],
    "Zoho": ["Phone", "Mobile", "Home Phone"],
    "Meta": ["phone_number", "work_phone_number"],
    "Shopify": ["Phone", "Default Address Phone"],
    "German": ["Telefon", "Mobil"],
    "French": ["Numéro de téléphone", "Téléphone portable"],
    "Spanish": ["Teléfono", "Teléfono móvil"],
    "Portuguese": ["Telefone", "Celular"],
    "Italian": ["Numero di telefono", "Cellulare"],
    "Dutch": ["Telefoonnummer", "Mobiel"],
    "Polish": ["Numer telefonu", "Telefon komórkowy"],
    "Russian": ["Номер телефона", "Мобильный телефон"],
}


@pytest.mark.parametrize("source", EXPORTS)
def test_the_phone_columns_of_other_programs_are_recognized_and_tried_best_first(
    source: str,
) -> None:
    headers = EXPORTS[source]

    found = [headers[position] for position in guess(*headers).phone_positions]

    assert found == PHONES[source]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["Mobile=phone_number"], ["Mobile"]),
        (["Mobile=phone_number", "Phone=phone_number"], ["Mobile", "Phone"]),
        (["Phone=phone_number.2", "Mobile=phone_number.1"], ["Mobile", "Phone"]),
        (["Name=phone_number.2"], ["Phone", "Name"]),
        (["Mobile=ignore"], ["Phone"]),
    ],
)
def test_a_person_chooses_the_phone_columns_and_their_order(
    options: list[str], expected: list[str]
) -> None:
    headers = ["Name", "Phone", "Mobile"]

    found = change(headers, *options)

    assert [headers[position] for position in found.phone_positions] == expected
    assert codes(found) == []


def test_all_columns_cannot_become_a_phone_number_or_a_call_setting() -> None:
    for target in (Target.PHONE_NUMBER, Target.CALL_SETTING):
        with pytest.raises(MappingError, match="cannot become"):
            matching.map_all(guess("phone"), target)


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("business_name=metadata", "metadata.business_name"),
        ("business_name=metadata.shop", "metadata.shop"),
        ("business_name = Request_Data.Shop Name", "request_data.Shop Name"),
        ("BUSINESS_NAME=ignore", "ignore"),
        ("#2=voice", "voice"),
        ("\u200bbusiness_name\xa0=max_duration", "max_duration"),
        ("business_name=request_data.", "request_data.business_name"),
    ],
)
def test_a_column_becomes_what_is_asked_for(option: str, expected: str) -> None:
    assert written(change(SEED, option))[1] == expected
    assert written(change(SEED, option))[2:] == written(guess(*SEED))[2:]


@pytest.mark.parametrize(
    ("headers", "options", "expected"),
    [
        (["phone", "alt"], ["alt=phone_number"], ["request_data.phone", "phone_number"]),
        (
            ["request_data.x", "phone", "alt"],
            ["#1=phone_number", "phone=ignore"],
            ["phone_number", "ignore", "request_data.alt"],
        ),
        (["phone", "alt"], ["#1=phone_number"], ["phone_number", "request_data.alt"]),
        (["name", "x"], ["x=request_data.name"], ["request_data.name_2", "request_data.name"]),
        (["voice", "x"], ["voice=request_data"], ["request_data.voice", "request_data.x"]),
        (["request_data.a"], ["#1=metadata"], ["metadata.a"]),
        (["phone", ""], ["#2=request_data"], ["phone_number", "request_data.Column 2"]),
        (["phone", ""], ["column 2=metadata.x"], ["phone_number", "metadata.x"]),
        (["a=b", "c"], ["a=b=ignore"], ["ignore", "request_data.c"]),
        (["#2", "c"], ["#2=ignore"], ["ignore", "request_data.c"]),
        (["a", "A"], ["A=ignore"], ["request_data.a", "ignore"]),
        (["a", "b"], [], ["request_data.a", "request_data.b"]),
    ],
)
def test_options_change_only_what_they_name(
    headers: list[str], options: list[str], expected: list[str]
) -> None:
    assert written(change(headers, *options)) == expected


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["phone_number"], "bad_option", "COLUMN=TARGET"),
        (["=ignore"], "bad_option", "COLUMN=TARGET"),
        (["name="], "bad_option", "COLUMN=TARGET"),
        (["nmae=ignore"], "unknown_column", "Did you mean “name”?"),
        (["zzz=ignore"], "unknown_column", "Columns found: phone, name, twice"),
        (["#9=ignore"], "unknown_column", "#9"),
        (["#0=ignore"], "unknown_column", "#0"),
        (["twice=ignore"], "ambiguous_column", "#3 or #4"),
        (["TWICE=ignore"], "ambiguous_column", "#3 or #4"),
        (["name=vioce"], "unknown_target", "“vioce”"),
        (["name=phone_number.x"], "unknown_target", "phone_number.x"),
        (["name=ignore", "NAME=metadata"], "duplicate_column", "NAME"),
    ],
)
def test_an_option_that_cannot_be_done_is_refused_with_the_reason(
    options: list[str], code: str, says: str
) -> None:
    with pytest.raises(MappingError) as caught:
        change(["phone", "name", "twice", "twice"], *options)
    assert [problem.code for problem in caught.value.problems] == [code]
    assert says in str(caught.value)
    assert "--" not in str(caught.value)


def test_all_options_that_cannot_be_done_are_named_at_once() -> None:
    with pytest.raises(MappingError) as caught:
        change(["phone", "name"], "x=ignore", "name=vioce")
    assert [problem.column for problem in caught.value.problems] == ["x", "name"]


def test_a_saved_mapping_is_used_for_the_same_headers_in_another_order() -> None:
    before = ["phone", "name", "name", "", "voice", "old"]
    saved = change(before, "#2=metadata.first", "#3=request_data.last", "voice=voice", "old=ignore")
    after = describe_headers(["", "VOICE\u200b", "name", "old", "phone", "voice", "name"])
    assert written(matching.reapply(saved, after)) == [
        "ignore",
        "request_data.VOICE",
        "metadata.first",
        "ignore",
        "phone_number",
        "voice",
        "request_data.last",
    ]


def test_a_column_that_a_saved_mapping_does_not_know_takes_no_name_from_it() -> None:
    saved = change(["phone", "x"], "x=request_data.name")
    reapplied = matching.reapply(saved, describe_headers(["name", "x", "phone"]))
    assert written(reapplied) == ["request_data.name_2", "request_data.name", "phone_number"]


def test_a_saved_mapping_is_refused_for_a_list_that_lacks_one_of_its_columns() -> None:
    with pytest.raises(MappingError) as caught:
        matching.reapply(change(SEED, "webhook=ignore"), describe_headers(["Phone_number"]))
    assert [problem.column for problem in caught.value.problems] == SEED[:4]
    assert "Did you mean “Phone_number”?" in str(caught.value)


HEADER = st.sampled_from(
    [
        "phone",
        "phone_number",
        "name",
        "name_2",
        "",
        "voice",
        "request_data.name",
        "metadata.name",
        "request_data.phone",
        "#1",
        "mobile",
        "\u200b",
        "Column 2",
    ]
) | st.text(max_size=6)


@given(st.lists(HEADER, max_size=8))
def test_whatever_the_headers_a_guess_lacks_at_most_the_phone_number(headers: list[str]) -> None:
    columns = guess(*headers)
    assert [column.position for column in columns.columns] == list(range(len(headers)))
    assert codes(columns) == ([] if columns.phone_position is not None else ["no_phone_column"])
    described: list[Header] = describe_headers(headers)
    assert matching.reapply(columns, described) == columns
    assert ListMapping.from_list(columns.to_list()) == columns
    for target in (Target.REQUEST_DATA, Target.METADATA, Target.IGNORE):
        assert set(codes(matching.map_all(columns, target))) <= {"no_phone_column"}
