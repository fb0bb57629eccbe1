"""Connecting accounts: what the worker makes of a login or a token, and when it refuses."""

import json
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.connecting.begin import PATIENCE, begin_login, begin_token, cancel, choose, look_again, return_from_login
from accounts.connecting.errors import explain
from accounts.connecting.work import connect_next
from accounts.models import Account, Activity, ConnectionRequest, Grant, MetaApp
from core.clock import now
from core.lease import lease_time
from graph.networks import Login, Network
from inbox.content import Content
from tests.accounts.connecting import GALLERY, JUNIOR, MARTA, ROASTERY, ROASTERY_GRAM, SHOP, STUDIO, choose_who, code_of, make_town, work

State = ConnectionRequest.State


@pytest.fixture
def town(cast):
    return make_town(cast)


def paste(town, token, *, by=None, app=None, account=None) -> ConnectionRequest:
    request = begin_token(token, app=app, by=by or town.cast.root, at=now(), account=account)
    work()
    return fresh(request)


def log_in(town, method, who, *, by=None, account=None) -> ConnectionRequest:
    app = account.meta_app if account else getattr(town, method)
    request = begin_login(app, method=method, by=by or town.cast.root, at=now(), account=account)
    assert return_from_login(request, code=code_of(choose_who(request, who)), by=request.by, at=now())
    work()
    return fresh(request)


def fresh(request) -> ConnectionRequest:
    return ConnectionRequest.objects.select_related("account", "by").get(pk=request.pk)


def connect(request, *keys, days=0) -> ConnectionRequest:
    assert choose(request, keys, history_days=days, by=request.by, at=now())
    work()
    return fresh(request)


def keys(request) -> list[str]:
    return [f"{found['network']}-{found['id']}" for found in request.found]


def problems(request, key) -> list[str]:
    return [problem["code"] for found in request.found if f"{found['network']}-{found['id']}" == key for problem in found["problems"]]


def why(request) -> str:
    assert request.state == State.FAILED
    return str(explain(request.error, request.error_facts))


# Facebook Login ---------------------------------------------------------------------------------------------------


def test_a_facebook_login_shows_the_pages_and_their_instagram_accounts(town):
    request = log_in(town, "facebook", MARTA)
    assert request.state == State.CHOOSING
    assert keys(request) == [f"messenger-{SHOP}", f"messenger-{ROASTERY}", f"instagram-{ROASTERY_GRAM}"]
    assert [found["account"] for found in request.found] == [town.cast.shop.public_id, "", ""]
    assert not any(found["problems"] for found in request.found)


def test_what_is_chosen_is_connected_with_all_that_meta_tells(town):
    request = connect(log_in(town, "facebook", MARTA), f"messenger-{ROASTERY}", days=30)
    page = Account.objects.get(external_id=ROASTERY)
    assert request.chosen == [{"account": page.public_id, "is_new": True}]
    assert (request.state, request.history_days, request.secret.reveal()) == (State.DONE, 30, "")
    assert (page.state, page.login, page.network, page.name, page.meta_app) == ("connected", "facebook", "messenger", "Harbour Roastery", town.facebook)
    assert (page.token_kind, page.token_expires_at, page.meta_user_id) == ("page", None, MARTA)
    assert {"pages_messaging", "pages_manage_metadata"} <= set(page.scopes)
    assert page.token_stored_at is not None and page.data_access_until is not None
    assert page.token.reveal() == town.page_token(ROASTERY)
    assert not Account.objects.filter(external_id=ROASTERY_GRAM).exists()


def test_an_instagram_account_behind_a_page_is_saved_with_its_page(town):
    connect(log_in(town, "facebook", MARTA), f"instagram-{ROASTERY_GRAM}")
    account = Account.objects.get(external_id=ROASTERY_GRAM)
    assert (account.page_id, account.login, account.node, account.messages_access) == (ROASTERY, "facebook", ROASTERY, "allowed")
    assert account.username == "roastery"


