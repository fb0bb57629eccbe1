"""Ends processes with SIGKILL, at any moment or while a message is on its way, and starts them again."""

import time

from tests.chaos.course import Course
from tests.chaos.faults import Weather
from tests.chaos.machine import Machine, Service
from tests.chaos.world import SITES

# How long an aimed shot waits for something to be on its way.
PATIENCE = 10.0


class Killer:
    """One for each process, so that kills overlap."""

    def __init__(self, machine: Machine, service: Service, course: Course, weather: Weather) -> None:
        self._machine, self._service, self._course, self._weather = machine, service, course, weather
        self._dice = course.dice(service.name)

    def hunt(self) -> None:
        """Until the run is over; then the process is up."""
        while not self._course.is_over:
            self._let_live()
            if self._course.is_over:
                break
            self._kill_one()

    def _let_live(self) -> None:
        """It has to get something done between two deaths; sometimes it dies before it has begun."""
        time.sleep(self._dice.uniform(0.2, 1.6))
        while self._course.kills_are_ahead and not self._course.is_over:
            time.sleep(0.05)

    def _kill_one(self) -> None:
        if self._service.sends and self._course.needs_kills_while_sending:
            with self._course.aiming():
                self._aim()
        died_alone = not self._service.is_running
        pid = self._service.kill()
        left = self._machine.records.sending_in(pid)
        if died_alone:
            self._course.fail(f"{self._service.name} ended by itself; see its log.")
            return
        self._course.killed(left)
        self._service.start()
        self._service.wait_until_up()

    def _aim(self) -> None:
        """Wait until the process has a message on its way: answers are slow for a moment, which makes that last."""
        for site in self._dice.sample(SITES, 3):
            self._weather.add(site, kind="slow", seconds=self._dice.choice((0.5, 1.0, 1.5)))
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and not self._course.is_over:
            if self._machine.records.sending_in(self._service.pid):
                time.sleep(self._dice.uniform(0, 0.3))
                if self._machine.records.sending_in(self._service.pid):
                    return
            time.sleep(0.01)
