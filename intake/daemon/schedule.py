"""APScheduler: times only. It rings bells; the threads that wait for them do the work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

DELIVER_SECONDS = 5  # how late a mail that is due again may be taken up


class Schedule:
    """Rings for polls, deliveries, digests and housekeeping. A bell must return at once."""

    def __init__(
        self,
        polls: Mapping[str, tuple[int, Callable[[], None]]],  # mailbox -> (seconds, bell)
        deliver: Callable[[], None],
        digests: Callable[[], None],
        housekeeping: Callable[[], None],
        *,
        zone: tzinfo,
    ) -> None:
        """Lay out the times; nothing rings before `start`."""
        self._scheduler = BackgroundScheduler(
            timezone=zone, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        for mailbox, (seconds, bell) in polls.items():
            self._scheduler.add_job(bell, IntervalTrigger(seconds=seconds), id=f"poll {mailbox}")
        self._scheduler.add_job(deliver, IntervalTrigger(seconds=DELIVER_SECONDS), id="deliver")
        self._scheduler.add_job(digests, CronTrigger(second=0), id="digests")
        self._scheduler.add_job(housekeeping, CronTrigger(minute=17, second=30), id="housekeeping")

    def start(self) -> None:
        """Begin to ring."""
        self._scheduler.start()

    def stop(self) -> None:
        """Ring no more."""
        self._scheduler.shutdown(wait=False)
