"""Who exists: apps, connected accounts and the contacts who write to them."""

from dataclasses import dataclass, fields
from typing import Any, TypeVar

from graph.simulator import ids
from graph.simulator.store import Row, Store

Thing = TypeVar("Thing")

PAGE_FIELDS = (
    "messages", "message_echoes", "message_deliveries", "message_reads", "message_edits", "message_reactions",
    "messaging_postbacks", "messaging_referrals", "messaging_optins", "messaging_optouts", "messaging_handovers",
    "messaging_policy_enforcement", "messaging_account_linking", "messaging_feedback", "standby", "feed", "mention",
    "response_feedback", "inbox_labels", "message_context", "message_mention", "message_template_status_update",
    "messaging_customer_information", "messaging_integrity", "messaging_direct_sends", "messaging_appointments",
    "messaging_in_thread_lead_form_submit", "messaging_game_plays", "messaging_payments", "messaging_pre_checkouts",
    "messaging_checkout_updates", "marketing_message_echoes", "marketing_message_deliveries",
    "marketing_message_delivery_failed", "marketing_message_reads", "marketing_message_clicks", "send_cart",
    "conversations", "business_integrity", "calls",
)  # fmt: skip
INSTAGRAM_FIELDS = (
    "messages", "message_echoes", "message_reactions", "message_edit", "messaging_postbacks", "messaging_optins",
    "messaging_referral", "messaging_seen", "messaging_handover", "messaging_policy_enforcement", "standby",
    "comments", "live_comments", "mentions", "story_insights", "response_feedback", "follow", "share_to_story",
    "comment_poll_response", "story_poll_response", "story_reactions", "onboarding_welcome_message_series",
)  # fmt: skip


class Unknown(LookupError):
    """There is no such app, account, contact or message in this world."""


@dataclass(frozen=True)
class App:
    id: str
    secret: str
    verify_token: str
    callback_url: str
    require_proof: bool
    deauthorise_url: str
    deletion_url: str
    rate_limits: str
    permissions: str
    batch: int
    disorder: bool
    duplicates: int
    wrong_signature: int

    @property
    def waits(self) -> bool:
        """Whether its webhooks are collected before they leave, to be batched or put out of order."""
        return self.batch > 1 or bool(self.disorder)


@dataclass(frozen=True)
class Account:
    id: str
    network: str
    name: str
    username: str
    token: str
    app: str
    login: str
    page_id: str
    scoped_id: str
    human_agent: bool
    echo: str
    fields: str
    ad_window_days: int
    restricted: bool
    dm_access: bool
    failing_since: int | None
    disabled_at: int | None

    @property
    def site(self) -> str:
        """Which of the two hosts serves this account."""
        return "instagram" if self.login == "instagram" else "facebook"

    @property
    def object(self) -> str:
        """The `object` of its webhooks."""
        return "instagram" if self.network == "instagram" else "page"

    @property
    def is_instagram(self) -> bool:
        return self.network == "instagram"

    @property
    def nodes(self) -> set[str]:
        """The ids by which this account may be addressed in a path."""
        return {self.id, self.page_id, self.scoped_id} - {""}

    def hears(self, field: str) -> bool:
        """Of an Instagram account behind a Page, Meta only asks that the Page has the app installed."""
        chosen = self.fields.split(",") if self.fields and self.dm_access else []
        return bool(chosen) if self.is_instagram and self.login == "facebook" else field in chosen


@dataclass(frozen=True)
class Contact:
    id: str
    account: str
    name: str
    username: str
    profile: bool
    conversation: str
    acted_at: int | None
    wrote_at: int | None
    saw_at: int | None
    ad: str
    ref: str
    ad_until: int | None
    blocked: bool
    banned: bool
    holder: str
    holder_until: int | None
    read_to: int
    spam: bool

    def held_by(self, *, now: int) -> str:
        """The app that controls this conversation; control lapses by itself."""
        return self.holder if self.holder_until is not None and now < self.holder_until else ""


