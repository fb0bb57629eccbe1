"""A stand-in for graph.facebook.com and graph.instagram.com, for tests and for trying the product on one machine."""

from graph.simulator.simulator import Simulator
from graph.simulator.transport import SimulatorTransport

__all__ = ["Simulator", "SimulatorTransport"]
