"""A picture that an agent names by its address: fetched before it is proposed, and never on the thread of the others."""

import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import anyio
import pytest
from PIL import Image

from accounts.models import Stop
from agents.models import Proposal, ToolCall
from core.clock import now
from inbox.models import MediaFile
from tests.agents.calling import answer, as_agent, refusal

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


class Gallery(ThreadingHTTPServer):
    """Serves one picture at /cat.png, keeps who waits at /slow.png until it is told, and counts."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        self.colour = "red"
        self.waiting, self.go_on = threading.Event(), threading.Event()

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


class _Handler(BaseHTTPRequestHandler):
    server: Gallery

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.path == "/slow.png":
            self.server.waiting.set()
            self.server.go_on.wait(20)
        found = self.path.endswith(".png")
        body = _png(self.server.colour) if found else b"<html>"
        self.send_response(200 if self.path != "/gone.png" else 404)
        self.send_header("content-type", "image/png" if found else "text/html")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args) -> None:
        return


def _png(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 4), colour).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def gallery(settings) -> Iterator[Gallery]:
    with Gallery() as server:
        settings.FETCH_ALLOWED_HOSTS = [f"127.0.0.1:{server.server_port}"]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.go_on.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def here(cast) -> str:
    return cast.conversation(cast.amina).public_id


def test_the_picture_is_ours_before_it_is_proposed(cast, gallery, here):
    found = answer(cast.key, "propose_message", conversation_id=here, image_url=gallery.address("/cat.png"))
    assert (found["status"], found["image_url"]) == ("pending", gallery.address("/cat.png"))
    media = Proposal.objects.get().part.media
    assert (media.state, media.mime, media.by) == ("ready", "image/png", cast.assistant.user)
    with media.file.open() as file:
        assert file.read() == _png("red")
    assert ToolCall.objects.get().arguments["image_url"] == gallery.address("/cat.png")


def test_asking_again_neither_fetches_again_nor_proposes_another_picture(cast, gallery, here):
    arguments = {"conversation_id": here, "image_url": gallery.address("/cat.png"), "idempotency_key": "k"}
    first = answer(cast.key, "propose_message", **arguments)
    gallery.colour = "blue"
    assert answer(cast.key, "propose_message", **arguments)["proposal_id"] == first["proposal_id"]
    assert answer(cast.key, "propose_message", **arguments | {"idempotency_key": ""})["proposal_id"] == first["proposal_id"]
    assert gallery.asked == ["/cat.png"]


@pytest.mark.parametrize(("path", "said"), [("/gone.png", "404"), ("/page.html", "not a picture")])
def test_what_is_no_picture_is_invalid_and_says_why(cast, gallery, here, path, said):
    found = refusal(cast.key, "propose_message", conversation_id=here, image_url=gallery.address(path))
    assert (found["code"], said in found["message"]) == ("invalid", True)
    assert Proposal.objects.count() == 0
    assert ToolCall.objects.get().outcome == "invalid"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/a.png", "http://169.254.169.254/latest", "file:///etc/passwd", "not an address"])
def test_an_address_inside_is_not_fetched(cast, here, url):
    assert refusal(cast.key, "propose_message", conversation_id=here, image_url=url)["code"] == "invalid"


def test_nothing_is_fetched_for_a_proposal_that_would_be_refused(cast, gallery, here):
    Stop.place(by=cast.dana, reason="r", at=now())
    assert refusal(cast.key, "propose_message", conversation_id=here, image_url=gallery.address("/cat.png"))["code"] == "stopped"
    assert (gallery.asked, MediaFile.objects.count()) == ([], 0)


def test_a_slow_picture_keeps_nobody_else_waiting(cast, gallery, here):
    async def talk(client):
        results = {}

        async def propose() -> None:
            results["slow"] = await client.call_tool("propose_message", {"conversation_id": here, "image_url": gallery.address("/slow.png")})

        async with anyio.create_task_group() as group:
            group.start_soon(propose)
            await anyio.to_thread.run_sync(gallery.waiting.wait, 20)
            results["fast"] = await client.call_tool("list_conversations", {})
            assert "slow" not in results
            gallery.go_on.set()
        return results

    results = as_agent(cast.key, talk)
    assert [result.is_error for result in results.values()] == [False, False]
