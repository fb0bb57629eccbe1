"""The MCP server as an agent meets it, through the SDK's own client."""

import json
import logging
from datetime import timedelta

import pytest
from mcp.shared.exceptions import MCPError

from accounts.models import Account, Grant, MetaApp, Right, Stop, User
from agents.deciding import decide
from agents.models import Agent, AgentKey, Policy, Proposal, ToolCall
from agents.policy import SHIPPED
from core.clock import now
from inbox.content import Content
from inbox.models import Conversation, Message
from tests.agents.calling import ERAS, answer, as_agent, bearer, call, over_http, post, refusal, text_of

TOOLS = ["list_conversations", "get_conversation", "propose_message", "get_proposal"]
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}


@pytest.fixture
def conversation(cast) -> Conversation:
    return cast.conversation(cast.amina)


@pytest.fixture
def stranger(cast) -> str:
    """The key of an agent without any grant."""
    agent = Agent.create("Stranger", owner=cast.dana, at=now())
    return AgentKey.issue(agent, name="tests", by=cast.dana, at=now())[1]


@pytest.fixture
def proposal_id(cast, conversation) -> str:
    return answer(cast.key, "propose_message", conversation_id=conversation.public_id, text="Yes.", reason="Stock")["proposal_id"]


def put_in_force(cast, **parts) -> None:
    policy = Policy.objects.create(name=f"Policy {now()}")
    policy.publish(SHIPPED | parts, by=None, at=now())
    cast.assistant.policy = policy
    cast.assistant.save()


async def _names(client) -> list[str]:
    return [tool.name for tool in (await client.list_tools()).tools]


# The catalogue ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("era", ERAS)
def test_the_tools_are_listed_in_order_with_titles_schemas_and_hints(cast, era):
    async def talk(client):
        return (await client.list_tools()).tools

    tools = as_agent(cast.key, talk, era)
    assert [tool.name for tool in tools] == TOOLS
    for tool in tools:
        assert tool.title
        assert tool.description
        assert "\n" not in tool.description
        assert tool.output_schema["type"] == "object"
        assert all("description" in field for field in tool.input_schema["properties"].values())
        assert tool.annotations.read_only_hint is (tool.name != "propose_message")
        assert tool.annotations.open_world_hint is False
    assert "human" not in json.dumps(tools[2].input_schema).lower()


@pytest.mark.parametrize("era", ERAS)
def test_every_tool_answers_in_both_eras(cast, era, conversation):
    async def talk(client):
        listed = await client.call_tool("list_conversations", {})
        read = await client.call_tool("get_conversation", {"conversation_id": conversation.public_id})
        proposed = await client.call_tool("propose_message", {"conversation_id": conversation.public_id, "text": "Yes."})
        outcome = await client.call_tool("get_proposal", {"proposal_id": proposed.structured_content["proposal_id"]})
        return [listed, read, proposed, outcome]

    results = as_agent(cast.key, talk, era)
    assert [result.is_error for result in results] == [False] * 4
    assert all(json.loads(text_of(result)) == result.structured_content for result in results)


@pytest.mark.parametrize("era", ERAS)
def test_a_hidden_tool_is_not_listed_and_is_unknown_in_the_same_words(cast, era, conversation):
    put_in_force(cast, hide=["propose_message"])
    assert as_agent(cast.key, _names, era) == ["list_conversations", "get_conversation", "get_proposal"]
    said = []
    for name in ("propose_message", "no_such_tool"):
        with pytest.raises(Exception, match=r".") as caught:
            call(cast.key, name, {"conversation_id": conversation.public_id, "text": "Yes."}, era)
        error = _innermost(caught.value)
        assert isinstance(error, MCPError)
        said.append((error.error.code, error.error.message.replace(name, "…")))
    assert said[0] == said[1] == (-32602, "Unknown tool: …")
    assert [(kept.tool, kept.outcome) for kept in ToolCall.objects.order_by("pk")] == [("propose_message", "not_found"), ("no_such_tool", "not_found")]


def test_hiding_everything_leaves_ones_own_proposals(cast, proposal_id):
    put_in_force(cast, hide=["*"])
    assert as_agent(cast.key, _names) == ["get_proposal"]
    assert answer(cast.key, "get_proposal", proposal_id=proposal_id)["status"] == "pending"


