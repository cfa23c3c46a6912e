"""APScheduler: times only. It rings bells; the threads that wait for them do the work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

DELIVER_SECONDS = 5  # how late a mail that is due again may be taken up
ESCALATE_SECONDS = 20  # how late the next contact may be asked


class Schedule:
    """Rings for polls, and for threads that work at times. A bell must return at once."""

    def __init__(
        self,
        polls: Mapping[str, tuple[int, Callable[[], None]]],  # mailbox -> (seconds, bell)
        rings: Mapping[str, Callable[[], None]],  # thread -> bell
        *,
        zone: tzinfo,
    ) -> None:
        """Lay out the times; nothing rings before `start`."""
        self._scheduler = BackgroundScheduler(
            timezone=zone, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        for mailbox, (seconds, bell) in polls.items():
            self._scheduler.add_job(bell, IntervalTrigger(seconds=seconds), id=f"poll {mailbox}")
        times = {
            "deliver": IntervalTrigger(seconds=DELIVER_SECONDS),
            "digests": CronTrigger(second=0),
            "escalate": IntervalTrigger(seconds=ESCALATE_SECONDS),
            "housekeeping": CronTrigger(minute=17, second=30),
        }
        for name, trigger in times.items():
            self._scheduler.add_job(rings[name], trigger, id=name)

    def start(self) -> None:
        """Begin to ring."""
        self._scheduler.start()

    def stop(self) -> None:
        """Ring no more."""
        self._scheduler.shutdown(wait=False)
