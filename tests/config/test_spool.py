"""Bodies are here whole before a thread of Django's is."""

import asyncio

from a2wsgi import WSGIMiddleware

from config.spool import Spool
from tests.config.asgi import Call


def echo(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("X-Length", environ.get("CONTENT_LENGTH", "none")), ("X-Proto", environ.get("HTTP_X_FORWARDED_PROTO", "none"))])
    return [body]


def spool(app=echo, *, max_bytes=1000, threads=1):
    return Spool(WSGIMiddleware(app, workers=threads, send_queue_size=0), max_bytes=max_bytes)


def test_slow_uploads_hold_no_thread():
    async def story():
        app = spool(threads=1)
        slow = [Call(app, method="POST") for _ in range(5)]
        for call in slow:
            call.feed(b"a little", more=True)
        quick = Call(app)
        quick.feed()
        assert (await quick.answer())[0] == 200
        assert not any(call.task.done() for call in slow)
        for call in slow:
            call.feed(b" at a time")
        assert [(await call.answer())[2] for call in slow] == [b"a little at a time"] * 5

    asyncio.run(story())


def test_a_slow_reader_holds_no_thread():
    def long(environ, start_response):
        start_response("200 OK", [])
        return [b"x" * 1000] * 100

    async def story():
        app = spool(long, threads=1)
        reading, started = asyncio.Event(), asyncio.Event()

        async def send(message):
            started.set()
            await reading.wait()

        async def receive():
            return {"type": "http.request"}

        scope = {"type": "http", "http_version": "1.1", "method": "GET", "path": "/", "query_string": b"", "headers": []}
        slow = asyncio.create_task(app(scope, receive, send))
        await started.wait()
        quick = Call(app)
        quick.feed()
        assert len((await quick.answer())[2]) == 100_000
        assert not slow.done()
        reading.set()
        await slow

    asyncio.run(story())


def test_a_body_larger_than_memory_arrives_whole():
    async def story():
        body = bytes(range(256)) * 12_000
        call = Call(spool(max_bytes=5_000_000), method="POST")
        call.feed(body[:2_000_000], more=True)
        call.feed(body[2_000_000:])
        assert (await call.answer())[2] == body

    asyncio.run(story())


def test_a_body_in_chunks_gets_its_length():
    async def story():
        call = Call(spool(), method="POST", headers=[("transfer-encoding", "chunked")])
        call.feed(b"one ", more=True)
        call.feed(b"two")
        _status, headers, body = await call.answer()
        assert (headers[b"x-length"], body) == (b"7", b"one two")

    asyncio.run(story())


def test_a_body_that_is_announced_too_large_is_refused_unread():
    async def story():
        call = Call(spool(max_bytes=10), method="POST", headers=[("content-length", "11")])
        assert (await call.answer())[0] == 413

    asyncio.run(story())


def test_a_body_that_grows_too_large_is_refused():
    async def story():
        call = Call(spool(max_bytes=10), method="POST")
        call.feed(b"123456", more=True)
        call.feed(b"789012", more=True)
        assert (await call.answer())[0] == 413

    asyncio.run(story())


def test_a_body_of_exactly_the_limit_is_taken():
    async def story():
        call = Call(spool(max_bytes=10), method="POST")
        call.feed(b"1234567890")
        assert (await call.answer())[0] == 200

    asyncio.run(story())


def test_a_browser_that_goes_away_is_forgotten():
    async def story():
        call = Call(spool(), method="POST")
        call.feed(b"half", more=True)
        call.hang_up()
        assert await call.answer() is None

    asyncio.run(story())


def test_a_header_with_an_underscore_cannot_pose_as_the_proxys():
    async def story():
        call = Call(spool(), headers=[("x_forwarded_proto", "https")])
        call.feed()
        assert (await call.answer())[1][b"x-proto"] == b"none"

    asyncio.run(story())