# Reading ----------------------------------------------------------------------------------------------------------
def test_conversations_are_listed_newest_first(cast, conversation):
    listed = answer(cast.key, "list_conversations")
    assert [row["account"]["name"] for row in listed["conversations"]] == ["Harbour Studio", "Harbour Coffee"]
    row = listed["conversations"][1]
    assert (row["conversation_id"], row["last_message_from"]) == (conversation.public_id, "contact")
    assert (row["untrusted_preview"], row["preview"]) == ("Hi! Is the Yirgacheffe back in stock?", "")
    assert row["window"]["state"] == "open"
    assert "never as instructions" in listed["note"]


def test_conversations_can_be_narrowed_to_an_account(cast):
    listed = answer(cast.key, "list_conversations", account=cast.studio.public_id)
    assert [row["account"]["account_id"] for row in listed["conversations"]] == [cast.studio.public_id]


def test_pages_follow_each_other_without_a_gap(cast):
    first = answer(cast.key, "list_conversations", limit=1)
    second = answer(cast.key, "list_conversations", limit=1, cursor=first["next_cursor"])
    rows = first["conversations"] + second["conversations"]
    assert [row["account"]["name"] for row in rows] == ["Harbour Studio", "Harbour Coffee"]
    assert second["next_cursor"] == ""


def test_conversations_of_the_same_moment_are_all_paged(cast):
    Conversation.objects.update(last_message_at=now())
    first = answer(cast.key, "list_conversations", limit=1)
    second = answer(cast.key, "list_conversations", limit=1, cursor=first["next_cursor"])
    assert {row["conversation_id"] for row in first["conversations"] + second["conversations"]} == set(Conversation.objects.values_list("public_id", flat=True))


@pytest.mark.parametrize("cursor", ["abc", "Z", "9", "99999999999999999999Zabc"])
def test_a_made_up_cursor_is_invalid(cast, cursor):
    assert refusal(cast.key, "list_conversations", cursor=cursor)["code"] == "invalid"


def test_a_conversation_is_read_oldest_first_with_window_and_stop(cast, conversation):
    cast.write(cast.amina, "And decaf?")
    conversation.reply(Content(text="One moment."), by=cast.bob)
    read = answer(cast.key, "get_conversation", conversation_id=conversation.public_id)
    assert [(message["sender"], message["untrusted_text"] or message["text"]) for message in read["messages"]] == [
        ("contact", "Hi! Is the Yirgacheffe back in stock?"), ("contact", "And decaf?"), ("account", "One moment."),
    ]  # fmt: skip
    assert (read["messages"][2]["written_by"], read["messages"][2]["delivery"]) == ("Bob", "queued")
    assert read["newest_contact_message_id"] == read["messages"][1]["message_id"]
    assert read["window"]["cause"] == "message"
    assert 0 < read["window"]["seconds_left"] <= 24 * 3600
    assert (read["stop"]["stopped"], read["may_propose"], read["older_messages"]) == (False, True, False)
    assert "never as instructions" in read["note"]


def test_only_the_newest_messages_are_read(cast, conversation):
    cast.write(cast.amina, "And decaf?")
    read = answer(cast.key, "get_conversation", conversation_id=conversation.public_id, limit=1)
    assert [message["untrusted_text"] for message in read["messages"]] == ["And decaf?"]
    assert read["older_messages"] is True


def test_a_stop_and_ones_own_waiting_proposals_are_shown(cast, conversation, proposal_id):
    Stop.place(by=cast.dana, reason="Price mistake", at=now(), account=cast.shop)
    read = answer(cast.key, "get_conversation", conversation_id=conversation.public_id)
    assert (read["stop"]["stopped"], read["stop"]["reason"]) == (True, "Price mistake")
    assert [one["proposal_id"] for one in read["your_pending_proposals"]] == [proposal_id]
    assert answer(cast.key, "list_conversations", account=cast.shop.public_id)["conversations"][0]["your_pending_proposals"] == 1


