"""The simulator as an httpx transport: unit tests talk to Meta without a network."""

import httpx

from graph.simulator.simulator import Simulator


class SimulatorTransport(httpx.BaseTransport):
    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self.simulator.handle(request)
        drop, delay = response.extensions.get("drop"), response.extensions.get("delay", 0.0)
        if drop == "before":
            raise httpx.ConnectError("The connection could not be opened.", request=request)
        if drop == "after":
            raise httpx.ReadError("The connection was closed without an answer.", request=request)
        self._wait(request, delay)
        return response

    def _wait(self, request: httpx.Request, delay: float) -> None:
        """No test sleeps: an answer slower than the caller's patience is a timeout at once."""
        patience = request.extensions.get("timeout", {}).get("read")
        if patience is not None and delay > patience:
            raise httpx.ReadTimeout("The answer took too long.", request=request)