def test_what_is_connected_is_subscribed_checked_granted_and_written_down(town):
    for account in (ROASTERY, ROASTERY_GRAM):
        town.simulator.world.set_account(account, "fields", "")
    connect(log_in(town, "facebook", MARTA), f"messenger-{ROASTERY}")
    page = Account.objects.get(external_id=ROASTERY)
    assert "messages" in town.simulator.world.account(ROASTERY).fields.split(",")
    assert "messages" in page.subscribed_fields
    assert page.check_due_at <= now()
    assert set(Grant.objects.filter(account=page, user=town.cast.root).values_list("right", flat=True)) == {"approve", "manage"}
    line = Activity.objects.get(verb="account.connected")
    assert (line.by, line.account, line.details["method"]) == (town.cast.root, page, "facebook")


def test_two_at_once_are_connected_with_two_tokens(town):
    request = connect(log_in(town, "facebook", MARTA), f"messenger-{ROASTERY}", f"instagram-{ROASTERY_GRAM}", days=None)
    assert [entry["is_new"] for entry in request.chosen] == [True, True]
    assert request.history_days is None


def test_the_person_without_a_task_on_the_page_is_told_which(town):
    town.simulator.add_person("Junior", town.facebook.app_id, [ROASTERY], id=JUNIOR, tasks=["ANALYZE", "MESSAGING"])
    request = log_in(town, "facebook", JUNIOR)
    assert request.state == State.CHOOSING
    assert problems(request, f"messenger-{ROASTERY}") == ["missing_tasks"]
    assert request.found[0]["problems"][0]["facts"] == {"tasks": "MODERATE"}
    with pytest.raises(ValidationError):
        choose(request, [f"messenger-{ROASTERY}"], history_days=0, by=request.by, at=now())


def test_a_permission_that_was_declined_is_named(town):
    given = ["pages_show_list", "pages_manage_metadata", "pages_read_engagement", "instagram_basic", "instagram_manage_messages"]
    town.simulator.add_person("Junior", town.facebook.app_id, [ROASTERY], id=JUNIOR, scopes=given)
    request = log_in(town, "facebook", JUNIOR)
    assert problems(request, f"messenger-{ROASTERY}") == ["missing_scopes"]
    assert request.found[0]["problems"][0]["facts"] == {"scopes": "pages_messaging"}
    assert problems(request, f"instagram-{ROASTERY_GRAM}") == []


def test_who_shows_no_page_is_told_what_to_choose_in_the_dialog(town):
    town.simulator.add_person("Junior", town.facebook.app_id, [], id=JUNIOR)
    assert "Meta shows no Page" in why(log_in(town, "facebook", JUNIOR))


def test_instagrams_switch_is_found_out_and_looked_at_again(town):
    town.simulator.allow_messages(ROASTERY_GRAM, False)
    request = log_in(town, "facebook", MARTA)
    assert problems(request, f"instagram-{ROASTERY_GRAM}") == ["messages_off"]
    town.simulator.allow_messages(ROASTERY_GRAM, True)
    assert look_again(request, by=request.by, at=now())
    work()
    assert problems(fresh(request), f"instagram-{ROASTERY_GRAM}") == []


def test_a_switch_that_is_turned_off_after_the_choice_keeps_back_only_that_account(town):
    request = log_in(town, "facebook", MARTA)
    town.simulator.allow_messages(ROASTERY_GRAM, False)
    request = connect(request, f"messenger-{ROASTERY}", f"instagram-{ROASTERY_GRAM}")
    assert request.state == State.DONE
    assert len(request.chosen) == 1
    assert problems(request, f"instagram-{ROASTERY_GRAM}") == ["messages_off"]
    assert not Account.objects.filter(external_id=ROASTERY_GRAM).exists()


# Instagram Login --------------------------------------------------------------------------------------------------


def test_an_instagram_login_leads_to_the_account_itself(town):
    request = log_in(town, "instagram", GALLERY)
    assert (request.state, keys(request)) == (State.CHOOSING, [f"instagram-{GALLERY}"])
    connect(request, f"instagram-{GALLERY}")
    account = Account.objects.get(external_id=GALLERY)
    assert (account.login, account.page_id, account.token_kind, account.username, account.meta_app) == ("instagram", "", "instagram", "gallery", town.instagram)
    assert timedelta(days=59) < account.token_expires_at - now() < timedelta(days=61)
    assert "instagram_business_manage_messages" in account.scopes