class World:
    def __init__(self, store: Store) -> None:
        self.store = store

    @property
    def is_empty(self) -> bool:
        return not self.store.rows("SELECT id FROM app LIMIT 1")

    def app(self, app_id: str) -> App:
        return self._one(App, "SELECT * FROM app WHERE id = ?", app_id)

    def apps(self) -> list[App]:
        return _things(App, self.store.rows("SELECT * FROM app ORDER BY rowid"))

    def account(self, account_id: str) -> Account:
        return self._one(Account, "SELECT * FROM account WHERE id = ?", account_id)

    def accounts(self) -> list[Account]:
        return _things(Account, self.store.rows("SELECT * FROM account ORDER BY rowid"))

    def accounts_with_token(self, token: str) -> list[Account]:
        return _things(Account, self.store.rows("SELECT * FROM account WHERE token = ? ORDER BY rowid", token))

    def contact(self, contact_id: str, *, account: str) -> Contact:
        return self._one(Contact, "SELECT * FROM contact WHERE id = ? AND account = ?", contact_id, account)

    def contacts(self, account: str) -> list[Contact]:
        return _things(Contact, self.store.rows("SELECT * FROM contact WHERE account = ? ORDER BY rowid", account))

    def contacts_where(self, condition: str, *values: Any, start: int = 0, most: int = -1) -> list[Contact]:
        """Those with whom something was said last come first; `condition` is never input."""
        sql = f"SELECT * FROM contact WHERE {condition} ORDER BY newest_at DESC, newest_number DESC LIMIT ? OFFSET ?"  # noqa: S608
        return _things(Contact, self.store.rows(sql, *values, most, start))

    def newest_contacts(self, account: str, *, most: int) -> list[Contact]:
        """In the order in which they came, those who never wrote too."""
        sql = "SELECT *, rowid AS place FROM contact WHERE account = ? ORDER BY newest_at IS NOT NULL, newest_at DESC LIMIT ?"
        rows = sorted(self.store.rows(sql, account, most), key=lambda row: int(row["place"]))
        return _things(Contact, rows)

    def contact_count(self, account: str) -> int:
        row = self.store.row("SELECT count(*) AS number FROM contact WHERE account = ?", account)
        return int(row["number"]) if row else 0

    def contact_in(self, conversation: str) -> Contact:
        return self._one(Contact, "SELECT * FROM contact WHERE conversation = ?", conversation)

    def knows(self, contact_id: str, *, account: str) -> bool:
        return bool(self.store.rows("SELECT 1 FROM contact WHERE id = ? AND account = ?", contact_id, account))

    def message(self, mid: str) -> Row:
        row = self.store.row("SELECT * FROM message WHERE mid = ?", mid)
        if row is None:
            raise Unknown(f"There is no message {mid}.")
        return row

    def add_app(self, **values: Any) -> None:
        self.store.insert("app", **values)

    def add_account(self, **values: Any) -> None:
        """A new account hears everything: most tests want webhooks, and DELETE /{id}/subscribed_apps turns them off."""
        self.app(values["app"])
        heard = INSTAGRAM_FIELDS if values["network"] == "instagram" else PAGE_FIELDS
        scoped = ids.digits(17, "2") if values["login"] == "instagram" else ""
        self.store.insert("account", **values, scoped_id=scoped, fields=",".join(heard))

    def add_contact(self, account: str, name: str, *, username: str, id: str | None, profile: bool) -> str:
        network = self.account(account).network
        contact_id = id or ids.contact_id(network)
        if self.store.rows("SELECT 1 FROM contact WHERE id = ?", contact_id):
            raise ValueError(f"There already is a contact {contact_id}.")
        self.store.insert(
            "contact",
            id=contact_id,
            account=account,
            name=name,
            username=username,
            profile=profile,
            conversation=ids.conversation_id(network),
        )
        return contact_id

    def set_account(self, account_id: str, column: str, value: Any) -> None:
        self._set("account", account_id, {column: value})

    def set_app(self, app_id: str, **values: Any) -> None:
        self._set("app", app_id, values)

    def set_contact(self, contact_id: str, **values: Any) -> None:
        self._set("contact", contact_id, values)

    def _set(self, table: str, thing_id: str, values: dict[str, Any]) -> None:
        columns = ", ".join(f"{name} = ?" for name in values)
        sql = f"UPDATE {table} SET {columns} WHERE id = ?"  # noqa: S608 (names are never input)
        if not self.store.run(sql, *values.values(), thing_id):
            raise Unknown(f"There is no {table} {thing_id}.")

    def _one(self, kind: type[Thing], sql: str, *values: str) -> Thing:
        row = self.store.row(sql, *values)
        if row is None:
            raise Unknown(f"There is no {kind.__name__.lower()} {values[0]}.")
        return _things(kind, [row])[0]


def _things(kind: type[Thing], rows: list[Row]) -> list[Thing]:
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    return [kind(**{name: row[name] for name in names}) for row in rows]
