"""Calls counted on the virtual clock, for apps that ask for Meta's limits, and the headers that tell of them."""

import json
import threading
from collections import defaultdict, deque
from dataclasses import dataclass

from graph.simulator.errors import MetaError
from graph.simulator.world import Account, App

SECOND, HOUR, DAY = 1000, 3600 * 1000, 24 * 3600 * 1000


@dataclass(frozen=True)
class Rate:
    """Meta, Messenger Platform rate limits (23 March 2026). `code` is what one call too many answers."""

    most: int
    window_ms: int
    code: int
    subcode: int | None = None


RATES = {
    "messages": Rate(300, SECOND, 613),
    "media": Rate(10, SECOND, 613),
    "conversations": Rate(2, SECOND, 613),
    "private_replies": Rate(750, HOUR, 613),
    "day": Rate(200, DAY, 80006),
    "app": Rate(200, HOUR, 4),
}
PER_PERSON = ("day", "app")


class Rates:
    """Counts in memory: a restart forgets them."""

    def __init__(self) -> None:
        self._calls: dict[tuple[str, str], deque[int]] = defaultdict(deque)
        self._lock = threading.Lock()

    def count(self, app: App, account: Account, name: str, *, people: int, now: int) -> None:
        """Refuses the call that is one too many; a refused call does not count against it."""
        if not app.rate_limits:
            return
        rate, key = rate_of(app, name, people), (name, app.id if name == "app" else account.id)
        with self._lock:
            used = self._used(key, rate, now)
            if used >= rate.most:
                raise _exceeded(account, rate)
            self._calls[key].append(now)

    def headers(self, app: App, account: Account, *, people: int, now: int) -> dict[str, str]:
        """Percentages of what may be used, and in minutes when a used-up limit gives way again."""
        of_app, of_day = (self._share(app, account, name, people, now) for name in ("app", "day"))
        business = {
            "type": account.network,
            "call_count": of_day[0],
            "total_cputime": of_day[0] // 4,
            "total_time": of_day[0] // 2,
            "estimated_time_to_regain_access": of_day[1],
        }
        return {"x-app-usage": json.dumps(_app_usage(account, of_app[0])), "x-business-use-case-usage": json.dumps({account.id: [business]})}

    def clear(self) -> None:
        self._calls.clear()

    def _share(self, app: App, account: Account, name: str, people: int, now: int) -> tuple[int, int]:
        rate, key = rate_of(app, name, people), (name, app.id if name == "app" else account.id)
        with self._lock:
            used = self._used(key, rate, now)
            oldest = self._calls[key][0] if used else now
        wait = oldest + rate.window_ms - now if used >= rate.most else 0
        return used * 100 // rate.most, -(-wait // 60_000)

    def _used(self, key: tuple[str, str], rate: Rate, now: int) -> int:
        calls = self._calls[key]
        while calls and calls[0] <= now - rate.window_ms:
            calls.popleft()
        return len(calls)


def rate_of(app: App, name: str, people: int) -> Rate:
    """Meta's own number, or the one that the app was added with. Two of them grow with the number of engaged people."""
    rate, chosen = RATES[name], json.loads(app.rate_limits)
    own = chosen.get(name) if isinstance(chosen, dict) else None
    return Rate(own or rate.most * (max(1, people) if name in PER_PERSON else 1), rate.window_ms, rate.code, rate.subcode)


def _exceeded(account: Account, rate: Rate) -> MetaError:
    code = 80002 if rate.code == 80006 and account.is_instagram else rate.code
    texts = {4: "Application request limit reached", 613: "Calls to this api have exceeded the rate limit."}
    return MetaError(code, f"(#{code}) {texts.get(code, 'There have been too many calls to this account. Wait a bit and try again.')}")


def _app_usage(account: Account, share: int) -> dict[str, int]:
    """The two hosts name it differently."""
    if account.site == "instagram":
        return {"call_volume": share, "cpu_time": share // 4}
    return {"call_count": share, "total_time": share // 2, "total_cputime": share // 4}
