"""Speaks ASGI to an application, one message at a time, so that a test decides when each arrives."""

import asyncio


class Call:
    """One request whose body and end the test feeds by hand."""

    def __init__(self, app, path="/", method="GET", headers=()):
        self._incoming = asyncio.Queue()
        self.outgoing = asyncio.Queue()
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path, "raw_path": path.encode(),
            "query_string": b"", "root_path": "", "scheme": "http", "server": ("localhost", 8000), "client": ("127.0.0.1", 50000),
            "headers": [(name.encode(), value.encode()) for name, value in headers],
        }  # fmt: skip
        self.task = asyncio.create_task(app(scope, self._incoming.get, self.outgoing.put))

    def feed(self, body=b"", *, more=False):
        self._incoming.put_nowait({"type": "http.request", "body": body, "more_body": more})

    def hang_up(self):
        self._incoming.put_nowait({"type": "http.disconnect"})

    async def next(self):
        """What the application says next."""
        return await asyncio.wait_for(self.outgoing.get(), 10)

    async def read_until(self, wanted):
        """The body so far, once `wanted` has come."""
        text = ""
        while wanted not in text:
            text += (await self.next())["body"].decode()
        return text

    async def answer(self):
        """Status, headers and whole body, once the application has returned."""
        await asyncio.wait_for(self.task, 10)
        messages = [self.outgoing.get_nowait() for _ in range(self.outgoing.qsize())]
        if not messages:
            return None
        body = b"".join(message["body"] for message in messages[1:])
        return messages[0]["status"], dict(messages[0]["headers"]), body
