"""The headers that CRMs, forms and lead sellers give the details of a consent."""

from __future__ import annotations

import pytest

from batchcalls.lists.consent_headers import consent_detail_of
from batchcalls.lists.guessing import guess
from batchcalls.lists.headers import describe_headers
from batchcalls.lists.mapping import Target
from batchcalls.lists.mapping import check as problems_of

CORPUS = {
    Target.CONSENT_DATE: [
        *("consent_date", "Consent Date", "opt_in_timestamp", "Opt-in time", "OPTIN_TIME"),
        *("opted_in_at", "Opted In At", "TCPA Consent Date", "Consent_Date__c", "opt-in date"),
        *("Marketing consent date", "Date of consent", "consent given on", "Consent timestamp"),
        *("Einwilligungsdatum", "Einwilligung am", "Datum der Einwilligung", "дата согласия"),
        *("Date de consentement", "date du consentement", "fecha de consentimiento"),
        *("data do consentimento", "data consenso", "Data zgody", "Toestemming datum"),
    ],
    Target.CONSENT_TYPE: [
        *("consent type", "Consent_Type__c", "Type of consent", "opt_in_type", "consent_level"),
        *("tipo de consentimiento", "Rodzaj zgody"),
    ],
    Target.CONSENT_SOURCE: [
        *("opt-in source", "Opt In Source", "consent source", "consent_channel", "opt_in_method"),
        *("Quelle der Einwilligung", "Einwilligungsquelle", "Źródło zgody"),
    ],
    Target.CONSENT_EVIDENCE: [
        *("TrustedForm URL", "xxTrustedFormCertUrl", "trusted_form_cert_url", "jornaya leadid"),
        *("Jornaya Lead ID", "universal_leadid", "LeadiD Token", "Consent IP Address", "opt_in_ip"),
        *("Consent language", "consent_text", "proof of consent", "Einwilligung Nachweis"),
    ],
}


@pytest.mark.parametrize(
    ("header", "target"),
    [(header, target) for target, headers in CORPUS.items() for header in headers],
)
def test_a_usual_header_about_a_consent_is_recognized(header: str, target: Target) -> None:
    assert consent_detail_of(header) == target


@pytest.mark.parametrize(
    "header",
    [
        *("", "date", "source", "type", "Lead ID", "lead_id", "Lead Source", "lead type", "terms"),
        *("consent", "opt_in", "opt_out_date", "unsubscribed_at", "created at", "on" * 60),
        # Another channel, or a contract.
        *("SMS consent date", "email_opt_in_date", "Subscription date", "Agreement date"),
    ],
)
def test_a_header_about_something_else_is_not(header: str) -> None:
    assert consent_detail_of(header) is None


def test_a_list_of_a_lead_seller_is_matched_without_help() -> None:
    headers = describe_headers(
        [
            *("phone", "opt_in", "consent_date", "opt_in_timestamp", "Opt-in source"),
            *("TrustedForm URL", "jornaya leadid", "Consent type"),
        ]
    )
    mapping = guess(headers, is_call_setting=lambda name: False)
    assert [column.target.value for column in mapping.columns] == [
        *("phone_number", "consent", "consent_date", "request_data", "consent_source"),
        *("consent_evidence", "consent_evidence", "consent_type"),
    ]
    assert not problems_of(mapping, is_call_setting=lambda name: False)
    # What was a variable stays one; the proof does not reach the prompt.
    assert mapping.variables() == [
        *("consent_date", "opt_in_timestamp", "Opt-in source", "Consent type")
    ]
