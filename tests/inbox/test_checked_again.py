"""Whatever was right when somebody wrote is looked at again: when a message is claimed, and once more when Meta is about to get it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Account, Grant, Stop, User
from core.clock import now
from graph.simulator import SimulatorTransport
from inbox import sending
from inbox.claiming import claim
from inbox.content import Content
from inbox.forgetting import ask_for
from inbox.media import keep_upload
from inbox.models import Contact, Conversation, Dispatch, MediaFile, Message
from inbox.work import work_until_idle
from tests.inbox.pictures import picture

State = Dispatch.State
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Trouble:
    """Something that changes after somebody wrote.

    Args:
        happens: with the cast and the conversation.
        state: where the message ends.
        by_agent: whether it is about an agent's words, which a person let out.
    """

    happens: Callable[..., object]
    state: str
    reason: str = ""
    by_agent: bool = False


def window_closes(cast, conversation):
    Conversation.objects.filter(pk=conversation.pk).update(window_closes_at=now(), human_until=now())


def human_agent_is_switched_off(cast, conversation):
    Account.objects.update(human_agent_feature=False)


def grant_goes(cast, conversation):
    Grant.objects.filter(user=cast.bob).delete()


def author_leaves(cast, conversation):
    User.objects.filter(pk=cast.bob.pk).update(is_active=False)


def approver_leaves(cast, conversation):
    User.objects.filter(pk=cast.alice.pk).update(is_active=False)


def agent_is_switched_off(cast, conversation):
    User.objects.filter(pk=cast.assistant.user.pk).update(is_active=False)


def token_goes(cast, conversation):
    Account.objects.update(token="")


def account_is_disconnected(cast, conversation):
    Account.objects.update(state=Account.State.DISCONNECTED)


def account_is_held(cast, conversation):
    Account.objects.update(held_at=now(), held_by=cast.dana, held_reason="A storm")


def contact_is_forgotten(cast, conversation):
    ask_for(conversation.contact, by=cast.root, at=now())
    Contact.objects.filter(pk=conversation.contact_id).update(forgotten_at=now())


def agents_are_stopped(cast, conversation):
    Stop.objects.create(by=cast.dana, at=now(), reason="Too fast")


def contact_writes(cast, conversation):
    cast.write(conversation.contact, "Wait")


def bytes_change(cast, conversation):
    media = MediaFile.objects.get()
    media.file.delete(save=False)
    media.file.save("other", ContentFile(picture(size=(9, 9))), save=True)


def words_change(cast, conversation):
    Message.objects.filter(direction="out").update(reply_to_mid="m_other")


TROUBLES = {
    "the window closes": Trouble(window_closes, State.FAILED, "window_closed"),
    "the Human Agent feature is switched off": Trouble(human_agent_is_switched_off, State.FAILED, "window_closed"),
    "the grant goes": Trouble(grant_goes, State.FAILED, "not_allowed"),
    "its author leaves": Trouble(author_leaves, State.FAILED, "not_allowed"),
    "who approved it leaves": Trouble(approver_leaves, State.FAILED, "not_allowed", by_agent=True),
    "its agent is switched off": Trouble(agent_is_switched_off, State.FAILED, "not_allowed", by_agent=True),
    "the token goes": Trouble(token_goes, State.QUEUED),
    "the account is disconnected": Trouble(account_is_disconnected, State.QUEUED),
    "the account is held": Trouble(account_is_held, State.QUEUED),
    "the contact is forgotten": Trouble(contact_is_forgotten, State.FAILED, "erased"),
    "agents are stopped": Trouble(agents_are_stopped, State.QUEUED, by_agent=True),
    "the contact writes": Trouble(contact_writes, State.CANCELLED, "stale", by_agent=True),
    "the bytes change": Trouble(bytes_change, State.FAILED, "copy_damaged"),
    "the content changes": Trouble(words_change, State.FAILED, "changed"),
}
# What a worker has read already is what was shown, and it sends just that.
READ_BY_THEN = ("the bytes change", "the content changes")


@pytest.fixture(params=["amina", "noor"])
def conversation(request, cast) -> Conversation:
    conversation = cast.conversation(getattr(cast, request.param))
    conversation.newest_inbound = None
    return conversation


@pytest.fixture(params=sorted(TROUBLES))
def trouble(request) -> Trouble:
    return TROUBLES[request.param]


def write(cast, conversation: Conversation, trouble: Trouble) -> Dispatch:
    """A picture, so that an upload lies between the claim and the hand-over."""
    media = keep_upload(conversation.account, SimpleUploadedFile("a.png", picture()), by=cast.bob)
    how = {"by": cast.alice, "written_by": cast.assistant.user, "expects_heard": conversation.heard} if trouble.by_agent else {"by": cast.bob}
    if trouble.happens is human_agent_is_switched_off:
        Account.objects.update(human_agent_feature=True)
        Conversation.objects.filter(pk=conversation.pk).update(window_closes_at=now(), human_until=now() + WEEK)
    return conversation.reply(Content(media=media), **how).dispatch


def after(dispatch: Dispatch) -> Dispatch:
    return Dispatch.objects.get(pk=dispatch.pk)


class Interrupted(SimulatorTransport):
    """Meta, while something happens here as soon as it is called for the first time."""

    def __init__(self, simulator, happens: Callable[[], object]) -> None:
        super().__init__(simulator)
        self.happens: Callable[[], object] | None = happens

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        happens, self.happens = self.happens, None
        if happens:
            happens()
        return super().handle_request(request)


def test_between_writing_and_the_claim(cast, conversation, trouble):
    dispatch = write(cast, conversation, trouble)
    trouble.happens(cast, conversation)
    work_until_idle("dispatch")
    assert (after(dispatch).state, after(dispatch).reason) == (trouble.state, trouble.reason)
    assert cast.received(conversation.contact) == []


def test_between_the_claim_and_the_upload(cast, conversation, trouble):
    dispatch = write(cast, conversation, trouble)
    claimed = claim(sending.worker_name(), at=now())
    assert claimed is not None and claimed.pk == dispatch.pk
    trouble.happens(cast, conversation)
    sending._send(claimed)
    assert after(dispatch).state == trouble.state and after(dispatch).reason in (trouble.reason, "token_dead")
    assert cast.received(conversation.contact) == []


@pytest.mark.parametrize("trouble", sorted(set(TROUBLES) - set(READ_BY_THEN)), indirect=True)
def test_during_the_upload(cast, conversation, trouble, settings):
    dispatch = write(cast, conversation, trouble)
    settings.GRAPH_TRANSPORT = Interrupted(cast.simulator, lambda: trouble.happens(cast, conversation))
    assert sending.send_next()
    assert settings.GRAPH_TRANSPORT.happens is None
    assert (after(dispatch).state, after(dispatch).reason) == (trouble.state, trouble.reason)
    assert cast.received(conversation.contact) == []


@pytest.mark.parametrize("trouble", READ_BY_THEN, indirect=True)
def test_what_was_read_already_is_what_was_shown_and_leaves_as_it_was(cast, conversation, trouble, settings):
    dispatch = write(cast, conversation, trouble)
    settings.GRAPH_TRANSPORT = Interrupted(cast.simulator, lambda: trouble.happens(cast, conversation))
    work_until_idle("dispatch")
    assert after(dispatch).state == State.SENT
    assert [message["reply_to"] for message in cast.received(conversation.contact)] == [""]


@pytest.mark.parametrize("by_agent", [False, True])
@pytest.mark.parametrize("prepare", [window_closes, None])
def test_where_nothing_changed_it_leaves(cast, conversation, by_agent, prepare):
    if prepare:
        Account.objects.update(human_agent_feature=True, human_agent_text=Account.HumanAgentText.APPROVED)
        cast.simulator.world.set_account(conversation.account.external_id, "human_agent", True)
        Conversation.objects.filter(pk=conversation.pk).update(window_closes_at=now())
        conversation.refresh_from_db()
    dispatch = write(cast, conversation, Trouble(contact_writes, State.SENT, by_agent=by_agent))
    work_until_idle("dispatch")
    assert after(dispatch).state == State.SENT
    assert len(cast.received(conversation.contact)) == 1


@pytest.mark.parametrize("who", ["token", "held", "stopped"])
def test_what_waited_leaves_once_the_trouble_is_over(cast, conversation, who):
    trouble = TROUBLES[{"token": "the token goes", "held": "the account is held", "stopped": "agents are stopped"}[who]]
    dispatch = write(cast, conversation, trouble)
    tokens = {account.pk: account.token for account in Account.objects.all()}
    trouble.happens(cast, conversation)
    work_until_idle("dispatch")
    Stop.objects.update(lifted_at=now(), lifted_by=cast.dana)
    for pk, token in tokens.items():
        Account.objects.filter(pk=pk).update(token=token, held_at=None)
    work_until_idle("dispatch")
    assert after(dispatch).state == State.SENT and len(cast.received(conversation.contact)) == 1


def test_reactions_and_receipts_keep_nothing_back(cast, conversation):
    mid = Message.objects.filter(conversation=conversation).latest("at").mid
    dispatch = write(cast, conversation, Trouble(contact_writes, State.SENT, by_agent=True))
    cast.simulator.react(conversation.account.external_id, conversation.contact.external_id, mid)
    work_until_idle("ingest", "dispatch")
    assert after(dispatch).state == State.SENT