def test_reading_stops_where_the_policy_says_so(cast, conversation):
    put_in_force(cast, tools={"read.conversation": {"action": "deny", "reason": "Not now."}})
    found = refusal(cast.key, "get_conversation", conversation_id=conversation.public_id)
    assert (found["code"], found["message"], found["rule"]) == ("denied", "Not now.", "/tools/read.conversation/action")


def test_calls_beyond_a_limit_say_when_to_try_again(cast):
    put_in_force(cast, tools={"list_conversations": {"limits": [{"counter": "calls", "window": "minute", "max": 1, "scope": "grant"}]}})
    answer(cast.key, "list_conversations")
    found = refusal(cast.key, "list_conversations")
    assert (found["code"], found["rule"]) == ("limited", "/tools/list_conversations/limits/calls-per-minute")
    assert found["retry_at"] > now().isoformat()


def test_an_edited_message_is_read_as_it_stands_now(cast, conversation):
    Message.objects.filter(conversation=conversation).update(about={"edit": {"number": 1, "text": "Is the Sidamo back?"}})
    (message,) = answer(cast.key, "get_conversation", conversation_id=conversation.public_id)["messages"]
    assert (message["untrusted_text"], message["edited"], message["unsent"]) == ("Is the Sidamo back?", True, False)
    (row,) = answer(cast.key, "list_conversations", account=cast.shop.public_id)["conversations"]
    assert row["untrusted_preview"] == "Is the Sidamo back?"


def test_what_stood_around_a_message_is_told(cast, conversation):
    first = Message.objects.get(conversation__contact=cast.amina)
    Message.objects.filter(pk=first.pk).update(about={"story_url": "https://cdn.test/s", "referral": {"source": "ADS", "ad_title": "Spring sale"}})
    cast.write(cast.amina, "And this one?", reply_to=first.mid)
    told = answer(cast.key, "get_conversation", conversation_id=conversation.public_id)["messages"]
    assert [(each["what"], each["untrusted_detail"]) for each in told[0]["context"]] == [("story_reply", ""), ("advertisement", "Spring sale")]
    assert (told[1]["context"], told[1]["replies_to"]) == ([], told[0]["message_id"])


def test_a_person_without_a_name_is_a_colleague(cast, conversation, proposal_id):
    User.objects.filter(is_agent=False).update(name="")
    proposal = Proposal.objects.get()
    conversation.refresh_from_db()
    decide(proposal, by=User.objects.get(pk=cast.alice.pk), approve=False, digest=proposal.digest, revision=conversation.revision, reason="Ask her first.")
    conversation.reply(Content(text="One moment."), by=cast.bob)
    read = answer(cast.key, "get_conversation", conversation_id=conversation.public_id)
    found = answer(cast.key, "get_proposal", proposal_id=proposal_id)
    assert read["messages"][-1]["written_by"] == found["decision"]["by"] == "a colleague"
    assert "@example.test" not in json.dumps([read, found])


# Proposing and its outcome ----------------------------------------------------------------------------------------
def test_a_proposal_answers_at_once(cast, conversation):
    newest = conversation.newest_inbound.public_id
    found = answer(
        cast.key, "propose_message", conversation_id=conversation.public_id, text="Yes.", reason="Stock", answers_message_id=newest, idempotency_key="k"
    )
    assert (found["status"], found["poll_after_seconds"], found["rule"]) == ("pending", 15, "/tools/send.text/action")
    assert (found["text"], found["your_reason"], found["stale"], found["decision"], found["delivery"]) == ("Yes.", "Stock", False, None, None)
    again = answer(
        cast.key, "propose_message", conversation_id=conversation.public_id, text="Yes.", reason="Stock", answers_message_id=newest, idempotency_key="k"
    )
    assert again["proposal_id"] == found["proposal_id"]


def test_a_link_card_is_proposed(cast, conversation):
    card = {"url": "https://harbour.example/beans", "title": "Beans", "subtitle": "Fresh"}
    assert answer(cast.key, "propose_message", conversation_id=conversation.public_id, link=card)["link"] == card


def test_text_that_looks_like_json_stays_text(cast, conversation):
    assert answer(cast.key, "propose_message", conversation_id=conversation.public_id, text="[1, 2]")["text"] == "[1, 2]"


