"""Comments, posts and mentions in public, and the one private reply that a comment allows."""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from graph.simulator import errors, ids
from graph.simulator.errors import MetaError, invalid
from graph.simulator.store import Row
from graph.simulator.windows import DAY_MS
from graph.simulator.world import Account, Contact, Unknown

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator

Change = dict[str, Any]


@dataclass(frozen=True)
class Comment:
    """Also a visitor's post on a Page, which has no post above it."""

    id: str
    account: str
    contact: str
    post: str
    parent: str
    text: str
    at: int
    answered: bool
    removed: bool


def add(simulator: "Simulator", account: Account, contact: Contact, *, text: str, post: str, parent: str, live: bool) -> str:
    post = post or _some_post(account)
    made = _id(account, post)
    at = simulator.now_ms()
    simulator.store.insert("comment", id=made, account=account.id, contact=contact.id, post=post, parent=parent, text=text, at=at)
    _announce(simulator, account, contact, find(simulator, made), verb="add", live=live)
    return made


def add_post(simulator: "Simulator", account: Account, contact: Contact, *, text: str) -> str:
    """A visitor's post; Pages only."""
    if account.is_instagram:
        raise ValueError("Only a Page has posts of visitors.")
    made, at = f"{account.id}_{ids.digits(8, '6')}", simulator.now_ms()
    simulator.store.insert("comment", id=made, account=account.id, contact=contact.id, post="", parent="", text=text, at=at)
    value = {"item": "post", "verb": "add", "post_id": made, "from": _author(contact), "created_time": at // 1000, "message": text, "published": 1}
    simulator.announce_change(account, "feed", value)
    return made


def change(simulator: "Simulator", account: Account, comment_id: str, *, text: str | None) -> None:
    """A new text, or none for a removal. Instagram tells of neither."""
    comment = find(simulator, comment_id)
    sql = "UPDATE comment SET text = ?, removed = ? WHERE id = ?"
    simulator.store.run(sql, text or "", text is None, comment_id)
    if not account.is_instagram:
        contact = simulator.world.contact(comment.contact, account=account.id)
        verb = "remove" if text is None else "edited"
        _announce(simulator, account, contact, find(simulator, comment_id), verb=verb, live=False)


def mention(simulator: "Simulator", account: Account, *, in_comment: bool) -> None:
    """Somebody names the account in a caption or a comment."""
    value = {"media_id": ids.digits(17, "179")}
    more = {"comment_id": ids.digits(17, "180")} if in_comment else {}
    if account.is_instagram:
        simulator.announce_change(account, "mentions", value | more)
    else:
        simulator.announce_change(account, "mention", {"item": "post", "verb": "add", "post_id": f"{value['media_id']}_1"})


def find(simulator: "Simulator", comment_id: str) -> Comment:
    row = simulator.store.row("SELECT * FROM comment WHERE id = ?", comment_id)
    if row is None:
        raise Unknown(f"There is no comment {comment_id}.")
    return Comment(**{field.name: row[field.name] for field in fields(Comment)})


def author_to_answer(simulator: "Simulator", account: Account, comment_id: str) -> Contact:
    """Whoever a private reply goes to: once for each comment, within seven days, unless they do not want any."""
    row = simulator.store.row("SELECT * FROM comment WHERE id = ? AND account = ? AND NOT removed", comment_id, account.id)
    if row is None:
        raise invalid("This comment cannot be answered privately.", 2534025 if account.is_instagram else None)
    contact = simulator.world.contact(row["contact"], account=account.id)
    _check_answerable(simulator, account, contact, row)
    return contact


def answered(simulator: "Simulator", comment_id: str) -> None:
    simulator.store.run("UPDATE comment SET answered = 1 WHERE id = ?", comment_id)


def _check_answerable(simulator: "Simulator", account: Account, contact: Contact, row: Row) -> None:
    if row["answered"]:
        raise MetaError(10900, "(#10900) Activity already replied to.", status=400)
    if contact.blocked or contact.banned:
        raise MetaError(10903, "(#10903) This user cannot be replied to.")
    if simulator.now_ms() - row["at"] > 7 * DAY_MS:
        raise errors.outside_window(account)


def _some_post(account: Account) -> str:
    return "17890000000000020" if account.is_instagram else f"{account.id}_55"


def _id(account: Account, post: str) -> str:
    return ids.digits(17, "180") if account.is_instagram else f"{post.rpartition('_')[2]}_{ids.digits(9, '9')}"


def _author(contact: Contact) -> dict[str, str]:
    return {"id": contact.id, "name": contact.name}


def _announce(simulator: "Simulator", account: Account, contact: Contact, comment: Comment, *, verb: str, live: bool) -> None:
    if account.is_instagram:
        simulator.announce_change(account, "live_comments" if live else "comments", _on_instagram(contact, comment, live))
    else:
        simulator.announce_change(account, "feed", _on_page(contact, comment, verb))


def _on_instagram(contact: Contact, comment: Comment, live: bool) -> Change:
    """A comment that is only a GIF has no text at all."""
    value: Change = {"id": comment.id, "from": {"id": contact.id, "username": contact.username}}
    if comment.text:
        value["text"] = comment.text
    value["media"] = {"id": comment.post, "media_product_type": "LIVE" if live else "FEED"}
    return value | ({"parent_id": comment.parent} if comment.parent else {})


def _on_page(contact: Contact, comment: Comment, verb: str) -> Change:
    """The parent of a comment at the top is the post. A removal names neither author nor text."""
    value: Change = {"item": "comment", "verb": verb, "comment_id": comment.id, "post_id": comment.post, "parent_id": comment.parent or comment.post}
    if verb == "remove":
        return value | {"created_time": comment.at // 1000}
    return value | {"from": _author(contact), "created_time": comment.at // 1000, "message": comment.text, "post": _post(comment)}


def _post(comment: Comment) -> Change:
    page, _, number = comment.post.partition("_")
    link = f"https://www.facebook.com/{page}/posts/{number}"
    return {"id": comment.post, "status_type": "added_photos", "is_published": True, "permalink_url": link, "promotion_status": "inactive"}
