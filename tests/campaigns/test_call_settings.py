"""The registry of call settings: every setting's samples, and the rules between settings."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.call_settings import (
    ALIASES,
    REGISTRY,
    CallSetting,
    Kind,
    Section,
    SettingInvalid,
    all_names,
    get,
    is_call_setting,
    normalize,
    parse_start_time,
)

UUID = "9a404be9-7d2c-4d5f-9f5f-1c9f0b7e2a11"
PHONE = "+12025550123"
NAN, INFINITY = math.nan, math.inf
DEEP: Any = "bottom"
for _ in range(30):
    DEEP = {"deeper": DEEP}

# name: (raw → canonical, raw values that are refused)
SAMPLES: dict[str, tuple[list[tuple[Any, Any]], list[Any]]] = {
    "phone_number": ([(" (202) 555-0123 ", "(202) 555-0123")], [2025550123, "1" * 51]),
    "task": ([(" Greet {{name}}. ", "Greet {{name}}.")], [7, "x" * 50_001, "a\x00b", "\ud800"]),
    "pathway_id": ([(UUID, UUID)], ["two words", 5, "x" * 201]),
    "pathway_version": (
        [(3, 3), ("4", 4), ("Production", "production"), ("staging", "staging")],
        [0, True, "latest", 1.5, []],
    ),
    "request_data": (
        [
            (
                {"name": "Ann", "n": [1, 2.5, None, True]},
                {"name": "Ann", "n": [1, 2.5, None, True]},
            ),
            ('{"name": "Ann"}', {"name": "Ann"}),
        ],
        [
            "name=Ann",
            ["name"],
            '{"n": NaN}',
            '{"n": 1e999}',
            {"n": NAN},
            {"n": 2**63},
            {"n": "\x00"},
            {"\ud800": 1},
            {1: "number as a name"},
            {"n": {1: "number as a name"}},
            {"n": object()},
            DEEP,
            "[" * 100_000,
        ],
    ),
    "metadata": ([({"crm": 17}, {"crm": 17})], ["crm", 17]),
    "persona_id": ([("p-1", "p-1")], ["p 1", 1]),
    "agent_id": ([(f" {UUID.upper()} ", UUID)], ["p-1", 1, UUID.replace("-", ""), UUID[:-1] + "_"]),
    "voice": ([("June", "June"), (UUID, UUID)], [4, "x" * 201, ["June"], "\x07"]),
    "first_sentence": ([("Hi {{name}}!", "Hi {{name}}!")], [5, "x" * 2_001]),
    "language": ([("en-us", "en-US"), (" zh-Hant ", "zh-Hant")], ["english", "eng", 1]),
    "wait_for_greeting": (
        [(True, True), ("yes", True), ("1", True), ("ON", True), ("False", False), ("0", False)],
        ["maybe", 1, 0, "t", []],
    ),
    "pronunciation_guide": (
        [
            (
                [
                    {
                        "word": "SQL",
                        "pronunciation": "sequel",
                        "spaced": "true",
                        "case_sensitive": "",
                    }
                ],
                [{"word": "SQL", "pronunciation": "sequel", "spaced": True}],
            ),
            ('[{"word": "a", "pronunciation": "b"}]', [{"word": "a", "pronunciation": "b"}]),
        ],
        ["SQL", {"word": "SQL"}, [{"word": "SQL"}], [{"word": 1, "pronunciation": "b"}], ["SQL"]],
    ),
    "background_track": (
        [("Office", "office"), ("none", "none"), ("null", None), (None, None)],
        ["street", 3, False],
    ),
    "noise_cancellation": ([("no", False)], ["off and on"]),
    "model": ([("BASE", "base"), ("turbo", "turbo")], ["enhanced", 1]),
    "temperature": (
        [(0, 0), ("1.0", 1), (0.7, 0.7), (".25", 0.25), (" 0.5 ", 0.5)],
        [1.1, -0.1, "warm", True, NAN, INFINITY, "nan", "1e-1", "1_0", 10**400],
    ),
    "interruption_threshold": (
        [(100, 100), ("500", 500), (99.5, 99.5), (0, 0), (10_000, 10_000)],
        [-1, 10_001, "fast", False],
    ),
    "interruptibility": ([(0, 0), ("3", 3), (2.0, 2)], [4, -1, 1.5, False]),
    "keywords": (
        [
            ("Bland, Acme:3 , ,x:0.5", ["Bland", "Acme:3", "x:0.5"]),
            ('["a", "b:-1", "a"]', ["a", "b:-1"]),
            (["w" * 99], ["w" * 99]),
            ([], []),
        ],
        [["a:b"], [":2"], ["a:"], ["w" * 100], [f"w{n}" for n in range(21)], [1], {"a": 1}],
    ),
    "ignore_button_press": ([("on", True)], ["press"]),
    "guard_rails": (
        [
            ([{"type": "tcpa:opt_out"}], [{"type": "tcpa:opt_out"}]),
            (
                [
                    {
                        "type": "custom",
                        "prompt": "Insults",
                        "actions": [{"type": "END_CALL", "config": {"say": "Bye"}}],
                        "config": {"end_seconds": "30"},
                    }
                ],
                [
                    {
                        "type": "custom",
                        "prompt": "Insults",
                        "actions": [{"type": "end_call", "config": {"say": "Bye"}}],
                        "config": {"end_seconds": 30},
                    }
                ],
            ),
        ],
        [
            [{"type": "custom"}],
            [{"type": "tcpa"}],
            [{}],
            [{"type": "tcpa:opt_out", "actions": [{"type": "shout"}]}],
            [{"type": "tcpa:opt_out", "level": 1}],
            "tcpa:opt_out",
        ],
    ),
    "from": (
        [(PHONE, PHONE), ("+1 (202) 555-0123", PHONE), ("+44 20 7946 0123", "+442079460123")],
        ["2025550123", "+1", "+1202555012345678", "+1 202 CALL NOW", 12025550123, "+999 1234567"],
    ),
    "dialing_strategy": (
        [
            ({"type": "local"}, {"type": "local"}),
            ('{"type": "custom_pool", "pool_id": "p"}', {"type": "custom_pooling", "pool_id": "p"}),
        ],
        [
            "local",
            {"type": "custom_pooling"},
            {"type": "local", "pool_id": "p"},
            {"pool_id": "p"},
            {"type": "near"},
        ],
    ),
    "max_duration": (
        [(12, 12), ("12", 12), (12.0, 12), ("12.0", 12), (1, 1), (720, 720), ("+5", 5)],
        ["abc", 0, -1, 721, True, 12.5, "12.5", NAN, INFINITY, 10**5_000, "9" * 5_000, "١٢", []],
    ),
    "transfer_phone_number": ([("+1-202-555-0123", PHONE)], ["0123"]),
    "transfer_list": (
        [
            ({"default": "+1 202 555 0123", "": ""}, {"default": PHONE}),
            (f'{{"sales": "{PHONE}"}}', {"sales": PHONE}),
        ],
        [
            {"default": "sales"},
            {"": PHONE},
            {"n" * 101: PHONE},
            PHONE,
            {f"n{n}": PHONE for n in range(51)},
        ],
    ),
    "precall_dtmf_sequence": ([("1w*#9", "1w*#9")], ["12A", 12, "1 2", "1" * 201]),
    "record": ([(False, False), ("true", True)], ["recorded", None]),
    "stream_post_transfer_transcript": ([("true", True)], [2]),
    "tools": (
        [("TL-1, KB-two", ["TL-1", "KB-two"]), (["TL-1", "TL-1"], ["TL-1"])],
        ["hammer", ["TL-"], [{"name": "tool"}], '["TL-1"', ["TL-1; DROP"]],
    ),
    "custom_tools": (
        [
            (
                [
                    {
                        "name": " Book ",
                        "url": "https://crm.example.com/b",
                        "headers": {"K": "s3cret"},
                    }
                ],
                [{"name": "Book", "url": "https://crm.example.com/b", "headers": {"K": "s3cret"}}],
            ),
            (
                '[{"name": "A", "url": "http://a.example.com", "method": "post", "x": {"y": [1]}}]',
                [{"name": "A", "url": "http://a.example.com", "method": "POST", "x": {"y": [1]}}],
            ),
        ],
        [
            ["TL-1"],
            [{"name": "Book"}],
            [{"url": "https://crm.example.com"}],
            [{"name": "Book", "url": "crm.example.com"}],
            [{"name": "Book", "url": "https://u:p@crm.example.com"}],
            [{"name": "Book", "url": "https://crm.example.com", "method": "SHOUT"}],
            [{"name": "Book", "url": "https://crm.example.com", "headers": ["K: s3cret"]}],
            {"name": "Book", "url": "https://crm.example.com"},
        ],
    ),
    "dynamic_data": (
        [
            (
                [
                    {
                        "url": "http://crm.example.com/{{id}}",
                        "method": "get",
                        "headers": [{"key": "X-Key", "value": "s3cret"}],
                        "body": {"a": [1]},
                        "query": {"q": "x"},
                        "cache": "false",
                        "response_data": [{"name": "n", "data": "$.n", "context": "The name"}],
                    }
                ],
                [
                    {
                        "url": "http://crm.example.com/{{id}}",
                        "method": "GET",
                        "headers": [{"key": "X-Key", "value": "s3cret"}],
                        "body": {"a": [1]},
                        "query": {"q": "x"},
                        "cache": False,
                        "response_data": [{"name": "n", "data": "$.n", "context": "The name"}],
                    }
                ],
            )
        ],
        [
            [{"method": "GET"}],
            [{"url": "ftp://crm.example.com"}],
            [{"url": "https://crm.example.com", "method": "PUT"}],
            [{"url": "https://crm.example.com", "headers": [{"key": "X", "value": "a\r\nB: c"}]}],
            [{"url": "https://crm.example.com", "headers": [{"key": "X Y", "value": "a"}]}],
            [{"url": "https://crm.example.com", "response_data": [{"name": "n"}]}],
        ],
    ),
    "voicemail": (
        [
            ({"action": "hangup", "message": ""}, {"action": "hangup"}),
            (
                {"action": "Leave_Message", "message": "Hi {{name}}"},
                {"action": "leave_message", "message": "Hi {{name}}"},
            ),
            ({"message": "Hi"}, {"action": "leave_message", "message": "Hi"}),
            ('{"action": "ignore", "sensitive": true}', {"action": "ignore", "sensitive": True}),
            (
                {
                    "action": "leave_message_and_sms",
                    "message": "Hi",
                    "sms": {"to": " {{phone_number}} ", "from": "+1 2025550123", "message": "Hi"},
                },
                {
                    "action": "leave_message_and_sms",
                    "message": "Hi",
                    "sms": {"to": "{{phone_number}}", "from": PHONE, "message": "Hi"},
                },
            ),
        ],
        [
            {"action": "leave_message"},
            {"action": "leave_message", "message": " "},
            {"action": "leave_message_and_sms", "message": "Hi"},
            {"action": "sing"},
            {"action": "hangup", "volume": 3},
            {"sms": {"to": PHONE}},
            {"sms": {"to": "{{a}} {{b}}", "message": "Hi"}},
            "leave_message",
            True,
        ],
    ),
    "retry": (
        [
            ({"wait": "60"}, {"wait": 60}),
            (
                {"wait": 60, "voicemail_message": "Hi"},
                {"wait": 60, "voicemail_action": "leave_message", "voicemail_message": "Hi"},
            ),
            ({"wait": 0, "voicemail_action": "ignore"}, {"wait": 0, "voicemail_action": "ignore"}),
        ],
        [
            {"voicemail_action": "ignore"},
            {"wait": -1},
            {"wait": 60, "voicemail_action": "leave_message"},
            {"wait": 60, "times": 3},
            3,
        ],
    ),
    "summary_prompt": ([("Short.", "Short.")], ["x" * 2_001, 1]),
    "dispositions": (
        [("SOLD, NOT SOLD", ["SOLD", "NOT SOLD"]), (["SOLD"], ["SOLD"])],
        [[1], ["x" * 101], {"SOLD": 1}],
    ),
    "citation_schema_ids": ([(f"{UUID},b", [UUID, "b"])], [["a b"], 1]),
    "post_call_evals": (
        [({"workbench_setup_id": "w"}, {"workbench_setup_id": "w"})],
        [
            {"workbench_setup_id": "w", "workbench_setup_version_id": "v"},
            {"workbench_setup_id": ""},
            "w",
        ],
    ),
    "webhook": (
        [
            ("https://example.com/hook?a=1", "https://example.com/hook?a=1"),
            (" HTTPS://example.com ", "https://example.com"),
            ("https://example.com:8443/x", "https://example.com:8443/x"),
            ("https://[2001:db8::1]/x", "https://[2001:db8::1]/x"),
            ("https://example.com/@team", "https://example.com/@team"),
        ],
        [
            "http://example.com",
            "example.com/hook",
            "https://",
            "https:///hook",
            "https://user:secret@example.com",
            "https://exa mple.com",
            "https://example.com/a b",
            "https://example.com\n.evil.example",
            "https://example.com:99999",
            "https://[::1",
            "https://" + "x" * 2_000,
            7,
        ],
    ),
    "webhook_events": (
        [("call,Tool, call", ["call", "tool"]), (["latency"], ["latency"])],
        ["everything", [None], True],
    ),
    "timezone": (
        [("America/New_York", "America/New_York"), (" europe/london ", "Europe/London")],
        ["Mars/Olympus", "localtime", "../../etc/passwd", "America", "BST", 5],
    ),
    "start_time": (
        [
            ("2021-01-01 12:00:00 -05:00", "2021-01-01T12:00:00-05:00"),
            ("2026-01-01 12:00:00-05:00", "2026-01-01T12:00:00-05:00"),
            ("2026-01-01 1:00:00-05:00", "2026-01-01T01:00:00-05:00"),
            ("2026-03-15T09:00:00-05:00", "2026-03-15T09:00:00-05:00"),
            ("2026-03-15T09:00:00.250Z", "2026-03-15T09:00:00+00:00"),
            ("2026-03-15t09:00z", "2026-03-15T09:00:00+00:00"),
            ("2026-03-15 09:00 +0530", "2026-03-15T09:00:00+05:30"),
            ("2026-03-15 09:00 +2", "2026-03-15T09:00:00+02:00"),
            ("2026-03-15 09:00:00", "2026-03-15T09:00:00+00:00"),
            ("3/15/2026 9:00 PM", "2026-03-15T21:00:00+00:00"),
            ("15.03.2026 09:00", "2026-03-15T09:00:00+00:00"),
        ],
        [
            "tomorrow",
            "2026-03-15",
            "2026-02-30 09:00:00",
            "2026-03-15 24:00:00",
            "2026-03-15 09:60:00",
            "2026-03-15 09:00:00 +15:00",
            "2026-03-15 09:00:00 +02:60",
            "1926-03-15 09:00:00",
            "2026-03-15 09:00:00 -05:00 sharp",
            1_767_225_600,
        ],
    ),
    "start_node_id": ([("node-1", "node-1")], ["node 1"]),
    "voice_preset_id": ([("preset-1", "preset-1")], [1]),
    "voice_settings": ([({"speed": 1.2}, {"speed": 1.2})], ["fast", {"speed": INFINITY}]),
    "reduce_latency": ([("true", True)], ["faster"]),
    "language_detection_period": ([("20", 20), (100, 100)], [9, 101, "often"]),
    "language_detection_options": ([("en, HI", ["en", "hi"])], [["klingon"], 5]),
    "campaign_id": ([("Spring 2026", "Spring 2026")], [12]),
    "ivr_mode": ([(True, True)], ["ivr"]),
    "answered_by_enabled": ([("yes", True)], ["human"]),
    "amd": ([("off", False)], ["machine"]),
    "analysis_schema": (
        [({"email": "string", "when": "YYYY-MM-DD"}, {"email": "string", "when": "YYYY-MM-DD"})],
        [{"email": {"type": "string"}}, "email", ["email"]],
    ),
    "analysis_prompt": ([("Look for dates.", "Look for dates.")], ["x" * 2_001]),
    "analysis_preset": ([(UUID, UUID)], ["preset"]),
    "dispatch_hours": (
        [
            ({"start": "09:00", "end": "1:00pm"}, {"start": "09:00", "end": "13:00"}),
            ('{"start": "0930", "end": "12:15 AM"}', {"start": "09:30", "end": "00:15"}),
            ({"start": "12PM", "end": "9:05"}, {"start": "12:00", "end": "09:05"}),
            ({"start": "930", "end": "8pm"}, {"start": "09:30", "end": "20:00"}),
        ],
        [
            {"start": "09:00"},
            {"start": "9", "end": "17"},
            {"start": "25:00", "end": "13:00"},
            {"start": "09:60", "end": "13:00"},
            {"start": "13:00pm", "end": "14:00"},
            {"start": "0am", "end": "14:00"},
            {"start": "09:00", "end": "9am"},
            {"start": 9, "end": 17},
            "09:00-17:00",
        ],
    ),
}

# alias: (raw → canonical settings, raw values that are refused)
ALIAS_SAMPLES: dict[str, tuple[list[tuple[Any, dict[str, Any]]], list[Any]]] = {
    "voicemail_message": (
        [("Hi", {"voicemail": {"action": "leave_message", "message": "Hi"}})],
        [5],
    ),
    "voicemail_action": (
        [("ignore", {"voicemail": {"action": "ignore"}})],
        ["sing", "leave_message", "leave_message_and_sms"],
    ),
    "voicemail_sms": (
        [({"to": PHONE, "message": "Hi"}, {"voicemail": {"sms": {"to": PHONE, "message": "Hi"}}})],
        [True, {"to": PHONE}],
    ),
    "sensitive_voicemail_detection": ([("yes", {"voicemail": {"sensitive": True}})], ["very"]),
    "block_interruptions": ([(True, {"interruptibility": 0}), ("no", {})], ["block"]),
    "local_dialing": ([("true", {"dialing_strategy": {"type": "local"}}), (False, {})], ["near"]),
    "geospatial_dialing": (
        [(UUID, {"dialing_strategy": {"type": "custom_pooling", "pool_id": UUID}})],
        [True, "a pool"],
    ),
    "available_tags": ([("SOLD, LOST", {"dispositions": ["SOLD", "LOST"]})], [[1]]),
    "voice_id": ([(0, {"voice": "0"}), ("7", {"voice": "7"})], [True, 1.5, 10**5_000]),
    "version_number": (
        [(2, {"pathway_version": 2}), ("production", {"pathway_version": "production"})],
        [0, "latest"],
    ),
}

# Every parameter that the provider's reference names for a call, today's and then the older ones.
DOCUMENTED = """
    phone_number task pathway_id pathway_version persona_id agent_id voice first_sentence model
    language wait_for_greeting pronunciation_guide temperature interruption_threshold
    interruptibility block_interruptions from dialing_strategy timezone start_time
    transfer_phone_number transfer_list max_duration tools custom_tools background_track
    noise_cancellation record voicemail citation_schema_ids stream_post_transfer_transcript
    post_call_evals
    summary_prompt retry dispositions request_data metadata webhook webhook_events dynamic_data
    keywords ignore_button_press precall_dtmf_sequence guard_rails

    start_node_id voicemail_message voicemail_action voicemail_sms sensitive_voicemail_detection
    answered_by_enabled amd ivr_mode local_dialing geospatial_dialing dispatch_hours
    analysis_schema analysis_prompt analysis_preset available_tags voice_id reduce_latency
    voice_preset_id voice_settings language_detection_period language_detection_options
    campaign_id version_number
