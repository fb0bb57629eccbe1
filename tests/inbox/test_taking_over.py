"""A worker stalls past its lease, another does its work, and then the first one wakes: nothing is doubled, nothing is lost."""

import threading
from datetime import timedelta

import httpx
import pytest

from accounts.models import Account, MetaApp
from core.clock import now
from core.lease import lease_time
from inbox import ingesting, polling, profiles
from inbox.content import Content
from inbox.ingesting import ingest_next
from inbox.models import Contact, KeptEvent, Message, WebhookDelivery
from inbox.profiles import fetch_next_profile
from inbox.work import WORK, work_until_idle

A_MOMENT = timedelta(seconds=1)


@pytest.fixture
def stall(monkeypatch, clock):
    """Have whoever calls `module.name` first stall there until another worker has done `work`."""

    def at(module, name: str, work, *, after: bool = False):
        real, stalled = getattr(module, name), []

        def slow(*arguments, **more):
            if stalled:
                return real(*arguments, **more)
            stalled.append(True)
            result = real(*arguments, **more) if after else None
            clock.shift(lease_time() + A_MOMENT)
            work()
            return result if after else real(*arguments, **more)

        monkeypatch.setattr(module, name, slow)
        return stalled

    return at


@pytest.mark.parametrize("part", ["_apply_or_keep", "_keep", "_finish"])
def test_of_a_webhook(cast, stall, part):
    """Of two workers that apply one body each event is there once, what is kept is kept once, and nobody calls it failed."""
    simulator = cast.simulator
    simulator.write(cast.shop.external_id, cast.amina.external_id, text="Once")
    simulator.announce(cast.shop.external_id, {"sender": {"id": cast.amina.external_id}, "recipient": {"id": cast.shop.external_id}, "brand_new": {}})
    waiting = WebhookDelivery.objects.filter(state=WebhookDelivery.State.RECEIVED)
    assert waiting.count() == 2
    keys = list(waiting.values_list("pk", flat=True))
    stalled = stall(ingesting, part, lambda: work_until_idle("ingest"))
    while ingest_next():
        continue
    assert stalled
    assert Message.objects.filter(text="Once").count() == 1
    assert KeptEvent.objects.filter(delivery__in=keys).count() == 1
    assert set(WebhookDelivery.objects.filter(pk__in=keys).values_list("state", "error")) == {("applied", "")}


def make_nameless(contact: Contact) -> None:
    """The only one whose profile has to be fetched."""
    work_until_idle("fetch")
    Contact.objects.filter(pk=contact.pk).update(name="", username="", profile_fetched_at=None, profile_attempts=0)


def test_of_a_profile(cast, stall):
    make_nameless(cast.amina)
    asked = []
    stalled = stall(profiles, "client_for", lambda: asked.append(fetch_next_profile()))
    assert fetch_next_profile()
    assert stalled and asked == [True]
    contact = Contact.objects.get(pk=cast.amina.pk)
    assert (contact.name, contact.profile_attempts) == ("Amina Okafor", 2)


def test_a_profile_whose_worker_died_is_asked_for_again_once_its_lease_is_over(cast, monkeypatch, clock):
    class Dies(BaseException):
        """The process is gone."""

    def die(_contact):
        raise Dies

    make_nameless(cast.amina)
    with monkeypatch.context() as power:
        power.setattr(profiles, "_fetch", die)
        with pytest.raises(Dies):
            fetch_next_profile()
    assert not fetch_next_profile()
    clock.shift(lease_time() + A_MOMENT)
    assert fetch_next_profile()
    assert Contact.objects.get(pk=cast.amina.pk).name == "Amina Okafor"


def test_a_profile_that_could_not_be_had_waits_as_before(cast, clock):
    make_nameless(cast.amina)
    cast.simulator.fault("error_before", route="profile", times=1)
    assert fetch_next_profile()
    clock.shift(lease_time() + A_MOMENT)
    assert not fetch_next_profile()
    clock.shift(profiles.AGAIN_AFTER)
    assert fetch_next_profile()


def test_of_reading_what_is_new(cast, stall):
    Account.objects.filter(pk=cast.shop.pk).update(poll_due_at=now(), polled_at=now() - timedelta(hours=1))
    read = []
    stalled = stall(polling, "take_part", lambda: read.append(polling.poll_next()))
    assert polling.poll_next()
    assert stalled and read == [True]
    assert Message.objects.filter(account=cast.shop).count() == 1
    assert Account.objects.get(pk=cast.shop.pk).poll_due_at > now()


class Watched(httpx.BaseTransport):
    """Meta, and whether whoever asks it keeps its lease meanwhile."""

    def __init__(self, meta: httpx.BaseTransport) -> None:
        self.meta, self.kept = meta, []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.kept.append(any(thread.name == "lease" for thread in threading.enumerate()))
        return self.meta.handle_request(request)


@pytest.mark.parametrize("kind", ["dispatch", "fetch", "tend", "history"])
def test_whoever_waits_for_meta_keeps_the_lease_alive(cast, settings, kind):
    """One of Meta's answers may take longer than a lease lasts."""
    work_until_idle("fetch")
    MetaApp.objects.update(check_due_at=None)
    settings.GRAPH_TRANSPORT = watched = Watched(settings.GRAPH_TRANSPORT)
    if kind == "dispatch":
        cast.conversation(cast.amina).reply(Content(text="Yes"), by=cast.bob)
    elif kind == "fetch":
        make_nameless(cast.amina)
    else:
        Account.objects.filter(pk=cast.shop.pk).update(check_due_at=now(), poll_due_at=now(), polled_at=now() - timedelta(hours=1))
    assert WORK[kind]()
    assert watched.kept and all(watched.kept)
