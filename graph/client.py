"""The calls we make to Meta for one connected account."""

from graph.reading import Reading
from graph.sending import Sending, Sent
from graph.subscribing import Subscribing
from graph.uploading import Uploaded, Uploading

__all__ = ["GraphClient", "Sent", "Uploaded"]


class GraphClient(Sending, Uploading, Reading, Subscribing):
    """Meta's Graph API for one account: sending, uploading, reading, looking up, subscribing, each in the file of its name.

    It keeps connections open; close it, or use it in a `with` block. It is safe to share between threads.
    """
