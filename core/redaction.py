"""Keeps secrets out of what is written down: whatever was a `Secret` in this process, and whatever looks like one."""

import html
import json
import logging
import re
import sys
import threading
import traceback
from collections import OrderedDict
from collections.abc import Iterator
from types import TracebackType
from urllib.parse import quote

MASK = "••••••"
# Shorter ones are words of every day; to hide those would hide everything.
SHORTEST = 8
# A secret is remembered after its row is gone, because the traceback that names it comes later.
MOST = 4_000
# Longer than that it is an e-mail or a list of tokens, which nobody repeats whole.
LONGEST = 1_000

# What could be a token inside a longer text: the link of an invitation in an e-mail, the tokens of several accounts in one document.
_PIECE = re.compile(r"[A-Za-z0-9_-]{16,}")
_LOOKS_RANDOM = re.compile(r"[0-9]|[a-z].*[A-Z]|[A-Z].*[a-z]")
_SHAPES = (
    # Agent keys, and Meta's own tokens: Facebook's begin with EAA, Instagram's with IG.
    (re.compile(r"\bagt_[\w-]{16,}"), MASK),
    (re.compile(r"\b(?:EAA|IG[A-Z]{2})[A-Za-z0-9_-]{24,}"), MASK),
    # An invitation's link: a request that is refused before anybody looks it up is written down with its path.
    (re.compile(r"(/invitation/)[\w-]{16,}"), rf"\1{MASK}"),
    # The address at which Meta fetches a picture of ours: whoever has it has the picture.
    (re.compile(r"(/files/\w{1,40}/)[\w.-]{16,}"), rf"\1{MASK}"),
    # The password in the address of a database or a mail server.
    (re.compile(r"(://[^\s/:@]{0,100}:)[^\s/@]{1,200}(?=@)"), rf"\1{MASK}"),
    (re.compile(r"\b(bearer\s+)[\w.~+/|=-]{8,}", re.IGNORECASE), rf"\1{MASK}"),
    (
        re.compile(
            # No dots before "token": from each of them the search would begin anew, and a long address could stop the process for minutes.
            r"\b((?:\w*token|appsecret_proof|(?:client_)?secret|code|signed_request|password\d?)=)[^&\s\"'<>;,)\]}]{8,}", re.IGNORECASE
        ),
        rf"\1{MASK}",
    ),
)  # fmt: skip

# One thread may come twice: what is cleaned up while it looks may have something to log.
_lock = threading.RLock()
_known: OrderedDict[str, None] = OrderedDict()


def remember(text: str) -> None:
    """From now on `conceal` hides this text, wherever it stands. The oldest are forgotten when there are too many."""
    with _lock:
        if text in _known:
            _known.move_to_end(text)
            return
        for form in _forms(text):
            _known[form] = None
            _known.move_to_end(form)
        while len(_known) > MOST:
            _known.popitem(last=False)


def conceal(text: str) -> str:
    """The same text with dots in place of everything secret that it repeats."""
    with _lock:
        known = tuple(_known)
    found = [secret for secret in known if secret in text]
    # The longest first: one secret may hold another.
    for secret in sorted(found, key=len, reverse=True):
        text = text.replace(secret, MASK)
    for shape, instead in _SHAPES:
        text = shape.sub(instead, text)
    return text


def _forms(text: str) -> Iterator[str]:
    """How a secret may be written: as it is, in an address, in HTML, in JSON; and of a long text what in it looks like a secret."""
    if len(text) <= LONGEST:
        ways = {text, quote(text, safe="", errors="replace"), html.escape(text), json.dumps(text)[1:-1]}
        yield from (way for way in ways if len(way) >= SHORTEST)
    yield from (piece for piece in _PIECE.findall(text)[:50] if _LOOKS_RANDOM.search(piece))


class Concealing(logging.Filter):
    """Lets every record through, without the secrets in its message, its exception and its stack."""

    _plain = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = conceal(_message(record)), None
        if record.exc_info and not record.exc_text:
            record.exc_text = self._plain.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = conceal(record.exc_text)
        if record.stack_info:
            record.stack_info = conceal(record.stack_info)
        return True


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:
        # Python would print the arguments as they are, to say that they do not fit.
        said = record.msg if isinstance(record.msg, str) else f"A {type(record.msg).__name__} that cannot be written down"
        return f"{said} (what belongs into this sentence does not fit)"


def watch_over_tracebacks() -> None:
    """What no handler of ours sees, Python prints to stderr by itself: errors that end a command or a thread."""
    sys.excepthook = _end_of_process
    threading.excepthook = _end_of_thread


def _end_of_process(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    print(conceal("".join(traceback.format_exception(kind, error, trace))), end="", file=sys.stderr)


def _end_of_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None and not issubclass(ended.exc_type, SystemExit):
        print(f"The thread {ended.thread.name if ended.thread else ''} ended with an error.", file=sys.stderr)
        _end_of_process(ended.exc_type, ended.exc_value, ended.exc_traceback)