def test_an_instagram_account_that_refuses_connected_tools_cannot_be_chosen(town):
    town.simulator.allow_messages(GALLERY, False)
    request = log_in(town, "instagram", GALLERY)
    assert problems(request, f"instagram-{GALLERY}") == ["messages_off"]


# Pasted tokens ----------------------------------------------------------------------------------------------------


def test_a_short_lived_token_of_a_person_is_exchanged_and_leads_to_lasting_page_tokens(town):
    town.simulator.set_token(town.marta, expires_in=3600)
    request = connect(paste(town, town.marta), f"messenger-{ROASTERY}")
    page = Account.objects.get(external_id=ROASTERY)
    assert request.state == State.DONE
    assert page.token_expires_at is None
    assert page.token.reveal() not in (town.marta, "EAAroastery")


def test_a_token_is_pasted_with_the_blanks_that_copying_brings(town):
    assert paste(town, f"  {town.marta[:9]}\n{town.marta[9:]} ").state == State.CHOOSING


def test_a_token_of_a_page_leads_to_the_page_and_its_instagram_account(town):
    request = paste(town, town.page_token(ROASTERY))
    assert keys(request) == [f"messenger-{ROASTERY}", f"instagram-{ROASTERY_GRAM}"]
    connect(request, f"messenger-{ROASTERY}")
    assert Account.objects.get(external_id=ROASTERY).token.reveal() == town.page_token(ROASTERY)


def test_a_page_token_that_ends_within_the_hour_is_refused(town):
    token = town.page_token(ROASTERY)
    town.simulator.set_token(token, expires_in=3600)
    assert "ends within a day" in why(paste(town, token))


def test_a_token_of_a_system_user_is_told_apart(town):
    machine = town.simulator.add_person("Machine", town.facebook.app_id, [ROASTERY], kind="system_user")["token"]
    connect(paste(town, machine), f"messenger-{ROASTERY}")
    page = Account.objects.get(external_id=ROASTERY)
    assert (page.token_kind, page.token_expires_at) == ("system_user", None)


def test_a_token_of_instagram_is_told_apart_and_exchanged(town):
    connect(paste(town, "IGAAgallery"), f"instagram-{GALLERY}")
    account = Account.objects.get(external_id=GALLERY)
    assert (account.login, account.meta_app, account.token_kind) == ("instagram", town.instagram, "instagram")
    assert account.token_expires_at is not None and account.token.reveal() != "IGAAgallery"


def test_an_instagram_token_that_cannot_be_exchanged_is_as_good(town):
    town.simulator.fault("error", route="access_token", code=100, status=400, times=None)
    connect(paste(town, "IGAAgallery"), f"instagram-{GALLERY}")
    assert Account.objects.get(external_id=GALLERY).token.reveal() == "IGAAgallery"


def test_the_app_of_a_token_is_found_among_several(town):
    other = MetaApp.objects.create(kind="facebook", app_id="1200000000000009", name="Other app", secret="other-secret", verify_token="other")
    town.simulator.add_app("1200000000000009", "other-secret", "other")
    person = town.simulator.add_person("Somebody", "1200000000000009", ["104857600000009"])["token"]
    town.simulator.add_account(Network.MESSENGER, "104857600000009", "Elsewhere", token="EAAelse", app="1200000000000009")
    request = paste(town, person)
    assert (request.state, request.meta_app) == (State.CHOOSING, other)


def test_a_token_of_another_app_is_refused_with_its_number(town):
    town.simulator.add_app("1200000000000009", "other-secret", "other")
    person = town.simulator.add_person("Somebody", "1200000000000009", [SHOP])["token"]
    assert "This token was made for another app (1200000000000009)." in why(paste(town, person))
    assert "This token was made for another app (1200000000000009)." in why(paste(town, person, app=town.facebook))