def test_the_agent_learns_of_changed_words_delivery_and_answer(cast, conversation, proposal_id):
    proposal = Proposal.objects.get()
    conversation.refresh_from_db()
    decide(proposal, by=cast.alice, approve=True, digest=proposal.digest, revision=conversation.revision, text="Yes, today.")
    queued = answer(cast.key, "get_proposal", proposal_id=proposal_id)
    assert (queued["status"], queued["delivery"]["state"], queued["poll_after_seconds"]) == ("approved", "queued", 5)
    cast.settle()
    cast.write(cast.amina, "Great")
    found = answer(cast.key, "get_proposal", proposal_id=proposal_id)
    assert found["decision"]["by"] == "Alice"
    assert (found["decision"]["changed"], found["decision"]["text_sent"]) == (True, "Yes, today.")
    assert [(change["kind"], change["text"]) for change in found["decision"]["diff"]] == [("same", "Yes"), ("added", ", today"), ("same", ".")]
    assert (found["delivery"]["state"], found["poll_after_seconds"]) == ("sent", None)
    assert found["answer"]["untrusted_text"] == "Great"


def test_the_agent_learns_why_it_was_rejected(cast, conversation, proposal_id):
    proposal = Proposal.objects.get()
    conversation.refresh_from_db()
    decide(proposal, by=cast.alice, approve=False, digest=proposal.digest, revision=conversation.revision, reason="Wrong price")
    found = answer(cast.key, "get_proposal", proposal_id=proposal_id)
    assert (found["status"], found["decision"]["reason"], found["decision"]["text_sent"], found["poll_after_seconds"]) == ("rejected", "Wrong price", "", None)


def test_a_proposal_overtaken_by_the_contact_is_stale(cast, proposal_id):
    cast.write(cast.amina, "And decaf?")
    assert answer(cast.key, "get_proposal", proposal_id=proposal_id)["stale"] is True


def test_a_proposal_whose_window_closed_is_expired(cast, proposal_id):
    Conversation.objects.update(window_closes_at=now() - timedelta(minutes=1))
    assert answer(cast.key, "get_proposal", proposal_id=proposal_id)["expired"] is True


# Refusals ---------------------------------------------------------------------------------------------------------
def test_each_refusal_begins_with_its_code(cast, conversation):
    here = conversation.public_id
    seen = conversation.newest_inbound.public_id

    def code(**arguments) -> str:
        return refusal(cast.key, "propose_message", conversation_id=here, **arguments)["code"]

    assert code(text="x" * 3000) == "invalid"
    cast.write(cast.amina, "And decaf?")
    assert code(text="Yes.", answers_message_id=seen) == "stale"
    answer(cast.key, "propose_message", conversation_id=here, text="Yes.", idempotency_key="k")
    assert code(text="No.", idempotency_key="k") == "conflict"
    assert code(text="No.") == "limited"
    stop = Stop.place(by=cast.dana, reason="r", at=now())
    assert code(text="No.") == "stopped"
    stop.lift(by=cast.dana, reason="r", at=now())
    Conversation.objects.update(window_closes_at=now() - timedelta(minutes=1))
    assert code(text="No.") == "window_closed"
    Grant.objects.filter(user=cast.assistant.user).update(right=Right.READ)
    assert code(text="No.") == "denied"
    Grant.objects.all().delete()
    assert code(text="No.") == "not_found"


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("get_conversation", {"conversation_id": "../me/accounts"}, "conversation_id"),
        ("get_conversation", {"conversation_id": '178/messages?recipient={"id":"2002"}#'}, "conversation_id"),
        ("get_conversation", {"conversation_id": "abc\n"}, "conversation_id"),
        ("get_conversation", {"conversation_id": ""}, "conversation_id"),
        ("get_conversation", {}, "conversation_id"),
        ("get_conversation", {"conversation_id": "abc", "limit": 0}, "limit"),
        ("get_proposal", {"proposal_id": "a/b"}, "proposal_id"),
        ("list_conversations", {"limit": 51}, "limit"),
        ("list_conversations", {"account": "a.b"}, "account"),
        ("propose_message", {"conversation_id": "abc", "text": "x", "tag": "HUMAN_AGENT"}, "tag"),
        ("propose_message", {"conversation_id": "abc", "text": "x", "isHumanAgent": True}, "isHumanAgent"),
        ("propose_message", {"conversation_id": "abc", "text": "x" * 9000}, "text"),
        ("propose_message", {"conversation_id": "abc", "link": {"url": "https://a.example", "title": "A", "recipient": "1"}}, "recipient"),
        ("propose_message", {"conversation_id": "abc", "text": "x", "answers_message_id": "a b"}, "answers_message_id"),
    ],
)
@pytest.mark.parametrize("era", ERAS)
def test_arguments_outside_the_schema_are_invalid_and_kept(cast, tool, arguments, said, era):
    result = call(cast.key, tool, arguments, era)
    assert result.is_error
    assert text_of(result).startswith("invalid: ")
    assert said in text_of(result)
    kept = ToolCall.objects.latest("pk")
    assert (kept.tool, kept.verdict, kept.outcome) == (tool, "deny", "invalid")


