"""The background work as procrastinate's jobs, on PostgreSQL. Imported by its autodiscovery, only where it is installed.

A job says only that there may be something to do; the rows say what. So a lost, repeated or stalled job changes nothing, and every few
seconds one job sweeps up what nobody was woken for.
"""

import threading

from django.conf import settings
from procrastinate import JobContext
from procrastinate.contrib.django import app

from inbox import work

STALLED_AFTER = 30.0


class _Desk:
    """Limits how many threads of this process do one kind of work, so that slow sending never keeps ingestion waiting."""

    def __init__(self, kind: str, places: int) -> None:
        self._kind = kind
        self._free = threading.Semaphore(places)
        self._asked = threading.Event()

    def work(self) -> None:
        """Do what there is. Where every place is taken, whoever leaves one looks once more for us."""
        self._asked.set()
        while self._asked.is_set() and self._free.acquire(blocking=False):
            try:
                self._asked.clear()
                while work.WORK[self._kind]():
                    continue
            finally:
                self._free.release()


ONE_AT_A_TIME = ("ingest", "fetch", "upkeep", "connect", "tend", "history")
PLACES = dict.fromkeys(ONE_AT_A_TIME, 1) | {"settle": work.PLACES_TO_SETTLE, "dispatch": settings.SENDING_THREADS}
_desks = {kind: _Desk(kind, places) for kind, places in PLACES.items()}


@app.task(name="countersign.ingest")
def ingest() -> None:
    _desks["ingest"].work()


@app.task(name="countersign.dispatch")
def dispatch() -> None:
    _desks["dispatch"].work()


@app.task(name="countersign.settle")
def settle() -> None:
    _desks["settle"].work()


@app.task(name="countersign.fetch")
def fetch() -> None:
    _desks["fetch"].work()


@app.task(name="countersign.upkeep")
def upkeep() -> None:
    _desks["upkeep"].work()


@app.task(name="countersign.connect")
def connect() -> None:
    _desks["connect"].work()


@app.task(name="countersign.tend")
def tend() -> None:
    _desks["tend"].work()


@app.task(name="countersign.history")
def history() -> None:
    _desks["history"].work()


# croniter's sixth field is the seconds.
@app.periodic(cron="* * * * * */5")
@app.task(name="countersign.sweep", queueing_lock="countersign.sweep")
def sweep(timestamp: int) -> None:
    """Find the rows whose worker died or whose wake-up was lost, and put every kind of work on its way."""
    while work.WORK["sweep"]():
        continue
    for task in (ingest, dispatch, settle, fetch, upkeep, connect, tend, history):
        task.defer()


@app.periodic(cron="* * * * * */30")
@app.task(name="countersign.tidy", queueing_lock="countersign.tidy", pass_context=True)
async def tidy(context: JobContext, timestamp: int) -> None:
    """Run the jobs of dead workers again, and forget what has failed long ago (finished jobs are deleted at once)."""
    jobs = context.app.job_manager
    for job in await jobs.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER):
        await jobs.retry_job(job)
    await jobs.delete_old_jobs(nb_hours=24, include_failed=True, include_cancelled=True, include_aborted=True)
