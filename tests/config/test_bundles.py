"""What pages load: joined files that say what their sources say, and none of the sources forgotten."""

import re
from collections import Counter
from pathlib import Path

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command

from config.bundles import BUNDLES, BundleFinder, join, joined
from tests.inbox.browsing import page

ROOT = Path(__file__).parents[2]
SOURCES = {str(path.relative_to(ROOT / "static")): path for kind in ("css", "js") for path in (ROOT / "static" / kind).iterdir()}
SCRIPTS = [path for name, path in SOURCES.items() if name.endswith(".js")]
JOINED = Counter(name for names in BUNDLES.values() for name in names)


def named_by_pages() -> set[str]:
    """The files that templates load one by one."""
    pages = (path.read_text() for path in (ROOT / "templates").rglob("*.html"))
    return {name for page in pages for name in re.findall(r"""\{% static ["']((?:css|js)/[^"']+)["'] %\}""", page)}


@pytest.fixture
def copy(settings, tmp_path):
    """The sources to be changed, and places of their own for what becomes of them."""
    folder = tmp_path / "sources"
    for name, path in SOURCES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(path.read_text())
    settings.VAR_DIR, settings.STATIC_ROOT, settings.STATICFILES_DIRS = tmp_path / "var", tmp_path / "collected", [folder]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder", "config.bundles.BundleFinder"]
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}
    return folder


def collected() -> dict[str, str]:
    """The address of each joined file, once everything is collected."""
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    staticfiles_storage.hashed_files = staticfiles_storage.load_manifest()[0]
    return {name: staticfiles_storage.url(name) for name in BUNDLES}


def test_every_source_is_joined_once_or_loaded_by_a_page_itself():
    assert set(JOINED.values()) == {1}
    assert set(JOINED) <= set(SOURCES)
    assert set(SOURCES) - set(JOINED) == named_by_pages() - set(JOINED), "A new file belongs in a list of config/bundles.py."


def test_each_page_of_the_console_loads_one_sheet_and_what_it_needs_of_scripts(cast, sign_in):
    bob = sign_in(cast.bob)
    for address in ("/conversations/", cast.conversation(cast.amina).get_absolute_url(), "/approvals/", "/preferences/", "/stops/"):
        shown = re.sub(r"<noscript>.*?</noscript>", "", page(bob, address), flags=re.DOTALL)
        assert re.findall(r'<link rel="stylesheet" href="(.+?)"', shown) == ["/static/bundles/console.css"]
        scripts = ["/static/admin/js/theme.js", "/static/django_htmx/htmx-2.min.js", "/static/bundles/console.js"]
        assert re.findall(r'<script src="(.+?)"', shown) == scripts


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_can_stand_beside_others_in_one_file(path):
    """Strict by itself, in one block of its own, and in lines that can do without remarks and indentation."""
    lines = path.read_text().splitlines()
    code = [line for line in lines if line and not line.startswith("//")]
    assert code[:2] == ['"use strict";', "{"] and code[-1] == "}"
    assert not [line for line in code[2:-1] if not line.startswith("  ")]
    assert not [line for line in lines if line.count("`") % 2 or "/*" in line]


def test_what_is_joined_keeps_the_order_and_leaves_out_remarks():
    sheet = joined("x.css", ["/* One. */\n.a {\n  color: red;\n}\n", "/* Two,\n   longer. */\n\n.b { color: red }\n"])
    assert sheet == ".a {\ncolor: red;\n}\n.b { color: red }\n"
    script = joined("x.js", ['// One.\n"use strict";\n{\n  // It.\n  one("//");\n}\n', '"use strict";\n{\n  two();\n}\n'])
    assert script.startswith('"use strict";\ntry {\n') and script.count("reportError") == 2
    assert script.index('one("//");') < script.index("two();") and "It." not in script


def test_nothing_but_code_is_served():
    for name in BUNDLES:
        text = join(name).read_text()
        assert "sourceMappingURL" not in text and not re.search(r"^\s*(//|/\*)|/\*.*\*/", text, re.MULTILINE)
        assert len(text) > 10_000


def test_an_edited_file_is_served_at_the_next_load(copy):
    finder = BundleFinder()
    (copy / "css/found.css").write_text(".found { color: rebeccapurple }")
    assert "rebeccapurple" in Path(finder.find("bundles/console.css")).read_text()
    (copy / "css/found.css").write_text(".found { color: papayawhip }")
    found = Path(finder.find("bundles/console.css")).read_text()
    assert "papayawhip" in found and "rebeccapurple" not in found


def test_what_is_no_bundle_is_looked_for_elsewhere(copy):
    assert BundleFinder().find("css/found.css") == BundleFinder().find("bundles/other.css") == []
    assert BundleFinder().find("bundles/console.js", find_all=True) == [str(join("bundles/console.js"))]


def test_the_address_changes_with_the_contents_and_only_then(copy):
    before = collected()
    assert collected() == before
    (copy / "js/copy.js").write_text('"use strict";\n{\n  console.log("another");\n}\n')
    after = collected()
    assert after["bundles/console.js"] != before["bundles/console.js"]
    assert after["bundles/console.css"] == before["bundles/console.css"]
    place = Path(staticfiles_storage.location) / after["bundles/console.js"].removeprefix("/static/")
    assert "another" in place.read_text() and place.with_name(f"{place.name}.gz").is_file()


def test_installations_that_share_what_is_collected_agree_on_how_old_it_is(copy, settings, tmp_path):
    here = join("bundles/console.js").stat()
    settings.VAR_DIR = tmp_path / "another"
    there = join("bundles/console.js").stat()
    assert (here.st_mtime_ns, here.st_size) == (there.st_mtime_ns, there.st_size)


def test_a_name_in_a_list_without_its_file_is_said(copy):
    (copy / "js/copy.js").unlink()
    with pytest.raises(FileNotFoundError, match=r"js/copy\.js"):
        join("bundles/console.js")
