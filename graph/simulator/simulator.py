"""The simulator itself: `handle` answers as Meta would, the other verbs let a test be everybody else."""

import json
from typing import Any

import httpx

from graph.simulator import comments, control, handle, history, ids, notices, people, referrals, scopes, threads, tokens, worldfile
from graph.simulator.call import is_graph
from graph.simulator.core import Core
from graph.simulator.media import KINDS
from graph.simulator.people import Writing
from graph.simulator.profiles import ALL_TASKS
from graph.simulator.windows import DAY_MS
from graph.simulator.world import Account, Contact

ECHOES = ("after", "before", "late", "never", "twice")
BUSINESS_SUITE = "263902037430900"
THUMB = 369239263222822


class Simulator(Core):
    # Answering as Meta

    def handle(self, request: httpx.Request) -> httpx.Response:
        """A response whose extensions may say `drop` (before, after) or `delay` (seconds): the caller enacts them."""
        if not is_graph(request):
            return control.handle(self, request)
        response = handle.handle(self, request)
        status = 0 if "drop" in response.extensions else response.status_code
        route = str(response.extensions.get("route", ""))
        self.store.insert("request", method=request.method, path=request.url.path, status=status, at=self.now_ms(), route=route)
        return response

    def requests(self, route: str = "") -> list[dict[str, Any]]:
        """Every Graph request in order, or those of one route; status 0 where the connection was dropped. Paths only, so no tokens."""
        sql = "SELECT method, path, status, at, route FROM request WHERE ? IN ('', route) ORDER BY id"
        return self.store.rows(sql, route)

    def counts(self) -> dict[str, int]:
        """How many requests each route had, by method: `GET conversations`."""
        sql = "SELECT method || ' ' || route AS what, count(*) AS number FROM request GROUP BY what ORDER BY what"
        return {row["what"]: row["number"] for row in self.store.rows(sql)}

    def count(self, account: Account, name: str) -> None:
        """One call more against a limit, where the app has limits."""
        app = self.world.app(account.app)
        if app.rate_limits:
            self.rates.count(app, account, name, people=self._engaged(account), now=self.now_ms())

    def usage(self, account: Account) -> dict[str, str]:
        """The headers that tell how much of the limits is used."""
        app = self.world.app(account.app)
        return self.rates.headers(app, account, people=self._engaged(account), now=self.now_ms()) if app.rate_limits else {}

    # The world

    def add_app(
        self,
        id: str,
        secret: str,
        verify_token: str,
        callback_url: str = "",
        *,
        require_proof: bool = False,
        deauthorise_url: str = "",
        deletion_url: str = "",
        rate_limits: bool | dict[str, int] = False,
        permissions: dict[str, str] | None = None,
    ) -> None:
        """`rate_limits`: true for Meta's own numbers, or a number for some of them. `permissions`: see `set_permissions`."""
        self.world.add_app(
            id=id,
            secret=secret,
            verify_token=verify_token,
            callback_url=callback_url,
            require_proof=require_proof,
            deauthorise_url=deauthorise_url,
            deletion_url=deletion_url,
            rate_limits=json.dumps(rate_limits) if rate_limits else "",
            permissions="" if permissions is None else json.dumps(scopes.checked_statuses(permissions)),
        )

    def set_permissions(self, app: str, permissions: dict[str, str]) -> None:
        """What Meta's review of the app came to: by permission, `live` or `unapproved`. Unless told, everything is live."""
        self.world.set_app(app, permissions=json.dumps(scopes.checked_statuses(permissions)))

    def add_account(
        self,
        network: str,
        id: str,
        name: str,
        username: str = "",
        *,
        token: str,
        app: str,
        login: str = "facebook",
        page_id: str | None = None,
        human_agent: bool = False,
        echo: str = "after",
        ad_window_days: int = 0,
    ) -> None:
        """`ad_window_days`: how long the first message after a click on an ad keeps the window open, where not 24 hours."""
        if network not in ("messenger", "instagram") or login not in ("facebook", "instagram") or echo not in ECHOES:
            raise ValueError("An account needs a known network, login and echo.")
        if (network == "instagram" and login == "facebook") != bool(page_id):
            raise ValueError("An Instagram account behind a Page, and only that, has a page_id.")
        self.world.add_account(
            network=network,
            id=id,
            name=name,
            username=username,
            token=token,
            app=app,
            login=login,
            page_id=page_id or "",
            human_agent=human_agent,
            echo=echo,
            ad_window_days=ad_window_days,
        )

    def add_contact(self, account: str, name: str, username: str = "", id: str | None = None, *, profile: bool = True) -> str:
        return self.world.add_contact(account, name, username=username, id=id, profile=profile)

    def add_person(
        self,
        name: str,
        app: str,
        pages: list[str] | None = None,
        *,
        tasks: list[str] | None = None,
        id: str = "",
        token: str = "",
        kind: str = "user",
        scopes: list[str] | None = None,
    ) -> dict[str, str]:
        """Somebody with tasks on Pages. The token is a long-lived one: /me/accounts lists those Pages and their tokens.

        `kind`: a `system_user` belongs to a business, never sees a dialog, and has a token without end. `scopes`: what they grant.
        """
        self.world.app(app)
        if kind not in ("user", "system_user"):
            raise ValueError("Somebody is a user or a system_user.")
        made, lasts = id or ids.digits(15, "1"), None if kind == "system_user" else tokens.LONG_MS
        does = ALL_TASKS if tasks is None else tasks
        tokens.add_person(self.store, id=made, name=name, app=app, pages=pages or [], tasks=does, kind=kind, scopes=scopes)
        given = "" if scopes is None else json.dumps(scopes)
        issued = tokens.issue(self.store, kind=kind, app=app, now=self.now_ms(), lasts=lasts, person=made, token=token, scopes=given)
        return {"id": made, "token": issued.token}

    def set_token(
        self,
        token: str,
        *,
        expires_in: float | None = None,
        issued_ago: float = 0,
        dead: int = 0,
        scopes: list[str] | None = None,
        data_access_in: float | None = None,
    ) -> None:
        """Another age or end for a token, in seconds; `dead` is the subcode with which it is refused from now on.

        `scopes`: what was granted with it. `data_access_in`: the end of data access, in seconds. With one of these alone its life stays.
        """
        tokens.set_token(
            self.world, token, now=self.now_ms(), expires_in=expires_in, issued_ago=issued_ago, dead=dead, scopes=scopes, data_access_in=data_access_in
        )

    def add_history(
        self, account: str, contacts: int, messages: int = 3, *, oldest_days: float = 90, newest_hours: float = 1
    ) -> dict[str, int]:
        """So many conversations of so many messages each, from before anybody listened: no webhook tells of them.

        What was said last in them is spread over the time from `newest_hours` to `oldest_days` ago, in every other one by the contact.
        """
        known = self.world.account(account)
        return history.add(self, known, contacts=contacts, length=messages, oldest_days=oldest_days, newest_hours=newest_hours)

    def set_echo(self, account: str, echo: str) -> None:
        if echo not in ECHOES:
            raise ValueError(f"An echo comes {', '.join(ECHOES)}.")
        self.world.set_account(account, "echo", echo)

    def allow_messages(self, account: str, allowed: bool = True) -> None:
        """Instagram's switch “Allow access to messages”: without it Meta answers 200/2534041 and tells nothing."""
        self.world.set_account(account, "dm_access", allowed)

    def load(self, world: dict[str, Any]) -> None:
        worldfile.load(self, world)

    def reset(self) -> None:
        self.store.empty()
        self.rates.clear()

    def close(self) -> None:
        self.store.close()

    # What contacts write

    def write(
        self,
        account: str,
        contact: str,
        text: str = "",
        image_url: str = "",
        image: bytes | None = None,
        *,
        reply_to: str = "",
        media: list[tuple[str, bytes]] | None = None,
        attachments: list[dict[str, Any]] | None = None,
        quick_reply: str = "",
        story: dict[str, str] | None = None,
        referral: dict[str, Any] | None = None,
        standby: bool = False,
        at: float | None = None,
    ) -> str:
        """`media`: files as (image, video, audio or file, bytes). `attachments`: as Meta writes them. `at`: seconds since 1970."""
        files = ([("image", image)] if image else []) + list(media or [])
        if any(kind not in KINDS for kind, _ in files):
            raise ValueError(f"A file is one of {', '.join(KINDS)}.")
        more = {"quick_reply": quick_reply, "story": story, "referral": referral}
        given = {name: value for name, value in more.items() if value}
        return self._write(account, contact, Writing(text, image_url, files, attachments or [], reply_to, given, standby, at))

    def mention_in_story(self, account: str, contact: str) -> str:
        """Instagram: they name the account in their story, which is told as a message."""
        return self._write(account, contact, Writing(raw=[{"type": "story_mention", "payload": {"url": self.picture_url}}]))

    def reply_to_story(self, account: str, contact: str, text: str) -> str:
        return self.write(account, contact, text, story={"url": self.picture_url, "id": ids.digits(17, "180")})

    def share_post(self, account: str, contact: str, title: str = "A post") -> str:
        """Instagram sends a post twice over, as `share` and as `ig_post`; a Page's is one `post`."""
        payload = {"ig_post_media_id": ids.digits(17, "178"), "title": title, "url": self.picture_url}
        twins = [{"type": kind, "payload": payload} for kind in ("share", "ig_post")]
        post = {"type": "post", "payload": {"url": f"https://www.facebook.com/{account}/posts/55", "title": title, "id": f"{account}_55"}}
        return self.write(account, contact, attachments=twins if self.world.account(account).is_instagram else [post])

    def share_reel(self, account: str, contact: str, title: str = "A reel") -> str:
        """Its URL is a page to look at, not the film."""
        on_instagram = self.world.account(account).is_instagram
        video = ids.digits(17, "179")
        url = "https://www.instagram.com/reel/EXAMPLE12345/" if on_instagram else f"https://www.facebook.com/reel/{video}/"
        payload = {"url": url, "title": title, "reel_video_id": video if on_instagram else int(video)}
        return self.write(account, contact, attachments=[{"type": "ig_reel" if on_instagram else "reel", "payload": payload}])

    def send_sticker(self, account: str, contact: str, sticker_id: int = THUMB) -> str:
        """A heart on Instagram, which knows no others; a thumb on Messenger unless told."""
        sticker = {"type": "sticker", "payload": {"url": self.picture_url, "sticker_id": sticker_id}}
        return self.write(account, contact, attachments=[{"type": "like_heart"} if self.world.account(account).is_instagram else sticker])

    def send_location(self, account: str, contact: str, lat: float = 52.3765, long: float = 9.7389) -> str:
        return self.write(account, contact, attachments=[{"type": "location", "payload": {"coordinates": {"lat": lat, "long": long}}}])

    def send_ephemeral(self, account: str, contact: str) -> str:
        """A picture to be seen once: nobody gets its bytes."""
        return self.write(account, contact, attachments=[{"type": "ephemeral"}])

    def send_unsupported(self, account: str, contact: str) -> str:
        """A poll, say: Meta tells that there is something, and no more."""
        return self._write(account, contact, Writing(more={"is_unsupported": True}))

    # What contacts do

    def edit(self, account: str, contact: str, mid: str, text: str) -> None:
        people.edit(self, self._met(account, contact), contact, mid, text=text)

    def edit_oddly(self, account: str, contact: str, mid: str, *, anonymous: bool = False) -> None:
        people.edit_oddly(self, self._met(account, contact), contact, mid, anonymous=anonymous)

    def react(self, account: str, contact: str, mid: str, emoji: str = "\u2764\ufe0f", reaction: str = "love") -> None:
        people.react(self, self._met(account, contact), contact, mid, emoji=emoji, name=reaction)

    def unreact(self, account: str, contact: str, mid: str) -> None:
        people.react(self, self._met(account, contact), contact, mid, emoji="", name="")

    def unsend(self, account: str, contact: str, mid: str) -> None:
        people.unsend(self, self._met(account, contact), contact, mid)

    def tap(self, account: str, contact: str, title: str = "Get started", payload: str = "GET_STARTED") -> str:
        return people.tap(self, *self._both(account, contact), title=title, payload=payload)

    def see(self, account: str, contact: str) -> None:
        people.see(self, self._met(account, contact), contact)

    def block(self, account: str, contact: str) -> None:
        """The contact wants no more messages: sends answer 551."""
        self._met(account, contact)
        self.world.set_contact(contact, blocked=True)

    def unblock(self, account: str, contact: str) -> None:
        self._met(account, contact)
        self.world.set_contact(contact, blocked=False)

    def follow_link(self, account: str, contact: str, ref: str = "promo") -> None:
        referrals.follow_link(self, *self._both(account, contact), ref=ref)

    def click_ad(self, account: str, contact: str, title: str = "Spring sale", ad_id: str = "120250000000000001") -> None:
        referrals.click_ad(self, *self._both(account, contact), title=title, ad_id=ad_id)

    def opt_in(self, account: str, contact: str, title: str = "News") -> str:
        return people.opt_in(self, self._met(account, contact), contact, title=title)

    def opt_out(self, account: str, contact: str, title: str = "News", token: str = "") -> None:
        people.opt_out(self, self._met(account, contact), contact, title=title, token=token)

    def link_account(self, account: str, contact: str, authorization_code: str = "AUTH-1") -> None:
        people.link_account(self, self._met(account, contact), contact, authorization_code=authorization_code)

    # What they do in public

    def comment(self, account: str, contact: str, text: str, post_id: str = "", *, parent: str = "", live: bool = False) -> str:
        return comments.add(self, *self._both(account, contact), text=text, post=post_id, parent=parent, live=live)

    def edit_comment(self, account: str, comment: str, text: str) -> None:
        comments.change(self, self.world.account(account), comment, text=text)

    def remove_comment(self, account: str, comment: str) -> None:
        comments.change(self, self.world.account(account), comment, text=None)

    def post_on_page(self, account: str, contact: str, text: str) -> str:
        return comments.add_post(self, *self._both(account, contact), text=text)

    def mention(self, account: str, *, in_comment: bool = True) -> None:
        comments.mention(self, self.world.account(account), in_comment=in_comment)

    # What colleagues and other apps do

    def answer_elsewhere(self, account: str, contact: str, text: str) -> str:
        return people.answer_elsewhere(self, self._met(account, contact), contact, text=text)

    def hold_thread(self, account: str, contact: str, app_id: str = BUSINESS_SUITE) -> None:
        """Until it is released, or lapses after a day: our sends are refused and the contact's events come as standby."""
        threads.hold(self, *self._both(account, contact), app_id=app_id)

    def release_thread(self, account: str, contact: str) -> None:
        threads.release(self, *self._both(account, contact))

    def request_thread(self, account: str, contact: str, app_id: str = BUSINESS_SUITE) -> None:
        threads.request(self, *self._both(account, contact), app_id=app_id)

    # What Meta does

    def enforce_policy(self, account: str, action: str = "warning", reason: str = "") -> None:
        notices.enforce_policy(self, self.world.account(account), action=action, reason=reason)

    def test_button(self, account: str) -> int:
        return notices.test_button(self, self.world.account(account))

    def unsubscribe(self, account: str) -> None:
        """Meta stops telling of this account, and of what shares its Page, as after an hour of failures."""
        known = self.world.account(account)
        for each in self.world.accounts():
            if each.site == known.site and (each.page_id or each.id) == (known.page_id or known.id):
                self.outbox.disable(each.id, self.now_ms())

    def deauthorise(self, app: str, user_id: str) -> dict[str, Any]:
        return notices.deauthorise(self, self.world.app(app), user_id)

    def request_deletion(self, app: str, user_id: str) -> dict[str, Any]:
        return notices.request_deletion(self, self.world.app(app), user_id)

    def webhook_mode(self, app: str, batch: int = 1, disorder: bool = False, duplicates: int = 0, wrong_signature: int = 0) -> None:
        """Batched or disordered, events wait for `settle()`. `duplicates`: each request comes so many times more.
        `wrong_signature`: so many requests from now on are signed by somebody else."""
        if not 1 <= batch <= 1000:
            raise ValueError("Meta puts 1 to 1000 updates into one request.")
        self.world.set_app(app, batch=batch, disorder=disorder, duplicates=duplicates, wrong_signature=wrong_signature)

    # Trouble

    def fault(
        self,
        kind: str,
        *,
        route: str = "messages",
        account: str | None = None,
        times: int | None = 1,
        seconds: float = 35.0,
        subcode: int | None = None,
        after: int = 0,
        code: int | None = None,
        status: int | None = None,
        most: int | None = None,
    ) -> int:
        """`times=None` lasts until `clear_faults()`; `route="*"` is every route; `after` lets so many matching calls pass first."""
        return self.faults.add(
            kind,
            route=route,
            account=account,
            times=times,
            seconds=seconds,
            subcode=subcode,
            skip=after,
            code=code,
            status=status,
            most=most,
        )

    def clear_faults(self, kind: str | None = None, account: str | None = None) -> None:
        """All of them, or those of a kind, or those that were ordered for an account."""
        self.faults.clear(kind, account)

    def _write(self, account: str, contact: str, writing: Writing) -> str:
        return people.write(self, *self._both(account, contact), writing)

    def _engaged(self, account: Account) -> int:
        """People who did something in the last 24 hours."""
        sql = "SELECT count(*) AS people FROM contact WHERE account = ? AND acted_at > ?"
        row = self.store.row(sql, account.id, self.now_ms() - DAY_MS)
        return int(row["people"]) if row else 0

    def _met(self, account: str, contact: str) -> Account:
        return self._both(account, contact)[0]

    def _both(self, account: str, contact: str) -> tuple[Account, Contact]:
        known = self.world.contact(contact, account=account)
        return self.world.account(account), known