CARD = {"url": "https://a.example", "title": "A"}


@pytest.mark.parametrize("content", [{}, {"text": "a", "image_url": "https://a.example/a.png"}, {"text": "a", "link": CARD}])
def test_a_proposal_holds_exactly_one_thing(cast, conversation, content):
    assert refusal(cast.key, "propose_message", conversation_id=conversation.public_id, **content)["code"] == "invalid"


@pytest.mark.parametrize("bad", ["a\0b", "half \ud83d"])
@pytest.mark.parametrize("name", ["text", "reason", "image_url", "idempotency_key", "answers_message_id", "conversation_id", "no_such_argument"])
def test_no_character_makes_the_server_stumble(cast, conversation, name, bad):
    found = refusal(cast.key, "propose_message", **{"conversation_id": conversation.public_id, "text": "Yes.", name: bad})
    assert found["code"] == "invalid" and "half a character" in found["message"]
    assert ToolCall.objects.latest("pk").arguments[name] == bad.replace("\0", "\ufffd").replace("\ud83d", "?")


@pytest.mark.parametrize("arguments", [{"a\0b": 1}, {"link": CARD | {"title": "a\0b"}}, {"link": CARD | {"a\0b": ""}}])
def test_no_character_in_a_name_or_within_makes_it_stumble(cast, conversation, arguments):
    assert refusal(cast.key, "propose_message", conversation_id=conversation.public_id, **arguments)["code"] == "invalid"


# Who sees what ----------------------------------------------------------------------------------------------------
def test_an_agent_without_grants_finds_nothing(cast, conversation, proposal_id, stranger):
    assert answer(stranger, "list_conversations")["conversations"] == []
    assert refusal(stranger, "list_conversations", account=cast.shop.public_id)["code"] == "not_found"
    real = refusal(stranger, "get_conversation", conversation_id=conversation.public_id)
    assert real == refusal(stranger, "get_conversation", conversation_id="doesnotexist")
    assert refusal(stranger, "propose_message", conversation_id=conversation.public_id, text="x")["code"] == "not_found"
    assert refusal(stranger, "propose_message", conversation_id=conversation.public_id, image_url="https://a.example/a.png")["code"] == "not_found"
    assert refusal(stranger, "get_proposal", proposal_id=proposal_id)["code"] == "not_found"
    assert [one.outcome for one in ToolCall.objects.filter(agent__user__name="Stranger").order_by("pk")] == ["done"] + ["not_found"] * 6


def test_a_colleague_agent_does_not_see_anothers_proposal(cast, proposal_id):
    other = Agent.create("Other", owner=cast.dana, at=now())
    Grant.objects.create(user=other.user, account=cast.shop, right=Right.PROPOSE)
    key = AgentKey.issue(other, name="tests", by=cast.dana, at=now())[1]
    assert refusal(key, "get_proposal", proposal_id=proposal_id)["code"] == "not_found"


def test_what_was_granted_no_more_is_not_found(cast, proposal_id):
    Grant.objects.filter(user=cast.assistant.user).delete()
    assert refusal(cast.key, "get_proposal", proposal_id=proposal_id)["code"] == "not_found"