def test_an_instagram_token_of_another_app_is_refused(town):
    town.simulator.add_app("1300000000000009", "other-secret", "other")
    town.simulator.add_account(Network.INSTAGRAM, "17841400000000111", "Elsewhere", token="IGAAelsewhere", app="1300000000000009", login=Login.INSTAGRAM)
    assert "This token was made for another app (1300000000000009)." in why(paste(town, "IGAAelsewhere"))


@pytest.mark.parametrize("token", ["EAAdead99", "IGAAunknown", "somethingelse"])
def test_a_dead_token_is_refused(town, token):
    if token == "EAAdead99":
        town.simulator.add_person("Somebody", town.facebook.app_id, [SHOP], token=token)
        town.simulator.set_token(token, dead=460)
    request = paste(town, token)
    assert "does not accept this token" in why(request)
    assert request.secret.reveal() == ""


@pytest.mark.parametrize("token", ["", "EAA", "EAA with ümlaut", "1200000000000001|app-secret", "x" * 2001])
def test_what_cannot_be_a_token_is_refused_at_once_and_not_repeated(town, token):
    with pytest.raises(ValidationError) as refusal:
        begin_token(token, app=None, by=town.cast.root, at=now())
    assert not token or token not in " ".join(refusal.value.messages)
    assert not ConnectionRequest.objects.exists()


def test_a_wrong_app_secret_is_named_as_such(town):
    MetaApp.objects.filter(pk=town.facebook.pk).update(secret="mistyped")
    assert "does not take the id and the secret of the app “Shop app”" in why(paste(town, town.marta))
    assert "does not take the id and the secret of the app “Shop app”" in why(log_in(town, "facebook", MARTA))


def test_an_app_whose_id_is_no_number_leads_nowhere_and_breaks_nothing(town):
    MetaApp.objects.filter(pk=town.facebook.pk).update(app_id="shop-app")
    town.facebook.refresh_from_db()
    with pytest.raises(ValidationError):
        begin_login(town.facebook, method="facebook", by=town.cast.root, at=now())
    assert paste(town, town.marta).error == "app_secret"


def test_without_an_app_nothing_can_be_pasted(db, django_user_model):
    root = django_user_model.objects.create_superuser("root@example.test", "correct-horse-battery", name="Root")
    with pytest.raises(ValidationError, match="Add a Meta app first"):
        begin_token("EAAsomething", app=None, by=root, at=now())


def test_a_token_of_a_login_for_which_no_app_is_stored_is_refused(town):
    MetaApp.objects.filter(pk=town.instagram.pk).delete()
    assert "no Instagram app is stored here" in why(paste(town, "IGAAgallery"))


def test_meta_being_down_changes_nothing(town):
    town.simulator.fault("error_before", route="debug_token", times=None)
    assert "Begin again in some minutes" in why(paste(town, town.marta))


# Reconnecting -----------------------------------------------------------------------------------------------------


@pytest.fixture
def broken(town):
    """The shop's token has died, and a reply waits."""
    dead = {"state": Account.State.NEEDS_RECONNECT, "state_reason": "token_expired", "state_changed_at": now(), "token": "EAAold"}
    Account.objects.filter(pk=town.cast.shop.pk).update(**dead)
    town.cast.conversation(town.cast.amina).reply(Content(text="It is back."), by=town.cast.bob)
    town.cast.shop.refresh_from_db()
    return town.cast.shop


def test_reconnecting_keeps_history_and_lets_leave_what_waited(town, broken):
    number = Account.objects.count()
    request = log_in(town, "facebook", MARTA, account=broken)
    assert (request.state, request.chosen) == (State.DONE, [{"account": broken.public_id, "is_new": False}])
    broken.refresh_from_db()
    assert (broken.state, broken.state_reason, broken.name) == ("connected", "", "Harbour Coffee")
    assert Account.objects.count() == number
    assert town.cast.conversation(town.cast.amina).account == broken
    town.cast.settle()
    assert [message["text"] for message in town.cast.received(town.cast.amina)] == ["It is back."]
    assert Activity.objects.get(verb="account.reconnected").by == town.cast.root


