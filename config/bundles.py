"""Style sheets and scripts are small files here; a page loads them joined, each kind in one request. Nothing has to be built for that.

A new file goes into `static/css` or `static/js`, and its name into the list below, where it belongs in the order: later styles win, later
scripts hear of events later. A file that only some page of the configuration needs stays out of the lists, and that page names it itself.
"""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder, find
from django.core.files.storage import FileSystemStorage, Storage

BUNDLES: dict[str, tuple[str, ...]] = {
    "bundles/console.css": (
        "css/tokens.css",
        "css/header.css",
        "css/base.css",
        "css/console.css",
        "css/thread.css",
        "css/story.css",
        "css/copy.css",
        "css/composer.css",
        "css/later.css",
        "css/approvals.css",
        "css/list.css",
        "css/found.css",
        "css/team.css",
        "css/writing.css",
        "css/presence.css",
        "css/person.css",
    ),
    "bundles/console.js": (
        "js/page.js",
        "js/keep.js",
        "js/countdown.js",
        "js/live.js",
        "js/notices.js",
        "js/composer.js",
        "js/files.js",
        "js/keys.js",
        "js/copy.js",
        "js/selection.js",
        "js/team.js",
        "js/drafts.js",
        "js/canned.js",
        "js/emoji.js",
        "js/presence.js",
        "js/stop.js",
        "js/leaving.js",
        "js/summon.js",
    ),
}
_REMARK = re.compile(r"/\*.*?\*/", re.DOTALL)


class BundleFinder(BaseFinder):
    """The joined files, beside the other static ones: collected with them, and with DEBUG joined anew for each request."""

    def __init__(self, app_names: Sequence[str] | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.storage = FileSystemStorage(settings.VAR_DIR)

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        found = [str(join(path))] if path in BUNDLES else []
        return found if find_all or not found else found[0]

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, Storage]]:
        for path in BUNDLES:
            join(path)
            yield path, self.storage


def join(name: str) -> Path:
    """The joined file, as its sources are now. It is as old as the newest of them, so that who has collected it before can tell that nothing is new."""
    sources = [_source(path) for path in BUNDLES[name]]
    made_at = max(path.stat().st_mtime_ns for path in (*sources, Path(__file__)))
    text = joined(name, [path.read_text() for path in sources])
    place = Path(settings.VAR_DIR) / name
    if not place.is_file() or place.stat().st_mtime_ns != made_at or place.read_text() != text:
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = place.with_name(f".{place.name}.{os.getpid()}")
        draft.write_text(text)
        os.utime(draft, ns=(made_at, made_at))
        draft.replace(place)
    return place


def joined(name: str, texts: Sequence[str]) -> str:
    return _scripts(texts) if name.endswith(".js") else _styles(texts)


def _styles(texts: Sequence[str]) -> str:
    return "\n".join(_lean(_REMARK.sub("", text)) for text in texts) + "\n"


def _scripts(texts: Sequence[str]) -> str:
    """Each script keeps to a block of its own, and one that fails does not take the others with it."""
    parts = ("try {\n" + _lean(text, remark="//") + "\n} catch (error) {\nreportError(error);\n}" for text in texts)
    return "\n".join(('"use strict";', *parts)) + "\n"


def _lean(text: str, remark: str = "\n") -> str:
    """Without indentation and empty lines, and without lines that are only a remark."""
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith(remark))


def _source(path: str) -> Path:
    found = find(path)
    if not isinstance(found, str):
        raise FileNotFoundError(f"{path} is in a list of config/bundles.py, and there is no such file.")
    return Path(found)
