"""Whatever happens in whatever order, no contact is asked twice, none after a taking, and the end is an alert (O8)."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from intake import casework
from intake.outbox.escalate import Escalation
from intake.store import emergencies as store
from intake.store.database import Database
from intake.store.packing import unpack
from intake.store.tables import emergencies, outbox
from tests.contract.test_escalation import Watch
from tests.outbox_values import read
from tests.store_fixtures import Clock
from tests.threads import bounce, letter, reply, vouched

OFFICER = "Sgt Bell <bell@police.example.net>"
EVENTS = st.one_of(
    st.tuples(st.just("arrive"), st.sampled_from(["He has a knife", "Thank you", "Rubbish. He has a knife."])),
    st.tuples(st.just("tick"), st.sampled_from([0, 1, 5, 16, 600, -3, -90])),
    st.tuples(st.sampled_from(["reply", "bounce", "away", "refuse"]), st.integers(0, 30)),
    st.tuples(st.sampled_from(["take", "close", "crash", "deliver", "rota"]), st.just(0)),
)
OTHER = "rotas: [{partner: police, chains: [{contacts: [{address: other@police.example.net, minutes: 3}]}]}]"


def _die() -> None:
    raise KeyboardInterrupt


class World:
    """A service to which things happen."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.watch, self.database, self.clock = Watch(database, clock), database, clock
        self.rotas = [self.watch.desk.rules, Watch(database, clock, OTHER).desk.rules]

    def happen(self, event: str, value: object) -> None:
        """Have it happen."""
        getattr(self, f"_{event}")(value)

    def _arrive(self, text: str) -> None:
        known = self.watch.desk.references()
        self.watch.desk.take(letter(text, "ann@home.example", subject=f"Help ({known[0]})" if known else "Help"))

    def _tick(self, minutes: int) -> None:
        self.watch.later(minutes)

    def _mail(self, number: int) -> object:
        """Return a mail that asked and that is not sent yet, as its recipient gets it."""
        rows = [row for row in self.watch.desk.mails("routed") if row.mail is not None]
        if not rows:
            return None
        row = rows[number % len(rows)]
        with self.database.transaction() as conn:
            conn.execute(outbox.update().where(outbox.c.id == row.id).values(state="sent"))
        return SimpleNamespace(row=row, mail=read(unpack(row.mail)))  # type: ignore[arg-type]

    def _reply(self, number: int) -> None:
        if found := self._mail(number):
            sender = OFFICER if found.row.partner == "police" else f"Pat <{found.row.recipient}>"  # type: ignore[attr-defined]
            domain = sender.rpartition("@")[2].rstrip(">")
            self.watch.desk.take(reply(found.mail, "We have it.", sender, **vouched(domain)))  # type: ignore[attr-defined]

    def _bounce(self, number: int) -> None:
        if found := self._mail(number):
            self.watch.desk.take(bounce(found.mail))  # type: ignore[attr-defined]

    def _away(self, number: int) -> None:
        if found := self._mail(number):
            self.watch.desk.take(
                reply(found.mail, "Away", found.row.recipient, auto_submitted="auto-replied")  # type: ignore[attr-defined]
            )

    def _refuse(self, _: int) -> None:
        self.watch.deliver("give_up", "550")

    def _deliver(self, _: int) -> None:
        self.watch.deliver()

    def _take(self, _: int) -> None:
        for one in self.watch.desk.references()[:1]:
            casework.take(self.database, one, "Pat")

    def _close(self, _: int) -> None:
        for one in self.watch.desk.references()[:1]:
            casework.close(self.database, one)

    def _rota(self, _: int) -> None:
        self.rotas.reverse()
        self.watch.desk.rules = self.rotas[0]

    def _crash(self, _: int) -> None:
        """Die after all was decided and before it is committed; then begin anew."""
        escalator = self.watch.escalator
        escalation = Escalation(escalator.composer, escalator.rulebook(), escalator.alerts, escalator.zone)
        with self.database.read() as conn:
            waiting = store.ids(conn, "open")
        for message_id in waiting:
            try:
                with self.database.transaction() as conn:
                    escalation.go_on(conn, message_id, self.clock())
                    _die()
            except KeyboardInterrupt:
                continue

    def asked(self) -> Counter[tuple[object, ...]]:
        """Count who was asked about which message."""
        with self.database.read() as conn:
            kinds = outbox.c.kind.in_(("routed", "webhook"))
            rows = conn.execute(select(outbox.c.message_id, func.lower(outbox.c.recipient)).where(kinds))
            return Counter(tuple(row) for row in rows)

    def states(self) -> dict[int, str]:
        """Return how far each emergency is."""
        with self.database.read() as conn:
            return dict(conn.execute(select(emergencies.c.message_id, emergencies.c.state)).all())


@settings(
    max_examples=60,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(events=st.lists(EVENTS, max_size=14))
def test_in_any_order(migrated_sqlite: Path, events: list[tuple[str, object]]) -> None:
    """O8, H1: never two mails of one step, never one past a taking, and what nobody takes ends at the alert."""
    with tempfile.TemporaryDirectory() as folder:
        path = shutil.copyfile(migrated_sqlite, Path(folder) / "intake.sqlite")
        clock = Clock()
        database = Database(f"sqlite:///{path}", clock)
        try:
            _play(World(database, clock), events)
        finally:
            database.close()


def _play(world: World, events: list[tuple[str, object]]) -> None:
    for event, value in [("arrive", "He has a knife"), *events]:
        before, over = world.asked(), {one for one, state in world.states().items() if state in ("over", "told")}
        world.happen(event, value)
        new = world.asked() - before
        assert not {message for message, _ in new} & over, f"{event} asked about what somebody has taken"
        assert max(world.asked().values()) == 1, f"{event} asked somebody twice"
    for _ in range(40):
        world.clock.advance(timedelta(minutes=20))
        world.watch.escalator.look()
    states = set(world.states().values())
    assert states <= {"alerted", "told"}
    with world.database.read() as conn:
        alerts = conn.scalar(
            select(func.count()).select_from(outbox).where(outbox.c.key.startswith("alert:emergency "))
        )
    assert (alerts or 0) >= list(world.states().values()).count("alerted")