def test_reconnecting_reads_back_the_days_in_which_nothing_worked(town, broken):
    Account.objects.filter(pk=broken.pk).update(state_changed_at=now() - timedelta(days=3, hours=1))
    broken.refresh_from_db()
    assert log_in(town, "facebook", MARTA, account=broken).history_days == 4


def test_a_manager_replaces_the_token_of_her_account(town, broken):
    request = paste(town, town.marta, by=town.cast.dana, account=broken)
    broken.refresh_from_db()
    assert (request.state, broken.state) == (State.DONE, "connected")
    assert not Grant.objects.filter(user=town.cast.dana, account=broken, right="approve").exists()


def test_a_wrong_account_is_refused_and_the_old_token_stays(town, broken):
    request = paste(town, town.page_token(ROASTERY), account=broken)
    assert "This token is for “Harbour Roastery”, not for “Harbour Coffee”." in why(request)
    broken.refresh_from_db()
    assert (broken.token.reveal(), broken.state) == ("EAAold", "needs_reconnect")


def test_a_login_without_the_account_is_refused(town, broken):
    town.simulator.add_person("Junior", town.facebook.app_id, [ROASTERY], id=JUNIOR)
    assert "not for “Harbour Coffee”" in why(log_in(town, "facebook", JUNIOR, account=broken))


def test_a_token_of_another_app_does_not_reconnect(town, broken):
    town.simulator.add_app("1200000000000009", "other-secret", "other")
    person = town.simulator.add_person("Somebody", "1200000000000009", [SHOP])["token"]
    assert "made for another app" in why(paste(town, person, account=broken))


def test_a_token_of_the_other_login_does_not_reconnect(town, broken):
    assert "This is a token of Instagram Login; “Harbour Coffee” is connected by Facebook Login." in why(paste(town, "IGAAgallery", account=broken))


def test_what_fails_while_it_is_saved_leaves_the_account_untouched(town, broken):
    town.simulator.fault("error_before", route="conversations", after=1, times=None)
    request = paste(town, town.marta, account=broken)
    assert request.state == State.FAILED
    broken.refresh_from_db()
    assert (broken.token.reveal(), broken.state, broken.token_stored_at) == ("EAAold", "needs_reconnect", None)


def test_a_restriction_of_metas_is_not_mended_by_a_token(town, broken):
    Account.objects.filter(pk=broken.pk).update(state=Account.State.RESTRICTED)
    assert paste(town, town.marta, account=broken).state == State.DONE
    broken.refresh_from_db()
    assert broken.state == "restricted"


def test_a_disconnected_account_comes_back_with_its_history(town):
    studio = town.cast.studio
    gone = {"state": Account.State.DISCONNECTED, "token": "", "state_changed_at": now(), "parting_token": "IGAAstudio", "parting_until": now()}
    Account.objects.filter(pk=studio.pk).update(**gone)
    studio.refresh_from_db()
    request = log_in(town, "instagram", STUDIO, account=studio)
    studio.refresh_from_db()
    assert (request.state, studio.state, studio.parting_token.reveal()) == (State.DONE, "connected", "")


def test_choosing_an_account_that_is_connected_gives_it_the_new_token_and_keeps_its_name(town):
    Account.objects.filter(pk=town.cast.shop.pk).update(name="The shop", reply_hold=7)
    request = connect(log_in(town, "facebook", MARTA), f"messenger-{SHOP}")
    town.cast.shop.refresh_from_db()
    assert request.chosen == [{"account": town.cast.shop.public_id, "is_new": False}]
    assert (town.cast.shop.name, town.cast.shop.reply_hold) == ("The shop", 7)
    assert town.cast.shop.token.reveal() == town.page_token(SHOP)


# Who may ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["alice", "bob", "charlie", "dana"])
def test_only_superusers_connect_something_new(town, who):
    person = getattr(town.cast, who)
    with pytest.raises(PermissionDenied):
        begin_token(town.marta, app=None, by=person, at=now())
    with pytest.raises(PermissionDenied):
        begin_login(town.facebook, method="facebook", by=person, at=now())
    assert not ConnectionRequest.objects.exists()