"""

valid_samples = pytest.mark.parametrize(
    ("name", "raw", "canonical"),
    [
        pytest.param(name, raw, canonical, id=f"{name}-{number}")
        for name, (valid, _) in SAMPLES.items()
        for number, (raw, canonical) in enumerate(valid)
    ],
)
invalid_samples = pytest.mark.parametrize(
    ("name", "raw"),
    [
        pytest.param(name, raw, id=f"{name}-{number}")
        for name, (_, invalid) in SAMPLES.items()
        for number, raw in enumerate(invalid)
    ],
)
# The first reading of the time zone database is slow, whichever example it happens in.
in_any_time = settings(deadline=None)
every_setting = pytest.mark.parametrize("setting", REGISTRY.values(), ids=REGISTRY)


def only_problem(raw: dict[str, Any], **options: Any) -> tuple[str, str, str]:
    (problem,) = normalize(raw, **options).problems
    return problem.name, problem.code, problem.message


def test_every_documented_parameter_is_known() -> None:
    known, documented = set(all_names()), set(DOCUMENTED.split())
    assert not known - documented, f"Add {known - documented} to DOCUMENTED."
    assert not documented - known, f"No setting is called {documented - known}."


def test_every_setting_and_every_older_name_has_samples() -> None:
    for samples, names in ((SAMPLES, REGISTRY), (ALIAS_SAMPLES, ALIASES)):
        missing, unknown = names.keys() - samples.keys(), samples.keys() - names.keys()
        assert not missing, f"Add samples of {missing}."
        assert not unknown, f"No setting is called {unknown}."


@valid_samples
def test_a_valid_value_becomes_canonical(name: str, raw: Any, canonical: Any) -> None:
    setting = get(name)
    assert setting is not None
    parsed = setting.parse(raw)
    assert parsed == canonical
    assert type(parsed) is type(canonical)


@valid_samples
def test_a_canonical_value_is_json_and_stays_as_it_is(name: str, raw: Any, canonical: Any) -> None:
    stored = json.loads(json.dumps(canonical, allow_nan=False))
    assert REGISTRY[name].parse(stored) == canonical


@invalid_samples
def test_an_invalid_value_is_refused_in_one_short_sentence(name: str, raw: Any) -> None:
    with pytest.raises(SettingInvalid) as caught:
        REGISTRY[name].parse(raw)
    message = str(caught.value)
    assert name in message
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 700
    message.encode()


@invalid_samples
def test_an_invalid_value_is_a_problem_and_leaves_the_others_alone(name: str, raw: Any) -> None:
    normalized = normalize({name: raw, "campaign_id" if name != "campaign_id" else "voice": "A"})
    if raw in (None, {}):
        assert not normalized.problems
    else:
        assert [(p.name, p.code) for p in normalized.problems] == [(name, "invalid_call_setting")]
    assert list(normalized.values.values()) == ["A"]


@pytest.mark.parametrize(
    ("alias", "raw", "values"),
    [(alias, *sample) for alias, (valid, _) in ALIAS_SAMPLES.items() for sample in valid],
)
def test_an_older_name_means_its_replacement(alias: str, raw: Any, values: dict[str, Any]) -> None:
    normalized = normalize({alias: raw})
    assert normalized.values == values
    assert not normalized.problems


@pytest.mark.parametrize(
    ("alias", "raw"),
    [
        pytest.param(alias, raw, id=f"{alias}-{number}")
        for alias, (_, invalid) in ALIAS_SAMPLES.items()
        for number, raw in enumerate(invalid)
    ],
)
def test_a_problem_carries_the_older_name_that_was_given(alias: str, raw: Any) -> None:
    name, code, _ = only_problem({alias: raw})
    assert (name, code) == (alias, "invalid_call_setting")


@every_setting
def test_every_setting_explains_itself(setting: CallSetting) -> None:
    assert setting.label
    assert setting.label[0].isupper()
    assert setting.help.endswith(".")
    assert setting.section.label
    assert bool(setting.choices) is (setting.kind is Kind.CHOICE) or setting.kind is Kind.LIST


@every_setting
def test_a_default_is_itself_a_valid_canonical_value(setting: CallSetting) -> None:
    if setting.default is not None:
        assert setting.parse(setting.default) == setting.default


@every_setting
def test_blank_cells_and_nulls_mean_not_set(setting: CallSetting) -> None:
    blanks: tuple[Any, ...] = ("", "  \t", None, {})
    for blank in blanks:
        if blank is not None or not setting.nullable:
            normalized = normalize({setting.name: blank})
            assert not normalized.values
            assert not normalized.problems


def test_each_section_of_the_wizard_has_settings() -> None:
    shown = {setting.section for setting in REGISTRY.values() if not setting.structural}
    assert shown == set(Section)
    assert Section.KNOWLEDGE.label == "Knowledge & tools"


def test_names_and_older_names_are_told_apart() -> None:
    assert is_call_setting("max_duration")
    assert is_call_setting("voicemail_message")
    assert not is_call_setting("customer_name")
    assert get("voicemail_message") is None


def test_only_what_has_a_place_of_its_own_is_structural() -> None:
    structural = {name for name, setting in REGISTRY.items() if setting.structural}
    assert structural == {
        *("phone_number", "task", "pathway_id", "pathway_version", "request_data", "metadata")
    }


def test_null_is_a_value_where_the_provider_gives_it_a_meaning() -> None:
    assert normalize({"background_track": None}).values == {"background_track": None}


def test_a_webhook_that_is_not_https_is_refused() -> None:
    assert only_problem({"webhook": "http://example.com/hook"}) == (
        "webhook",
        "invalid_call_setting",
        "webhook 'http://example.com/hook' is not valid: "
        "give a full address that begins with https://.",
    )


def test_a_bad_max_duration_is_named_with_its_remedy() -> None:
    _, _, message = only_problem({"max_duration": "abc"})
    assert message == (
        "max_duration 'abc' is not valid: give a whole number of minutes from 1 to 720."
    )


@pytest.mark.parametrize(
    "raw",
    [
        {"webhook": "https://user:s3cret@example.com"},
        {"webhook": "http://user:s3cret@example.com"},
        {"webhook": "https://user:s3cret@exa mple.com:x"},
        {"webhook": "http://example.com/hook?token=s3cret"},
        {"dynamic_data": "s3cret"},
        {"tools": [{"name": "s3cret", "headers": {"Authorization": "s3cret"}}]},
        {"custom_tools": [{"name": "Book", "url": "https://s3cret@example.com"}]},
        {"custom_tools": [{"url": "https://example.com", "headers": {"Authorization": "s3cret"}}]},
        {"dynamic_data": [{"url": "https://example.com", "headers": {"Authorization": "s3cret"}}]},
        {
            "dynamic_data": [
                {"url": "https://example.com", "headers": [{"key": "K", "value": "s3cret\ns3cret"}]}
            ]
        },
    ],
)
def test_a_complaint_does_not_repeat_a_secret(raw: dict[str, Any]) -> None:
    _, _, message = only_problem(raw)
    assert "s3cret" not in message


def test_a_password_in_a_webhook_is_named_as_the_trouble() -> None:
    _, _, message = only_problem({"webhook": "https://user:s3cret@example.com"})
    assert "remove the user name and password" in message


@pytest.mark.parametrize(
    ("unknown", "remedy"),
    [
        ("max_durations", "did you mean max_duration?"),
        ("voicemail_mesage", "did you mean voicemail_message?"),
        ("zzzz", "leave it out or make it request data."),
        ("\ud800\x00" * 1_000, "leave it out or make it request data."),
    ],
)
def test_an_unknown_name_is_a_problem_with_a_suggestion(unknown: str, remedy: str) -> None:
    name, code, message = only_problem({unknown: 1})
    assert (name, code) == (unknown, "unknown_call_setting")
    assert message.endswith(remedy)
    assert len(message) < 150
    message.encode()


def test_an_unknown_name_is_reported_even_when_its_cell_is_blank() -> None:
    assert only_problem({"zzzz": ""})[1] == "unknown_call_setting"


@pytest.mark.parametrize("name", ["phone_number", "request_data", "metadata"])
def test_what_a_row_has_by_itself_is_not_a_call_setting_of_the_row(name: str) -> None:
    raw = {name: "+12025550123" if name == "phone_number" else {"a": 1}}
    assert not normalize(raw).problems
    assert only_problem(raw, per_row=True)[:2] == (name, "invalid_call_setting")


def test_a_row_may_have_its_own_webhook_and_older_names() -> None:
    row = {"webhook": "https://example.com/1", "voicemail_message": "Hi", "record": ""}
    normalized = normalize(row, per_row=True)
    assert not normalized.problems
    assert normalized.values == {
        "webhook": "https://example.com/1",
        "voicemail": {"action": "leave_message", "message": "Hi"},
    }


class TestOlderNamesBesideToday:
    def test_a_voicemail_message_is_left_whatever_the_flat_action_says(self) -> None:
        normalized = normalize({"voicemail_action": "hangup", "voicemail_message": "Hi"})
        assert normalized.values["voicemail"] == {"action": "leave_message", "message": "Hi"}
        assert not normalized.problems

    def test_an_overruled_action_must_still_be_one(self) -> None:
        raw = {"voicemail_action": "sing", "voicemail_message": "Hi"}
        assert only_problem(raw)[0] == "voicemail_action"

    def test_flat_voicemail_parameters_become_one_object(self) -> None:
        flat = {
            "voicemail_sms": {"message": "Text"},
            "voicemail_action": "leave_message",
            "voicemail_message": "Hi",
            "sensitive_voicemail_detection": True,
        }
        assert normalize(flat).values["voicemail"] == {
            "action": "leave_message",
            "message": "Hi",
            "sms": {"message": "Text"},
            "sensitive": True,
        }

    @pytest.mark.parametrize(
        "voicemail", [{"action": "leave_message", "message": ""}, '{"action": "leave_message"}']
    )
    def test_an_older_name_fills_what_the_object_lacks(self, voicemail: Any) -> None:
        normalized = normalize({"voicemail": voicemail, "voicemail_message": "Hi"})
        assert normalized.values["voicemail"] == {"action": "leave_message", "message": "Hi"}
        assert not normalized.problems

    @pytest.mark.parametrize("voicemail", ["{", "[]", 5])
    def test_an_object_that_is_none_is_refused_despite_the_older_name(self, voicemail: Any) -> None:
        raw = {"voicemail": voicemail, "voicemail_message": "Hi"}
        assert only_problem(raw)[0] == "voicemail"

    @pytest.mark.parametrize(
        ("raw", "alias", "canonical"),
        [
            ({"voice": "June", "voice_id": 3}, "voice_id", {"voice": "June"}),
            (
                {"interruptibility": 2, "block_interruptions": True},
                "block_interruptions",
                {"interruptibility": 2},
            ),
            (
                {"voicemail": {"action": "hangup"}, "voicemail_message": "Hi"},
                "voicemail_message",
                {"voicemail": {"action": "hangup", "message": "Hi"}},
            ),
            (
                {"local_dialing": True, "geospatial_dialing": "p"},
                "geospatial_dialing",
                {"dialing_strategy": {"type": "local"}},
            ),
        ],
    )
    def test_a_contradiction_is_a_problem_and_todays_name_wins(
        self, raw: dict[str, Any], alias: str, canonical: dict[str, Any]
    ) -> None:
        normalized = normalize(raw)
        assert normalized.values == canonical
        assert [(p.name, p.code) for p in normalized.problems] == [(alias, "invalid_call_setting")]
        assert "contradicts" in normalized.problems[0].message

    def test_the_same_said_twice_is_no_problem(self) -> None:
        normalized = normalize({"voice": "7", "voice_id": 7, "local_dialing": False})
        assert normalized.values == {"voice": "7"}
        assert not normalized.problems


class TestSettingsTogether:
    def test_evaluations_turn_recording_on(self) -> None:
        normalized = normalize({"post_call_evals": {"workbench_setup_id": "w"}})
        assert normalized.values["record"] is True
        assert not normalized.problems

    def test_evaluations_without_recording_are_refused(self) -> None:
        raw = {"post_call_evals": {"workbench_setup_id": "w"}, "record": "false"}
        assert only_problem(raw)[0] == "record"

    @pytest.mark.parametrize("other", ["pathway_id", "persona_id"])
    def test_an_agent_goes_with_neither_pathway_nor_persona(self, other: str) -> None:
        name, _, message = only_problem({"agent_id": UUID, other: "other"})
        assert name == "agent_id"
        assert other in message

    def test_an_agent_alone_is_fine(self) -> None:
        assert not normalize({"agent_id": UUID}).problems


class TestStartTime:
    def test_a_time_without_offset_follows_the_time_zone_beside_it(self) -> None:
        raw = {"start_time": "2026-07-01 9:00:00", "timezone": "america/new_york"}
        normalized = normalize(raw, timezone="Asia/Tokyo")
        assert normalized.values["start_time"] == "2026-07-01T09:00:00-04:00"

    def test_a_row_without_time_zone_follows_the_one_of_the_caller(self) -> None:
        normalized = normalize({"start_time": "2026-07-01 9:00:00"}, timezone="Asia/Tokyo")
        assert normalized.values["start_time"] == "2026-07-01T09:00:00+09:00"

    def test_an_offset_beats_the_time_zone(self) -> None:
        moment = parse_start_time("2026-07-01 09:00:00Z", timezone="Asia/Tokyo")
        assert moment == datetime(2026, 7, 1, 9, tzinfo=UTC)

    def test_a_skipped_hour_moves_forward(self) -> None:
        moment = parse_start_time("2026-03-08 02:30:00", timezone="America/New_York")
        assert moment.isoformat() == "2026-03-08T03:30:00-04:00"

    def test_an_hour_that_comes_twice_is_the_first(self) -> None:
        moment = parse_start_time("2026-11-01 01:30:00", timezone="America/New_York")
        assert moment.utcoffset() == timedelta(hours=-4)

    def test_an_unknown_time_zone_is_refused(self) -> None:
        with pytest.raises(SettingInvalid, match="timezone 'Mars' is not valid"):
            parse_start_time("2026-11-01 01:30:00", timezone="Mars")

    @in_any_time
    @given(
        st.datetimes(datetime.fromisoformat("2000-01-02"), datetime.fromisoformat("2099-12-30")),
        st.sampled_from(
            ["UTC", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia"]
        ),
    )
    def test_what_is_stored_means_the_same_moment_when_read_again(
        self, naive: datetime, zone: str
    ) -> None:
        moment = parse_start_time(naive.isoformat(" "), timezone=zone)
        again = parse_start_time(moment.isoformat(), timezone=None)
        # In UTC: times of an hour that comes twice never equal those of another zone (PEP 495).
        assert again.astimezone(UTC) == moment.astimezone(UTC)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(["{}", "[]", '{"a": 1}', "[1, [2]]", "https://", "+1202", "{{x}}", "NaN"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=8)
            | st.sampled_from(["action", "message", "type", "url", "wait", "sms"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@in_any_time
@given(
    st.dictionaries(st.sampled_from(all_names()) | st.text(), json_values, max_size=8),
    st.booleans(),
)
def test_arbitrary_json_never_raises_and_what_is_kept_is_stable(
    raw: dict[str, Any], per_row: bool
) -> None:
    normalized = normalize(raw, per_row=per_row)
    assert all(is_call_setting(name) for name in normalized.values)
    stored = json.loads(json.dumps(normalized.values, allow_nan=False))
    again = normalize(stored).values
    assert {name: again[name] for name in again} == {
        name: value for name, value in stored.items() if value != {}
    }
