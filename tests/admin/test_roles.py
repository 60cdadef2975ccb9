"""Who may do what: each role at each door, and no button that would answer "forbidden"."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from batchcalls.access import api_keys, roles
from batchcalls.batches import lifecycle
from batchcalls.intake import runner
from batchcalls.intake.uploads import save_mapping
from batchcalls.models import Export, ExportKind, OptOutSource, WorkerHeartbeat
from batchcalls.webhooks import endpoints, outbox
from campaigns.models import AllowedHost, CallingPolicy, Campaign, Pathway, Suppression, Tool
from tests.admin.crawling import walk

# Every page has tests of its own; the walks through all of them take half as long untraced.
pytestmark = pytest.mark.django_db
ONE_DATABASE = pytest.mark.one_database

#: Nobody's: a person of the staff without any group.
NOBODY = "nobody"
EVERYBODY = [NOBODY, *roles.ROLES]

#: Pages for whoever is signed in.
OPEN_TO_ALL = {
    "index",
    "login",
    "logout",
    "password_change",
    "password_change_done",
    "jsi18n",
    "login_code",
    "preferences",
    "security",
    "security_set_up",
    "security_codes",
    "security_off",
}

CHANGE_ENDPOINT = "batchcalls.change_webhookendpoint"
#: Pages beyond Django's own five for each table: the permissions that each asks for.
DOORS: dict[str, tuple[str, ...]] = {
    "emergency_stop": ("batchcalls.engage_emergencystop",),
    "emergency_lift": ("batchcalls.engage_emergencystop",),
    "restored": ("batchcalls.engage_emergencystop",),
    "restored_settle": ("batchcalls.engage_emergencystop",),
    "retention": ("batchcalls.view_purge",),
    "sign_ins": ("auth.change_user",),
    "two_step_reset": ("auth.change_user",),
    # The steps of a new batch, and what is done to one.
    "batchcalls_batch_template": ("batchcalls.add_batch",),
    "batchcalls_batch_upload": ("batchcalls.change_batch",),
    "batchcalls_batch_columns": ("batchcalls.change_batch",),
    "batchcalls_batch_step_state": ("batchcalls.change_batch",),
    "batchcalls_batch_first_state": ("batchcalls.add_batch",),
    "batchcalls_batch_preview": ("batchcalls.change_batch",),
    "batchcalls_batch_glance": ("batchcalls.change_batch",),
    "batchcalls_batch_voices": ("batchcalls.add_batch",),
    "batchcalls_batch_review": ("batchcalls.view_batch",),
    "batchcalls_batch_continue": ("batchcalls.view_batch",),
    "batchcalls_batch_test_call": ("batchcalls.launch_batch", "batchcalls.view_batch"),
    "batchcalls_batch_pause": ("batchcalls.pause_batch", "batchcalls.view_batch"),
    "batchcalls_batch_resume": ("batchcalls.pause_batch", "batchcalls.view_batch"),
    "batchcalls_batch_budget": ("batchcalls.launch_batch", "batchcalls.view_batch"),
    "batchcalls_batch_retry": ("batchcalls.launch_batch", "batchcalls.view_batch"),
    "batchcalls_batch_clone": ("batchcalls.add_batch", "batchcalls.view_batch"),
    "batchcalls_batch_rename": ("batchcalls.change_batch", "batchcalls.view_batch"),
    "batchcalls_batch_cancel": ("batchcalls.cancel_batch", "batchcalls.view_batch"),
    "batchcalls_batch_delete_draft": ("batchcalls.cancel_batch", "batchcalls.view_batch"),
    # The tabs of its page.
    "batchcalls_batch_recipients": ("batchcalls.view_batch", "batchcalls.view_recipient"),
    "batchcalls_batch_log": ("batchcalls.view_batch",),
    "batchcalls_batch_dry_run": ("batchcalls.view_batch",),
    "batchcalls_batch_settings": ("batchcalls.view_batch",),
    "batchcalls_batch_again": ("batchcalls.change_batch",),
    "batchcalls_batch_mapping": ("campaigns.add_columnmapping", "batchcalls.view_batch"),
    "batchcalls_batch_export": ("batchcalls.export_batch", "batchcalls.view_batch"),
    "batchcalls_batch_add_rows": ("batchcalls.change_batch", "batchcalls.launch_batch"),
    "batchcalls_callresult_export": (
        "batchcalls.export_callresult",
        "batchcalls.view_callresult",
    ),
    "batchcalls_callresult_again": ("batchcalls.launch_batch", "batchcalls.view_callresult"),
    "batchcalls_callresult_settle": ("batchcalls.settle_callresult",),
    "batchcalls_callresult_recording": ("batchcalls.view_callresult",),
    "batchcalls_callresult_keep": ("batchcalls.view_callresult",),
    "batchcalls_callresult_forget": ("batchcalls.view_callresult",),
    # All use or change what an account is for.
    "batchcalls_voiceaccount_caller_ids": ("batchcalls.change_voiceaccount",),
    "batchcalls_voiceaccount_switch": ("batchcalls.change_voiceaccount",),
    "batchcalls_voiceaccount_test": ("batchcalls.change_voiceaccount",),
    "batchcalls_voiceaccount_try_now": ("batchcalls.change_voiceaccount",),
    "batchcalls_voiceaccount_floor": (
        "batchcalls.waive_voiceaccount",
        "batchcalls.view_voiceaccount",
    ),
    # Who is told of what.
    "batchcalls_webhookendpoint_edit": (CHANGE_ENDPOINT, "batchcalls.view_webhookendpoint"),
    "batchcalls_webhookendpoint_test": (CHANGE_ENDPOINT, "batchcalls.view_webhookendpoint"),
    "batchcalls_webhookendpoint_rotate": (CHANGE_ENDPOINT, "batchcalls.view_webhookendpoint"),
    "batchcalls_webhookendpoint_disable": (CHANGE_ENDPOINT, "batchcalls.view_webhookendpoint"),
    "batchcalls_webhookendpoint_enable": (CHANGE_ENDPOINT, "batchcalls.view_webhookendpoint"),
    "batchcalls_webhookdelivery_resend": ("batchcalls.resend_webhookdelivery",),
    # Whoever may export sees what they asked for themselves.
    "batchcalls_export_changelist": ("batchcalls.export_batch",),
    "batchcalls_export_file": ("batchcalls.export_batch",),
    "batchcalls_export_news": ("batchcalls.export_batch",),
    "batchcalls_export_dismiss": ("batchcalls.export_batch",),
    "batchcalls_apikey_revoke": ("batchcalls.view_apikey", "batchcalls.change_apikey"),
    "batchcalls_optoutsource_add": (
        "batchcalls.add_optoutsource",
        "batchcalls.view_optoutsource",
    ),
    **dict.fromkeys(
        [f"batchcalls_optoutsource_{action}" for action in ("rotate", "disable", "enable")],
        ("batchcalls.change_optoutsource", "batchcalls.view_optoutsource"),
    ),
    "batchcalls_auditentry_export": (
        "batchcalls.export_auditentry",
        "batchcalls.view_auditentry",
    ),
    "batchcalls_optoutreview_decide": ("batchcalls.decide_optoutreview",),
    "campaigns_rulepackswitch_switch_pack": (
        "campaigns.switch_rulepackswitch",
        "campaigns.view_rulepackswitch",
    ),
    "campaigns_rulepackswitch_switch_entry": (
        "campaigns.switch_rulepackswitch",
        "campaigns.view_rulepackswitch",
    ),
    "campaigns_suppression_number": ("campaigns.view_suppression",),
    "campaigns_suppression_proof": ("campaigns.export_suppression", "campaigns.view_suppression"),
    "campaigns_suppression_archive": (
        "batchcalls.disclose_number",
        "campaigns.view_suppression",
    ),
    "campaigns_suppression_erase": ("batchcalls.erase_number", "campaigns.view_suppression"),
    "batchcalls_storedlist_add_do_not_call": (
        "campaigns.import_suppression",
        "campaigns.add_suppression",
    ),
    "batchcalls_storedlist_not_taken_in": (
        "batchcalls.view_storedlist",
        "campaigns.import_suppression",
    ),
    "batchcalls_storedlist_export_do_not_call": (
        "campaigns.export_suppression",
        "campaigns.view_suppression",
    ),
    "campaigns_campaign_import": (
        "campaigns.import_campaign",
        "campaigns.add_campaign",
        "campaigns.change_campaign",
    ),
    "campaigns_campaign_process_import": (
        "campaigns.import_campaign",
        "campaigns.add_campaign",
        "campaigns.change_campaign",
    ),
    "campaigns_campaign_preview": ("campaigns.view_campaign",),
    "campaigns_campaign_export": ("campaigns.export_campaign", "campaigns.view_campaign"),
    "campaigns_suppression_removed": ("campaigns.view_suppression",),
    "campaigns_suppression_import": (
        "campaigns.import_suppression",
        "campaigns.add_suppression",
        "campaigns.change_suppression",
    ),
    "campaigns_suppression_process_import": (
        "campaigns.import_suppression",
        "campaigns.add_suppression",
        "campaigns.change_suppression",
    ),
    "campaigns_suppression_export": (
        "campaigns.export_suppression",
        "campaigns.view_suppression",
    ),
    # Of people, administrators alone.
    "auth_user_password_change": ("auth.change_user",),
}

#: What can be done to several rows of a list at once, and the permission that it asks for.
ACTIONS: dict[str, str] = {
    "dry_run": "batchcalls.change_batch",
    "launch": "batchcalls.launch_batch",
    "pause": "batchcalls.pause_batch",
    "resume": "batchcalls.pause_batch",
    "cancel": "batchcalls.cancel_batch",
    "cancel_and_hang_up": "batchcalls.cancel_batch",
    "save_mapping": "campaigns.add_columnmapping",
}

#: Tables that nobody adds to, changes or deletes from by hand, whatever they are granted.
RECORDS = {
    "batch": {"delete"},
    "callresult": {"add", "change", "delete"},
    "recipient": {"add", "change", "delete"},
    "storedlist": {"add", "change", "delete"},
    "export": {"add", "change", "delete"},
    "workerheartbeat": {"add", "change", "delete"},
    "webhookdelivery": {"add", "change", "delete"},
    "columnmapping": {"add"},
    "apikey": {"change", "delete"},
    "optoutsource": {"delete"},
    "auditentry": {"add", "delete"},
}


#: What each role must be led to, by links alone.
WORKS_WITH: dict[str, tuple[str, ...]] = {
    NOBODY: ("/",),
    "Viewers": ("/batchcalls/batch/", "/batchcalls/callresult/", "/campaigns/campaign/"),
    "Operators": ("/batchcalls/batch/add/", "/batchcalls/callresult/"),
    "Analysts": ("/batchcalls/callresult/", "/batchcalls/callresult/export.csv"),
    "Managers": (
        "/campaigns/campaign/add/",
        "/campaigns/suppression/add/",
        "/campaigns/callingpolicy/add/",
        "/emergency/stop/",
        "/batchcalls/webhookendpoint/add/",
    ),
    "Integrators": (
        "/batchcalls/batch/add/",
        "/campaigns/suppression/add/",
        "/batchcalls/webhookendpoint/add/",
    ),
}


@pytest.fixture
def world(make_batch: Any, run: Callable[..., Any], account: Any) -> None:
    """At least one row of everything that has a page, and batches in several states."""
    policy = CallingPolicy.objects.create(name="Any hour")
    campaign = Campaign.objects.create(name="Reminder", prompt="Hello.", policy=policy)
    Pathway.objects.create(name="Survey", pathway_id="pw-1")
    Tool.objects.create(name="Calendar", reference="TL-1")
    Suppression.objects.create(e164="+12025550133")
    AllowedHost.objects.create(host="crm.example.com")
    endpoint = endpoints.create(url="https://crm.example.com/hook", campaign=campaign)
    outbox.send_test(endpoint)
    make_batch("+12025550190", name="Draft", campaign=campaign)
    done = run(make_batch("+12025550190", "12", "+12025550194", name="Over", campaign=campaign))
    save_mapping(done.first_list, name="Shops", actor=None)
    waiting = make_batch("+12025550191", name="Calling")
    lifecycle.submit(waiting, launch=True)
    runner.run_batch(waiting.pk, seconds=5)
    paused = make_batch("+12025550192", name="Paused")
    lifecycle.submit(paused, launch=True)
    runner.run_batch(paused.pk, seconds=5)
    lifecycle.pause(paused)
    WorkerHeartbeat.objects.beat()
    Export.objects.create(kind=ExportKind.RESULTS, batch=done)
    OptOutSource.objects.create(name="CRM")


@pytest.fixture(params=EVERYBODY)
def role(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def client_of(db: None) -> Callable[[str], Client]:
    def sign_in(role: str) -> Client:
        user = User.objects.create_user(f"a-{role.lower()}", is_staff=True)
        if role != NOBODY:
            user.groups.add(Group.objects.get(name=role))
        # Of keys everybody sees only their own.
        api_keys.create(user, name="a program", scopes=["batches:read"])
        client = Client()
        client.force_login(user)
        return client

    return sign_in


def may(role: str, *permissions: str) -> bool:
    return set(permissions) <= roles.ROLES.get(role, frozenset())


def admin_patterns() -> Iterator[URLPattern]:
    """Yield every named page of the back office."""

    def named(resolver: URLResolver) -> Iterator[URLPattern]:
        for pattern in resolver.url_patterns:
            if isinstance(pattern, URLResolver):
                yield from named(pattern)
            elif pattern.name:
                yield pattern

    [site] = [
        pattern
        for pattern in get_resolver().url_patterns
        if isinstance(pattern, URLResolver) and pattern.namespace == "admin"
    ]
    yield from named(site)


def models() -> dict[str, type[Model]]:
    return {f"{m._meta.app_label}_{m._meta.model_name}": m for m in admin.site._registry}


def model_of(name: str) -> type[Model] | None:
    fitting = [model for prefix, model in models().items() if name.startswith(f"{prefix}_")]
    return fitting[0] if fitting else None


def permissions_of(name: str) -> tuple[str, ...] | None:
    """Return what a page asks for; None for one that nobody is let in to by a role."""
    if name in DOORS:
        return DOORS[name]
    model = model_of(name)
    assert model is not None, f"Nobody said who may open “{name}”: add it to DOORS."
    app, table = model._meta.app_label, str(model._meta.model_name)
    verb = {
        "changelist": "view",
        "add": "add",
        "change": "view",
        "delete": "delete",
        "history": "view",
    }.get(name.rsplit("_", 1)[1])
    assert verb, f"Nobody said who may open “{name}”: add it to DOORS."
    if verb in RECORDS.get(table, set()):
        return None
    return (f"{app}.{verb}_{table}",)


def address_of(name: str) -> str:
    """Fill in the keys of rows that exist."""
    if name == "app_list":
        return ""
    model = model_of(name)
    row = model._default_manager.first() if model else None
    key = [row.pk] if row is not None else [1]
    for arguments in ([], key, [*key, "results", "csv"], ["csv"], [key[0], "csv"]):
        try:
            return reverse(f"admin:{name}", args=arguments)
        except NoReverseMatch:
            continue
    raise AssertionError(f"What are the arguments of “{name}”?")


def is_refusal(answer: Any, *, may_open: bool = False) -> bool:
    """Tell whether a person was not let in.

    Django sends home whoever asks for rows that they cannot see, and another's export is not there
    for them; some pages take posts only, and some none. For whoever may open a page, a row that is
    missing is no refusal.
    """
    is_missing = answer.status_code == 404 and not may_open
    return is_missing or answer.status_code in {403, 405} or answer.get("Location") == "/"


def doors() -> list[tuple[str, tuple[str, ...] | None]]:
    names = {str(pattern.name) for pattern in admin_patterns()} - OPEN_TO_ALL
    # Autocomplete asks the table that is looked through; its own page has no name of a table.
    names -= {"autocomplete", "app_list"}
    return [(name, permissions_of(name)) for name in sorted(names)]


# The roles themselves ----------------------------------------------------------------------------


def test_every_installation_has_the_roles_with_their_permissions() -> None:
    for role, names in roles.ROLES.items():
        granted = Group.objects.get(name=role).permissions.values_list(
            "content_type__app_label", "codename"
        )
        assert {f"{app}.{codename}" for app, codename in granted} == names


def test_what_an_administrator_took_away_stays_away_until_it_is_asked_for() -> None:
    operators = Group.objects.get(name="Operators")
    launch = Permission.objects.get(codename="launch_batch")
    operators.permissions.remove(launch)
    roles.on_post_migrate()
    assert launch not in operators.permissions.all()
    assert roles.sync()["Operators"] == ["batchcalls.launch_batch"]
    assert launch in operators.permissions.all()


def test_what_an_administrator_granted_is_never_taken_away() -> None:
    extra = Permission.objects.get(codename="engage_emergencystop")
    own = Group.objects.create(name="Night shift")
    for group in (own, Group.objects.get(name="Analysts")):
        group.permissions.add(extra)
        roles.on_post_migrate()
        call_command("sync_roles", verbosity=0)
        assert extra in group.permissions.all()
    assert own.permissions.count() == 1


def test_an_upgrade_grants_what_is_new_and_brings_missing_roles() -> None:
    Group.objects.get(name="Viewers").delete()
    Permission.objects.get(codename="pause_batch").delete()
    operators = Group.objects.get(name="Operators")
    operators.permissions.remove(Permission.objects.get(codename="launch_batch"))
    roles.on_post_migrate()
    assert operators.permissions.filter(codename="pause_batch").exists()
    assert not operators.permissions.filter(codename="launch_batch").exists()
    assert Group.objects.get(name="Viewers").permissions.count() == len(roles.LOOK)


def test_running_it_again_is_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    before = set(Group.permissions.through.objects.values_list("group", "permission"))
    call_command("sync_roles")
    assert "Operators: has all it needs." in capsys.readouterr().out
    assert set(Group.permissions.through.objects.values_list("group", "permission")) == before


# Every role at every door ------------------------------------------------------------------------


@ONE_DATABASE
@pytest.mark.usefixtures("world")
def test_each_page_opens_for_the_roles_that_may_and_for_no_other(
    role: str, client_of: Callable[[str], Client]
) -> None:
    client = client_of(role)
    wrong = []
    for name, permissions in doors():
        allowed = permissions is not None and may(role, *permissions)
        answer = client.get(address_of(name))
        if answer.status_code == 405:
            continue  # Takes posts only; these are looked at below.
        if is_refusal(answer, may_open=allowed) == allowed:
            can = "may" if allowed else "may not"
            wrong.append(f"{name}: {answer.status_code}, though {role} {can}")
    assert not wrong, "\n".join(wrong)


@ONE_DATABASE
@pytest.mark.usefixtures("world")
def test_nothing_can_be_posted_where_a_role_may_not(
    role: str, client_of: Callable[[str], Client]
) -> None:
    client = client_of(role)
    tables = [*apps.get_app_config("batchcalls").get_models(), *models().values()]
    before = {table: list(table._default_manager.order_by("pk").values()) for table in tables}
    wrong = []
    for name, permissions in doors():
        # A list takes posts too, of actions: they are looked at below.
        writes = not name.endswith("_changelist")
        if writes and (permissions is None or not may(role, *permissions)):
            answer = client.post(address_of(name), {"post": "yes"})
            if not is_refusal(answer):
                wrong.append(f"{name}: {answer.status_code}, though {role} may not")
    assert not wrong, "\n".join(wrong)
    assert before == {
        table: list(table._default_manager.order_by("pk").values()) for table in tables
    }


def test_each_action_is_offered_to_the_roles_that_may_and_to_no_other(role: str) -> None:
    user = User.objects.create_user("somebody", is_staff=True)
    user.groups.set(Group.objects.filter(name=role))
    request = RequestFactory().get("/", {})
    request.user = user
    everything = RequestFactory().get("/", {})
    everything.user = User.objects.create_superuser("root")
    for model, pages in admin.site._registry.items():
        app, table = model._meta.app_label, model._meta.model_name
        offered = set(pages.get_actions(request))
        for name in pages.get_actions(everything):
            if app not in roles.APPS:
                continue  # Their pages open for no role at all.
            needed = {
                "delete_selected": f"{app}.delete_{table}",
                "export_admin_action": f"{app}.export_{table}",
            }.get(name) or ACTIONS.get(name)
            assert needed, f"Nobody said who may “{name}”: add it to ACTIONS."
            assert (name in offered) == may(role, needed), f"{role}, {table}: {name}"


# No button that would answer "forbidden" ---------------------------------------------------------


@pytest.mark.parametrize(
    "role",
    # Managers see most pages; their walk shows that all of them work on the other database too.
    [pytest.param(one, marks=[] if one == "Managers" else ONE_DATABASE) for one in EVERYBODY],
    indirect=True,
)
@pytest.mark.usefixtures("world")
def test_nothing_that_a_page_offers_is_forbidden_and_everybody_reaches_their_work(
    role: str, client_of: Callable[[str], Client]
) -> None:
    found = walk(client_of(role))
    assert found.answered(403) == []
    assert found.missing() == []
    assert found.answered(500) == []
    reached = {address.split("?")[0] for address in found.statuses}
    assert reached >= set(WORKS_WITH[role])