@pytest.mark.parametrize("who", ["alice", "bob", "charlie"])
def test_who_does_not_manage_an_account_gives_it_no_token(town, who):
    with pytest.raises(PermissionDenied):
        begin_token(town.marta, app=None, by=getattr(town.cast, who), at=now(), account=town.cast.shop)


def test_who_lost_the_right_meanwhile_connects_nothing(town, broken):
    request = begin_token(town.marta, app=None, by=town.cast.dana, at=now(), account=broken)
    assert connect_next()
    Grant.objects.filter(user=town.cast.dana).delete()
    work()
    assert "You may not connect" in why(fresh(request))
    broken.refresh_from_db()
    assert broken.token.reveal() == "EAAold"


def test_a_login_needs_an_app_of_its_kind_and_an_account_its_own(town):
    shop = town.cast.shop
    wrong = ((town.instagram, "facebook", None), (town.facebook, "instagram", None), (town.instagram, "facebook", shop), (town.facebook, "instagram", shop))
    for app, method, account in wrong:
        with pytest.raises(ValidationError):
            begin_login(app, method=method, by=town.cast.root, at=now(), account=account)


# What breaks off --------------------------------------------------------------------------------------------------


class Died(BaseException):
    """The process was killed."""


class Deadly:
    """A way to Meta on which the process dies at one call, once Meta has answered."""

    def __init__(self, transport, part: str) -> None:
        self._transport, self._part = transport, part

    def handle_request(self, request):
        response = self._transport.handle_request(request)
        if self._part in request.url.path:
            raise Died
        return response

    def close(self) -> None:
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def die_at(settings, part):
    whole = settings.GRAPH_TRANSPORT
    settings.GRAPH_TRANSPORT = Deadly(whole, part)
    with pytest.raises(Died):
        work()
    settings.GRAPH_TRANSPORT = whole


class Meanwhile(Deadly):
    """A way to Meta on which something else happens at one call."""

    def __init__(self, transport, part: str, what) -> None:
        super().__init__(transport, part)
        self._what = what

    def handle_request(self, request):
        if self._part in request.url.path:
            self._what()
        return self._transport.handle_request(request)


def test_who_calls_it_off_while_meta_is_asked_is_not_overruled(town, settings):
    request = begin_token(town.marta, app=None, by=town.cast.root, at=now())
    settings.GRAPH_TRANSPORT = Meanwhile(settings.GRAPH_TRANSPORT, "/me/accounts", lambda: cancel(request, by=request.by, at=now()))
    work()
    assert (fresh(request).state, fresh(request).error, fresh(request).secret.reveal()) == (State.FAILED, "cancelled", "")


def test_a_worker_that_was_taken_over_writes_nothing_more(town, settings, clock):
    """It was only slow: its lease ended, another one finished, and then it comes back."""
    request = begin_token(town.marta, app=None, by=town.cast.root, at=now(), account=town.cast.shop)
    whole, done = settings.GRAPH_TRANSPORT, []

    def be_overtaken():
        if not done:
            done.append(True)
            clock.shift(lease_time() + timedelta(seconds=1))
            settings.GRAPH_TRANSPORT = whole
            work()

    settings.GRAPH_TRANSPORT = Meanwhile(whole, "/me/accounts", be_overtaken)
    work()
    assert fresh(request).state == State.DONE
    assert Activity.objects.filter(verb="account.reconnected").count() == 1


@pytest.mark.parametrize("part", ["debug_token", "/me/accounts", "/conversations"])
def test_a_worker_that_dies_while_looking_is_taken_over(town, settings, clock, part):
    request = begin_login(town.facebook, method="facebook", by=town.cast.root, at=now())
    return_from_login(request, code=code_of(choose_who(request, MARTA)), by=request.by, at=now())
    die_at(settings, part)
    assert not connect_next()
    clock.shift(lease_time() + timedelta(seconds=1))
    work()
    assert fresh(request).state == State.CHOOSING


