"""Token endpoints of both logins: a code for a token, a short one for a long one, a long one for a fresh one."""

import hmac
import json
from typing import TYPE_CHECKING, Any

from graph.simulator import access, ids, scopes, tokens
from graph.simulator.call import Call
from graph.simulator.errors import MetaError, invalid
from graph.simulator.store import Row
from graph.simulator.tokens import HOUR_MS, LONG_MS, SHORT_MS, Token
from graph.simulator.world import App, Unknown

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator

Data = dict[str, Any]

REFRESHABLE_AFTER_MS = 24 * HOUR_MS


def issue_code(simulator: "Simulator", app: App, *, redirect_uri: str, scopes: list[str], person: str = "", account: str = "") -> str:
    """What the login dialog sends back: good for one hour and one use."""
    code = ids.code()
    values = {"person": person, "account": account, "redirect_uri": redirect_uri, "at": simulator.now_ms(), "scopes": json.dumps(scopes)}
    simulator.store.insert("code", code=code, app=app.id, **values)
    return code


def facebook_token(simulator: "Simulator", call: Call) -> Data:
    """Meta, Facebook Login: an app's own token, a long-lived one, or the token for a code."""
    app = _client(simulator, call)
    if call.text("grant_type") == "client_credentials":
        return {"access_token": f"{app.id}|{app.secret}", "token_type": "bearer"}
    if call.text("grant_type") == "fb_exchange_token":
        return _lengthened(simulator, app, call.text("fb_exchange_token"))
    row = _use_code(simulator, app, call)
    willing = tokens.person(simulator.store, row["person"]).scopes
    given = json.dumps(scopes.granted(json.loads(row["scopes"] or "[]"), willing=willing))
    return _told(_issue(simulator, app, kind="user", lasts=SHORT_MS, person=row["person"], given=given))


def instagram_token(simulator: "Simulator", call: Call) -> Data:
    """`POST api.instagram.com/oauth/access_token`, whose errors have a shape of their own."""
    try:
        app = _client(simulator, call)
        if call.method != "POST" or call.text("grant_type") != "authorization_code":
            raise invalid("Post a grant_type of authorization_code.")
        row = _use_code(simulator, app, call)
    except MetaError as error:
        body = {"error_type": "OAuthException", "code": 400, "error_message": error.message}
        raise MetaError(400, error.message, status=400, body=body) from None
    asked = json.loads(row["scopes"] or "[]")
    given = [scope for scope in scopes.INSTAGRAM if scope in asked] or list(scopes.INSTAGRAM)
    token = _issue(simulator, app, kind="instagram", lasts=SHORT_MS, account=row["account"], given=json.dumps(given))
    return {"access_token": token.token, "user_id": int(row["account"]), "permissions": given}


def long_instagram_token(simulator: "Simulator", call: Call) -> Data:
    """`GET graph.instagram.com/access_token`: 60 days instead of one hour."""
    token = access.check_token(simulator, call)
    app = simulator.world.app(token.app)
    if call.text("grant_type") != "ig_exchange_token" or not _same(call.text("client_secret"), app.secret):
        raise invalid("A grant_type of ig_exchange_token and the client_secret are required.")
    return _told(_longer(simulator, app, token))


def refreshed_token(simulator: "Simulator", call: Call) -> Data:
    """A long-lived token that is 24 hours old and has not expired gives a fresh one."""
    token = access.check_token(simulator, call)
    if call.text("grant_type") != "ig_refresh_token":
        raise invalid("A grant_type of ig_refresh_token is required.")
    if simulator.now_ms() - token.issued_at < REFRESHABLE_AFTER_MS:
        raise invalid("A token can be refreshed once it is at least 24 hours old.")
    return _told(_longer(simulator, simulator.world.app(token.app), token))


def _client(simulator: "Simulator", call: Call) -> App:
    try:
        app = simulator.world.app(call.text("client_id"))
    except Unknown:
        raise MetaError(101, "Error validating application. Cannot get application info due to a system error.") from None
    if not _same(call.text("client_secret"), app.secret):
        raise MetaError(1, "Error validating client secret.", status=400)
    return app


def _lengthened(simulator: "Simulator", app: App, given: str) -> Data:
    token = tokens.find(simulator.world, given)
    if token is None or token.kind != "user" or token.app != app.id:
        raise invalid("Param fb_exchange_token must be a token of a person who uses this app.")
    if subcode := token.fault(now=simulator.now_ms()):
        raise MetaError(190, "Error validating access token: the session is invalid or has expired.", subcode=subcode)
    return _told(_issue(simulator, app, kind="user", lasts=LONG_MS, person=token.person, given=token.scopes))


def _use_code(simulator: "Simulator", app: App, call: Call) -> Row:
    row = simulator.store.row("SELECT * FROM code WHERE code = ? AND app = ?", call.text("code").removesuffix("#_"), app.id)
    if row is None or row["redirect_uri"] != call.text("redirect_uri"):
        raise invalid("Error validating verification code. The redirect_uri must be the one of the dialog.", 36008)
    if simulator.now_ms() - row["at"] > HOUR_MS:
        raise invalid("This authorization code has expired.", 36007)
    if not simulator.store.run("UPDATE code SET used = 1 WHERE code = ? AND NOT used", row["code"]):
        raise invalid("This authorization code has been used.", 36009)
    return row


def _longer(simulator: "Simulator", app: App, token: Token) -> Token:
    return _issue(simulator, app, kind="instagram", lasts=LONG_MS, account=_account_of(simulator, token), given=token.scopes)


def _issue(simulator: "Simulator", app: App, *, kind: str, lasts: int, person: str = "", account: str = "", given: str = "") -> Token:
    now = simulator.now_ms()
    return tokens.issue(simulator.store, kind=kind, app=app.id, now=now, lasts=lasts, person=person, account=account, scopes=given)


def _told(token: Token) -> Data:
    seconds = ((token.expires_at or token.issued_at) - token.issued_at) // 1000
    return {"access_token": token.token, "token_type": "bearer", "expires_in": seconds}


def _account_of(simulator: "Simulator", token: Token) -> str:
    return tokens.accounts_of(simulator.world, token)[0].id


def _same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode(), secret.encode())