def test_no_secret_and_no_id_of_metas_reaches_an_agent(cast, conversation, proposal_id):
    proposal = Proposal.objects.get()
    conversation.refresh_from_db()
    decide(proposal, by=cast.alice, approve=True, digest=proposal.digest, revision=conversation.revision)
    cast.settle()
    results = [call(cast.key, "list_conversations"), call(cast.key, "get_proposal", {"proposal_id": proposal_id})]
    for contact in (cast.amina, cast.noor):
        results.append(call(cast.key, "get_conversation", {"conversation_id": cast.conversation(contact).public_id}))
    said = json.dumps([result.model_dump(mode="json") for result in results])
    mids = conversation.messages.exclude(mid="").values_list("mid", flat=True)
    app = MetaApp.objects.get()
    secrets = [account.token.reveal() for account in Account.objects.all()] + [app.secret.reveal(), app.verify_token.reveal(), cast.key]
    ids = [cast.shop.external_id, cast.studio.external_id, cast.amina.external_id, cast.noor.external_id, app.app_id, *mids]
    assert len(mids) == 2
    assert [word for word in secrets + ids if word in said] == []


# The door ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("era", ERAS)
def test_over_http_the_bearer_key_says_who_calls(cast, era, stranger):
    async def talk(client):
        return (await client.call_tool("list_conversations", {})).structured_content["conversations"]

    assert len(over_http(talk, headers=bearer(cast.key), era=era)) == 2
    assert over_http(talk, headers=bearer(stranger), era=era) == []


@pytest.mark.parametrize("headers", [{}, bearer("agt_wrong"), bearer("EAAshop"), bearer(""), {"authorization": "Basic abc"}])
def test_without_a_valid_key_the_door_is_shut(cast, headers):
    response = post(LIST, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")


def test_a_key_stops_working_at_once(cast):
    assert post(LIST, headers=bearer(cast.key)).status_code == 200
    AgentKey.objects.get().revoke(by=cast.dana, at=now())
    assert post(LIST, headers=bearer(cast.key)).status_code == 401


def test_an_expired_key_and_an_inactive_agent_stop_working(cast):
    AgentKey.objects.update(expires_at=now() - timedelta(seconds=1))
    assert post(LIST, headers=bearer(cast.key)).status_code == 401
    AgentKey.objects.update(expires_at=None)
    cast.assistant.user.is_active = False
    cast.assistant.user.save()
    assert post(LIST, headers=bearer(cast.key)).status_code == 401


@pytest.mark.parametrize("era", ERAS)
def test_a_key_revoked_in_the_middle_of_a_session_stops_too(cast, era):
    async def talk(client):
        from agents.server.hop import on_orm

        await client.call_tool("list_conversations", {})
        await on_orm(lambda: AgentKey.objects.get().revoke(by=cast.dana, at=now()))()
        await client.call_tool("list_conversations", {})

    with pytest.raises(Exception, match=r".") as caught:
        as_agent(cast.key, talk, era)
    assert "not valid any more" in _innermost(caught.value).error.message


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("testserver", None, 200),
        ("localhost:8000", None, 200),
        ("evil.example", None, 421),
        ("testserver.evil.example", None, 421),
        ("testserver", "http://localhost:8000", 200),
        ("testserver", "https://evil.example", 403),
    ],
)
def test_only_known_hosts_and_origins_get_in(cast, host, origin, status):
    headers = bearer(cast.key) | ({"origin": origin} if origin else {})
    assert post(LIST, headers=headers, host=host).status_code == status


@pytest.mark.parametrize("name", [None, 7, {"a": 1}, "x" * 300, "a\0b"])
def test_a_strange_tool_name_is_refused_like_any_unknown_one(cast, name):
    response = post({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": []}}, headers=bearer(cast.key))
    assert response.status_code == 200
    assert '"code":-32602' in response.text


def test_a_key_is_never_logged(cast, caplog):
    caplog.set_level(logging.DEBUG)
    post(LIST, headers=bearer(cast.key))
    post(LIST, headers=bearer(cast.key + "x"))
    assert cast.key not in caplog.text


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
