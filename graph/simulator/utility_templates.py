"""Utility templates: approved texts with gaps, which may be sent outside the window. Messenger only."""

import json
import re
from typing import TYPE_CHECKING, Any

from graph.simulator import ids
from graph.simulator.call import Call
from graph.simulator.errors import invalid
from graph.simulator.paging import page
from graph.simulator.world import Account

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator

GAP = re.compile(r"\{\{(\w+)\}\}")


def create(simulator: "Simulator", call: Call, account: Account) -> dict[str, Any]:
    """Approved at once."""
    name, language, category = call.text("name"), call.text("language"), call.text("category", "UTILITY")
    body = next((str(part.get("text", "")) for part in call.things("components") if str(part.get("type")).lower() == "body"), "")
    if account.is_instagram or not (name and language and body) or category != "UTILITY":
        raise invalid("A utility template of a Page needs a name, a language and a component of type body with a text.")
    made = ids.digits(16, "3")
    values = {"id": made, "account": account.id, "name": name, "language": language, "category": category, "body": body}
    simulator.store.insert("utility_template", **values)
    return {"id": made, "status": "APPROVED", "category": category}


def every(simulator: "Simulator", call: Call, account: Account) -> dict[str, Any]:
    rows = simulator.store.rows("SELECT * FROM utility_template WHERE account = ? ORDER BY rowid", account.id)
    shown = [{name: row[name] for name in ("name", "language", "category", "id")} | {"status": "APPROVED"} for row in rows]
    return page(call, shown)


def text(simulator: "Simulator", account: Account, asked: Any) -> str:
    """The template with its gaps filled."""
    name, language = _named(asked)
    sql = "SELECT body FROM utility_template WHERE account = ? AND name = ? AND language = ?"
    row = simulator.store.row(sql, account.id, name, language)
    if row is None:
        raise invalid(f"There is no approved template {name} in {language}.")
    return _filled(row["body"], _parameters(asked))


def _named(asked: Any) -> tuple[str, str]:
    if not isinstance(asked, dict) or not isinstance(asked.get("language"), dict):
        raise invalid("A template needs a name and a language with a code.")
    return str(asked.get("name", "")), str(asked["language"].get("code", ""))


def _parameters(asked: dict[str, Any]) -> dict[str, str]:
    """By their names, or by their places from 1."""
    components = asked.get("components") or []
    body = next((part for part in components if isinstance(part, dict) and str(part.get("type")).lower() == "body"), {})
    listed = [each for each in body.get("parameters", []) if isinstance(each, dict)]
    return {str(each.get("parameter_name", place)): str(each.get("text", "")) for place, each in enumerate(listed, 1)}


def _filled(body: str, values: dict[str, str]) -> str:
    missing = [gap for gap in GAP.findall(body) if gap not in values]
    if missing:
        raise invalid(f"The template lacks {json.dumps(missing)}.")
    return GAP.sub(lambda gap: values[gap[1]], body)
