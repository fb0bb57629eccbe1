"""The stream of changes: who may listen, of what, and until when."""

import asyncio
import json

import pytest
from django.conf import settings
from django.db import connection

from accounts.models import Grant, Right
from config import events as door
from core.live import Change, Hub, hub
from inbox.content import Content
from inbox.presence import look
from tests.config.asgi import Call

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def listen(client, **headers):
    """Open the stream in this browser."""
    cookie = client.cookies.get(settings.SESSION_COOKIE_NAME)
    cookies = [("cookie", f"other=1; {settings.SESSION_COOKIE_NAME}={cookie.value}")] if cookie else []
    return Call(door.events, "/events", headers=[*cookies, *((name.replace("_", "-"), value) for name, value in headers.items())])


def changes(text):
    return [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: ")]


def elsewhere(function, *arguments, **keywords):
    """In a thread that leaves no connection behind."""
    try:
        function(*arguments, **keywords)
    finally:
        connection.close()


async def greeted(call):
    start = await call.next()
    assert (start["status"], dict(start["headers"])[b"content-type"]) == (200, b"text/event-stream; charset=utf-8")
    assert "retry: " in await call.read_until("\n\n")
    return call


@pytest.mark.parametrize("name", ["alice", "bob", "dana", "root"])
def test_who_may_read_an_account_hears_of_it(name, cast, sign_in):
    async def story(client, account):
        call = await greeted(listen(client))
        hub.announce(Change(account=account, conversation="abc"))
        text = await call.read_until("data: ")
        call.hang_up()
        await call.task
        return text

    text = asyncio.run(story(sign_in(getattr(cast, name)), cast.shop.pk))
    assert text.startswith("event: change\nid: ")
    assert changes(text) == [{"conversation": "abc"}]


def test_what_changed_is_told_where_it_is_one_thing(cast, sign_in):
    async def story(client):
        call = await greeted(listen(client))
        hub.announce(Change(account=cast.shop.pk, conversation="abc", what="presence"))
        text = await call.read_until("data: ")
        call.hang_up()
        await call.task
        return text

    assert changes(asyncio.run(story(sign_in(cast.alice)))) == [{"conversation": "abc", "what": "presence"}]


def test_who_may_not_read_an_account_hears_of_nobodys_presence(cast, sign_in):
    async def story(client):
        call = await greeted(listen(client))
        hub.announce(Change(account=cast.shop.pk, conversation="secret", what="presence"))
        hub.announce(Change())
        text = await call.read_until("data: ")
        call.hang_up()
        await call.task
        return text

    assert changes(asyncio.run(story(sign_in(cast.charlie)))) == [{}]


@pytest.mark.skipif(settings.POSTGRES, reason="There a change comes by LISTEN, see test_live_postgres.py.")
def test_colleagues_hear_that_somebody_looks(cast, sign_in):
    conversation = cast.conversation(cast.amina)
    look(conversation, by=cast.alice)

    async def story(client):
        call = await greeted(listen(client))
        await asyncio.to_thread(elsewhere, look, conversation, by=cast.bob)
        text = await call.read_until("data: ")
        call.hang_up()
        await call.task
        return text

    assert changes(asyncio.run(story(sign_in(cast.alice)))) == [{"conversation": conversation.public_id, "what": "presence"}]


def test_who_may_not_read_an_account_hears_nothing_of_it(cast, sign_in):
    async def story(client):
        call = await greeted(listen(client))
        hub.announce(Change(account=cast.shop.pk, conversation="secret"))
        hub.announce(Change())
        text = await call.read_until("data: ")
        call.hang_up()
        await call.task
        return text

    assert changes(asyncio.run(story(sign_in(cast.charlie)))) == [{}]


def test_a_grant_on_one_account_is_not_one_on_another(cast, sign_in):
    Grant.objects.create(user=cast.charlie, account=cast.studio, right=Right.READ)

    async def story(client):
        call = await greeted(listen(client))
        hub.announce(Change(account=cast.shop.pk, conversation="shop"))
        hub.announce(Change(account=cast.studio.pk, conversation="studio"))
        text = await call.read_until("data: ")
        call.hang_up()
        await call.task
        return text

    assert changes(asyncio.run(story(sign_in(cast.charlie)))) == [{"conversation": "studio"}]


@pytest.mark.skipif(settings.POSTGRES, reason="There a change comes by LISTEN, see test_live_postgres.py.")
def test_a_reply_is_heard_once_it_is_committed(cast, sign_in):
    conversation = cast.conversation(cast.amina)

    async def story(client):
        call = await greeted(listen(client))
        await asyncio.to_thread(elsewhere, conversation.reply, Content(text="Yes, it is."), by=cast.bob)
        text = await call.read_until("data: ")
        call.hang_up()
        await call.task
        return text

    assert changes(asyncio.run(story(sign_in(cast.alice))))[0] == {"conversation": conversation.public_id}


def test_strangers_are_refused(cast, client):
    async def story():
        nobody = await listen(client).answer()
        forged = await Call(door.events, headers=[("cookie", f"{settings.SESSION_COOKIE_NAME}=forged")]).answer()
        broken = await Call(door.events, headers=[("cookie", "=;=,\xff")]).answer()
        return [answer[0] for answer in (nobody, forged, broken)]

    assert asyncio.run(story()) == [401, 401, 401]


def test_a_deactivated_person_is_refused(cast, sign_in):
    client = sign_in(cast.alice)
    cast.alice.is_active = False
    cast.alice.save()

    async def story():
        return (await listen(client).answer())[0]

    assert asyncio.run(story()) == 401


def test_an_agent_is_refused(cast, sign_in):
    client = sign_in(cast.assistant.user)

    async def story():
        return (await listen(client).answer())[0]

    assert asyncio.run(story()) == 401


def test_it_can_only_be_read(cast):
    async def story():
        return (await Call(door.events, method="POST").answer())[0]

    assert asyncio.run(story()) == 405


def sign_out(cast, client):
    client.logout()


def deactivate(cast, client):
    type(cast.alice).objects.filter(pk=cast.alice.pk).update(is_active=False)


def change_password(cast, client):
    cast.alice.set_password("another-horse-battery")
    cast.alice.save()


def lose_a_grant(cast, client):
    Grant.objects.filter(user=cast.alice, account=cast.shop).delete()


@pytest.mark.parametrize("happening", [sign_out, deactivate, change_password, lose_a_grant])
def test_the_stream_ends_at_the_next_heartbeat(happening, cast, sign_in, monkeypatch):
    monkeypatch.setattr(door, "HEARTBEAT", 0.02)
    client = sign_in(cast.alice)

    async def story():
        call = await greeted(listen(client))
        await call.read_until("still here")
        await asyncio.to_thread(elsewhere, happening, cast, client)
        await asyncio.wait_for(call.task, 10)

    asyncio.run(story())


def test_the_stream_ends_when_its_time_is_over(cast, sign_in, monkeypatch):
    monkeypatch.setattr(door, "LIFETIME", 0.0)
    client = sign_in(cast.alice)

    async def story():
        await asyncio.wait_for((await greeted(listen(client))).task, 10)

    asyncio.run(story())


def test_the_stream_ends_with_the_server(cast, sign_in, monkeypatch):
    own = Hub()
    monkeypatch.setattr(door, "hub", own)
    client = sign_in(cast.alice)

    async def story():
        call = await greeted(listen(client))
        own.close()
        await asyncio.wait_for(call.task, 10)
        late = await greeted(listen(client))
        await asyncio.wait_for(late.task, 10)
        assert own._subscriptions == set()

    asyncio.run(story())


def test_who_comes_back_looks_at_everything_again(cast, sign_in):
    client = sign_in(cast.alice)

    async def story():
        call = await greeted(listen(client, last_event_id="99999999999999"))
        text = await call.read_until("data: ")
        call.hang_up()
        await call.task
        return text

    text = asyncio.run(story())
    assert "id: 100000000000000\n" in text
    assert changes(text) == [{}]