def test_a_code_that_was_used_when_the_worker_died_leads_back_to_the_beginning(town, settings, clock):
    request = begin_login(town.facebook, method="facebook", by=town.cast.root, at=now())
    return_from_login(request, code=code_of(choose_who(request, MARTA)), by=request.by, at=now())
    die_at(settings, "oauth/access_token")
    clock.shift(lease_time() + timedelta(seconds=1))
    work()
    assert "Begin again" in why(fresh(request))
    assert fresh(request).secret.reveal() == ""


@pytest.mark.parametrize("part", ["debug_token", "/conversations", "subscribed_apps"])
def test_a_worker_that_dies_while_saving_is_taken_over_and_saves_once(town, settings, clock, part):
    request = log_in(town, "facebook", MARTA)
    choose(request, [f"messenger-{ROASTERY}"], history_days=7, by=request.by, at=now())
    die_at(settings, part)
    clock.shift(lease_time() + timedelta(seconds=1))
    work()
    page = Account.objects.get(external_id=ROASTERY)
    assert fresh(request).chosen == [{"account": page.public_id, "is_new": True}]
    assert Activity.objects.filter(verb="account.connected").count() == 1


def test_an_order_for_webhooks_that_meta_refuses_is_left_to_who_looks_after_accounts(town):
    request = log_in(town, "facebook", MARTA)
    town.simulator.fault("error_before", route="subscribed_apps", times=None)
    request = connect(request, f"messenger-{ROASTERY}")
    page = Account.objects.get(external_id=ROASTERY)
    assert (request.state, page.wants, page.state) == (State.DONE, ["subscribe"], "connected")
    assert problems(request, f"messenger-{ROASTERY}") == ["not_subscribed"]


def test_what_nobody_finishes_within_the_hour_ends_and_its_secrets_go(town, clock):
    waiting = log_in(town, "facebook", MARTA)
    begun = begin_login(town.facebook, method="facebook", by=town.cast.root, at=now())
    assert waiting.secret
    clock.shift(PATIENCE - timedelta(seconds=30))
    work()
    assert fresh(waiting).state == State.CHOOSING
    clock.shift(timedelta(minutes=1))
    work()
    assert "within an hour" in why(fresh(waiting))
    assert fresh(waiting).secret.reveal() == ""
    assert fresh(begun).state == State.FAILED


def test_calling_it_off_erases_what_meta_gave(town):
    request = log_in(town, "facebook", MARTA)
    assert cancel(request, by=request.by, at=now())
    assert (fresh(request).state, fresh(request).secret.reveal()) == (State.FAILED, "")
    assert not choose(request, [f"messenger-{ROASTERY}"], history_days=0, by=request.by, at=now())
    assert not Account.objects.filter(external_id=ROASTERY).exists()


def test_two_choices_connect_once(town):
    request = log_in(town, "facebook", MARTA)
    assert choose(request, [f"messenger-{ROASTERY}"], history_days=0, by=request.by, at=now())
    assert not choose(request, [f"instagram-{ROASTERY_GRAM}"], history_days=0, by=request.by, at=now())


@pytest.mark.parametrize(("ids", "days"), [([], 0), (["messenger-1"], 0), ([f"messenger-{ROASTERY}", "instagram-5"], 0), ([f"messenger-{ROASTERY}"], -1)])
def test_only_what_was_found_can_be_chosen(town, ids, days):
    request = log_in(town, "facebook", MARTA)
    with pytest.raises(ValidationError):
        choose(request, ids, history_days=days, by=request.by, at=now())


def test_secrets_are_nowhere_but_in_the_encrypted_field(town, caplog):
    request = log_in(town, "facebook", MARTA)
    tokens = [*json.loads(request.secret.reveal())["tokens"].values(), town.marta]
    connect(request, f"messenger-{ROASTERY}")
    kept = ConnectionRequest.objects.values("found", "chosen", "error", "error_facts")
    written = json.dumps([list(kept), list(Activity.objects.values("details"))], default=str)
    assert not any(token in written + caplog.text for token in tokens)
