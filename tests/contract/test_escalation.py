"""An emergency goes on to the next contact until a named person has taken it, on both databases (O8, promise 4)."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from sqlalchemy import Row, select

from intake import casework, lookups
from intake.daemon.alarms import Alarms
from intake.daemon.escalation import Escalator
from intake.daemon.health import health
from intake.daemon.webhooks import Webhooks
from intake.errors import UserError
from intake.outbox import queue, standing
from intake.outbox.alerts import Alerts
from intake.outbox.mime import bodies
from intake.reports import case_text
from intake.rules.load import load_files
from intake.rules.rulebook import Rulebook
from intake.store.database import Database
from intake.store.packing import unpack
from intake.store.tables import emergencies, outbox
from tests.outbox_values import read
from tests.store_fixtures import Clock, working_day
from tests.threads import IT, RULES, ZONE, Desk, bounce, letter, reply, vouched

ANN = "ann@home.example"
OFFICER = "Sgt Bell <bell@police.example.net>"
MINUTE = timedelta(minutes=1)
DAY, INSPECTOR, NIGHT, DUTY, OFFICERS = (
    "desk@police.example.net",
    "inspector@police.example.net",
    "night@police.example.net",
    "duty@police.example.net",
    "officers@council.example.net",
)
BOXING_DAY = datetime(2026, 12, 26, 2, 0, tzinfo=UTC)  # a Saturday
SUBSTITUTE = datetime(2026, 12, 28, 2, 0, tzinfo=UTC)


def rota(hook: str = "https://pager.invalid/hook") -> str:
    return f"""
rotas:
  - partner: police
    hours: {{days: [mon, tue, wed, thu, fri], from: "08:00", to: "18:00"}}
    chains:
      - days: [mon, tue, wed, thu, fri]
        from: "08:00"
        to: "18:00"
        contacts: [{{address: {DAY}, minutes: 15}}, {{address: {INSPECTOR}, minutes: 10}}]
      - contacts:
          - {{address: {NIGHT}, minutes: 5}}
          - {{address: {DUTY}, minutes: 10}}
          - {{webhook: "{hook}", minutes: 5}}
"""


def rules(text: str | None = None) -> Rulebook:
    return load_files(RULES | {"rota.yaml": rota() if text is None else text})


class Watch:
    """The service, its escalation, and whoever is asked."""

    def __init__(self, database: Database, clock: Clock, text: str | None = None) -> None:
        self.desk = Desk(database, rules(text))
        self.database, self.clock = database, clock
        composer = self.desk.processor.composer
        self.alerts = Alerts(composer, IT)
        self.escalator = Escalator(database, composer, lambda: self.desk.rules, self.alerts, ZONE)

    def emergency(self, text: str = "He has a knife", **headers: str) -> str:
        """Have Ann write of one; return her case."""
        self.desk.take(letter(text, ANN, **headers))
        return self.desk.references()[-1]

    def later(self, minutes: float) -> int:
        """Let time pass, and look."""
        self.clock.advance(timedelta(minutes=minutes))
        return self.escalator.look()

    def asked(self) -> list[str]:
        """Return who was asked, in order."""
        with self.database.read() as conn:
            kinds = outbox.c.kind.in_(("routed", "webhook"))
            return list(conn.scalars(select(outbox.c.recipient).where(kinds).order_by(outbox.c.id)))

    def told(self) -> list[str]:
        """Return who was told that it is taken."""
        return sorted(row.recipient for row in self.desk.mails("taken"))  # type: ignore[misc]

    def subjects(self) -> list[str]:
        """Return the subjects of all alerts, in order."""
        return [str(read(unpack(row.mail))["Subject"]) for row in self.desk.mails("alert")]  # type: ignore[arg-type]

    def deliver(self, outcome: str = "sent", why: str = "") -> list[str]:
        """Send what is due; return to whom."""
        now = self.clock()
        with self.database.transaction() as conn:
            claimed = queue.claim(conn, "one", now, MINUTE, 100)
            for one in claimed:
                act: Callable[..., bool] = getattr(queue, outcome)
                act(conn, one.id, "one", *([why] if why else []), now)
        return [one.recipient for one in claimed]

    def state(self) -> list[str]:
        """Return how far each emergency is."""
        with self.database.read() as conn:
            return list(conn.scalars(select(emergencies.c.state).order_by(emergencies.c.message_id)))

    def routed(self, number: int) -> EmailMessage:
        """Send one of the mails that asked, and return it as its recipient got it."""
        row = self.desk.mails("routed")[number]
        with self.database.transaction() as conn:
            conn.execute(outbox.update().where(outbox.c.id == row.id).values(state="sent"))
        return read(unpack(row.mail))  # type: ignore[arg-type]

    def unwell(self) -> str:
        """Return what `status` complains of."""
        with self.database.read() as conn:
            deadline = partial(self.desk.rules.rota.working_day_after, zone=ZONE)
            return "\n".join(health(conn, {}, [], self.clock(), deadline).unwell)


def words(row: Row[Any]) -> str:
    """Return the text of a mail, on one line."""
    return " ".join(bodies(unpack(row.mail))[0].split())


@pytest.fixture
def watch(database: Database, clock: Clock) -> Watch:
    """A service whose police have a rota."""
    return Watch(database, clock)


def test_by_day(watch: Watch) -> None:
    """O8: one contact after the other gets it, after the minutes of the one before; then officers; then an alert."""
    watch.emergency()
    assert watch.asked() == [DAY]
    assert (watch.later(14.9), watch.asked()) == (0, [DAY])
    assert (watch.later(0.1), watch.asked()) == (1, [DAY, INSPECTOR])
    assert (watch.later(10), watch.asked()) == (1, [DAY, INSPECTOR, OFFICERS])
    assert (watch.later(14), watch.subjects()) == (0, [])
    assert watch.later(1) == 1
    (subject,) = watch.subjects()
    assert subject == f"Attention: Nobody has taken the emergency {watch.desk.references()[0]}"
    assert watch.later(600) == 0
    mails = [words(row) for row in watch.desk.mails("routed")]
    assert ["NOT TAKEN YET" in one for one in mails] == [False, True, True]
    assert all("reply to this mail now" in one for one in mails)


@pytest.mark.parametrize("at", [BOXING_DAY, SUBSTITUTE, datetime(2024, 12, 26, 2, 0, tzinfo=UTC)], ids=str)
def test_at_two_on_boxing_day(watch: Watch, at: datetime) -> None:
    """O8: at 02:00 on a bank holiday, a Saturday, its substitute or a Thursday, the night's contacts are asked."""
    watch.clock.now = at
    watch.emergency()
    for _ in range(60):
        watch.later(1)
    assert watch.asked() == [NIGHT, DUTY, "https://pager.invalid/hook", OFFICERS]
    assert len(watch.subjects()) == 1
    assert watch.state() == ["alerted"]


@pytest.mark.parametrize(
    "at", [datetime(2026, 3, 29, 0, 50, tzinfo=UTC), datetime(2026, 10, 25, 0, 50, tzinfo=UTC)], ids=str
)
def test_at_a_clock_change(watch: Watch, at: datetime) -> None:
    """O8: over both clock changes minutes are minutes: nobody is asked twice, too early or an hour late."""
    watch.clock.now = at
    watch.emergency()
    made = [watch.later(1) for _ in range(36)]
    assert [minute for minute, count in enumerate(made, 1) if count] == [5, 15, 20, 35]


def test_the_day_shift_takes_over(watch: Watch) -> None:
    """O8: when the hours of another chain begin, it is asked next; who was asked is not asked again."""
    watch.clock.now = datetime(2026, 3, 3, 7, 57, tzinfo=UTC)
    watch.emergency()
    assert watch.asked() == [NIGHT]
    watch.later(15)
    assert watch.asked() == [NIGHT, DAY]


def test_a_reply_takes_it(watch: Watch) -> None:
    """O8, T3: a partner's vouched reply takes it: nobody else is asked, and those who were are told who has it."""
    reference = watch.emergency()
    first = watch.routed(0)
    watch.later(15)
    watch.deliver()
    watch.desk.take(reply(first, "We have it.", OFFICER, **vouched("police.example.net")))
    assert watch.later(600) == 2
    assert watch.asked()[:2] == [DAY, INSPECTOR]
    assert len([one for one in watch.asked() if one == OFFICERS]) == 0
    assert watch.told() == [DAY, INSPECTOR]
    mail = words(watch.desk.mails("taken")[0])
    assert f"Sgt Bell (Police) has taken the emergency {reference}" in mail
    assert (watch.later(600), watch.state()) == (0, ["told"])


def test_who_took_it_is_not_told(watch: Watch) -> None:
    """O8: who has taken it needs no mail that says so."""
    watch.emergency()
    first = watch.routed(0)
    watch.later(15)
    watch.deliver()
    watch.desk.take(reply(first, "Ours.", f"The desk <{DAY}>", **vouched("police.example.net")))
    watch.later(1)
    assert watch.told() == [INSPECTOR]


def test_an_unvouched_reply_takes_nothing(watch: Watch) -> None:
    """O8, S5: a reply that nobody vouches for does not end it."""
    watch.emergency()
    watch.desk.take(reply(watch.routed(0), "We have it.", OFFICER))
    watch.later(15)
    assert INSPECTOR in watch.asked()


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("", "I am currently out of the office until Monday. For urgent matters call 101."),
        ("", "This is an automated response."),
        ("Ticket 4711", "Thank you. Your request has been received. Your ticket number is 4711."),
        ("Read: EMERGENCY", "Your message was read on Monday."),
        ("Re: Out of office", "Back on Monday"),
    ],
)
def test_a_machine_without_a_mark_takes_nothing(watch: Watch, subject: str, text: str) -> None:
    """O8: what reads as a machine's answer, though nothing marks it as one, ends no emergency; the next is asked."""
    watch.emergency()
    headers = {"subject": subject} if subject else {}
    watch.desk.take(reply(watch.routed(0), text, OFFICER, **headers, **vouched("police.example.net")))
    watch.later(15)
    assert INSPECTOR in watch.asked()


def test_a_rota_s_contact_may_reply(database: Database, clock: Clock) -> None:
    """O8, T3: an address that only the rota names is that partner's: its vouched reply takes the emergency."""
    text = "rotas: [{partner: street, chains: [{contacts: [{address: pat@rangers.example.net}]}]}]"
    watch = Watch(database, clock, text)
    watch.emergency("Rubbish. He has a knife.")
    (row,) = watch.desk.mails("routed", "street")
    assert row.recipient == "pat@rangers.example.net"
    mail = watch.desk.sent("routed", "street")
    watch.desk.take(reply(mail, "On my way", "Pat <pat@rangers.example.net>", **vouched("rangers.example.net")))
    assert [one.taken_by for one in watch.desk.case().taken] == ["Pat"]
    assert watch.state() == ["over"]


def test_somebody_takes_it_by_hand(watch: Watch) -> None:
    """O8: `case take` ends it as a reply does, by name; without an emergency it says so; an unknown case is refused."""
    reference = watch.emergency()
    assert casework.take(watch.database, reference, "Pat") == "taken by Pat; who was asked will be told"
    assert watch.later(600) == 1
    assert (watch.asked(), watch.told()) == ([DAY], [DAY])
    assert casework.take(watch.database, reference, "Sam") == "taken by Sam; no emergency waited for it"
    assert "taken by Pat, 2 Mar" in case_text(watch.desk.case(), ZONE).replace(" 0", " ")
    with pytest.raises(UserError, match="no case"):
        casework.take(watch.database, "CSP-0000", "Pat")
    assert watch.later(1) == 0


def test_closing_ends_it(watch: Watch) -> None:
    """O8: who closes the case has seen to it; those who were asked are told that it is closed."""
    casework.close(watch.database, watch.emergency())
    assert watch.later(60) == 1
    assert "has been closed" in words(watch.desk.mails("taken")[0])


def test_after_the_alert(watch: Watch) -> None:
    """O8, H3: an alert is told once, `status` tells until somebody takes it, and then so does another alert."""
    reference = watch.emergency()
    for _ in range(60):
        watch.later(1)
    assert [one.partition(":")[0] for one in watch.subjects()] == ["Attention"]
    assert reference in watch.unwell()
    casework.take(watch.database, reference, "Pat")
    watch.later(1)
    assert [one.partition(":")[0] for one in watch.subjects()] == ["Attention", "Mended"]
    assert reference not in watch.unwell()


def test_a_new_emergency_opens_a_taken_case_again(watch: Watch) -> None:
    """O8, T2: an emergency that comes to a taken case is put to the contacts anew; what is routine there is not."""
    reference = watch.emergency(subject="Our street")
    casework.take(watch.database, reference, "Pat")
    watch.later(1)
    watch.desk.take(letter("Thank you", ANN, subject=f"Our street ({reference})"))
    assert len(watch.asked()) == 2
    watch.later(60)
    assert len(watch.asked()) == 2
    watch.desk.take(letter("He has a knife again", ANN, subject=f"Our street ({reference})"))
    watch.later(15)
    assert watch.asked() == [DAY, DAY, DAY, OFFICERS, INSPECTOR]
    assert watch.state() == ["told", "open"]


def test_a_note_that_takes_opens_nothing(watch: Watch) -> None:
    """O8, T3: what the partner that takes it writes of a knife is no new emergency."""
    watch.emergency()
    watch.desk.take(reply(watch.routed(0), "We found the knife.", OFFICER, **vouched("police.example.net")))
    assert watch.state() == ["over"]


def test_a_bounce_escalates_at_once(watch: Watch) -> None:
    """O8, S7: what comes back goes to the next contact in the same transaction, and minutes begin anew."""
    watch.emergency()
    watch.desk.take(bounce(watch.routed(0)))
    assert watch.asked() == [DAY, INSPECTOR]
    assert watch.later(9) == 0
    assert watch.later(1) == 1


def test_a_bounce_after_a_taking(watch: Watch) -> None:
    """O8: what comes back of an emergency that somebody has taken goes to nobody else; the alert says so."""
    reference = watch.emergency()
    mail = watch.routed(0)
    casework.take(watch.database, reference, "Pat")
    watch.desk.take(bounce(mail))
    assert watch.asked() == [DAY]
    assert "Somebody has taken the emergency." in words(watch.desk.mails("alert")[0])


@pytest.mark.parametrize("subject", ["Automatic reply: away", "Re: your mail"])
def test_out_of_office_escalates_at_once(watch: Watch, subject: str) -> None:
    """O8: an automatic answer goes to the next contact at once: nobody may be reading there."""
    watch.emergency()
    answer = reply(watch.routed(0), "Back on Monday", DAY, subject=subject, auto_submitted="auto-replied")
    watch.desk.take(answer)
    assert watch.asked() == [DAY, INSPECTOR]
    assert [one["state"] for one in lookups.escalations(watch.database)] == ["sent away", "queued"]


def test_a_refused_mail_escalates_at_once(watch: Watch) -> None:
    """O8, O3: an address that the server refuses for good is not waited for."""
    watch.emergency()
    watch.deliver("give_up", "550 5.1.1")
    assert watch.later(0) == 1
    assert watch.asked() == [DAY, INSPECTOR]


def test_everyone_is_unreachable(watch: Watch) -> None:
    """O8: where every address is refused the alert goes out within as many looks as there are contacts."""
    watch.emergency()
    for _ in range(4):
        watch.deliver("give_up", "550 5.1.1")
        watch.later(0)
    assert watch.asked() == [DAY, INSPECTOR, OFFICERS]
    assert (len(watch.subjects()), watch.state()) == (1, ["alerted"])


def test_the_mail_server_is_away(watch: Watch) -> None:
    """O8, O3: while SMTP is away time runs all the same, down to the webhook, which needs no mail server."""
    watch.clock.now = BOXING_DAY
    watch.emergency()
    for _ in range(30):
        watch.later(1)
        watch.deliver("hold", "connect")
    told: list[str] = []
    hooks = Webhooks(watch.database, "one", lambda url, body: told.append(f"{url} {body.decode()}"))
    assert hooks.deliver()
    assert not hooks.deliver()
    assert len(told) == 1
    url, _, body = told[0].partition(" ")
    assert url == "https://pager.invalid/hook"
    said = json.loads(body)
    assert set(said) == {"event", "reference", "message", "partner", "since"}
    assert said["reference"] == watch.desk.references()[0]


def test_what_waits_is_not_sent_after_a_taking(watch: Watch) -> None:
    """O8: further contacts whose mails still wait when somebody takes it are not asked, nor told."""
    reference = watch.emergency()
    watch.deliver()
    watch.later(15)
    casework.take(watch.database, reference, "Pat")
    watch.later(0)
    assert watch.deliver() == [DAY]
    with watch.database.read() as conn:
        assert standing.counts(conn)["suppressed"] == 1


@pytest.mark.parametrize("back", [1, 30, 60 * 24 * 365])
def test_the_clock_is_set_back(watch: Watch, back: int) -> None:
    """O8, H2: a clock that is set back delays nobody by more than the minutes of one contact, and asks nobody twice."""
    watch.emergency()
    watch.clock.advance(-back * MINUTE)
    made = [watch.later(1) for _ in range(60)]
    assert min(minute for minute, count in enumerate(made, 1) if count) <= 15 + min(back, 15)
    assert watch.asked() == [*dict.fromkeys(watch.asked())]
    assert watch.state() == ["alerted"]


def test_another_rota_meanwhile(watch: Watch) -> None:
    """O8, R5: a rota that changes meanwhile counts from the next look; nobody is asked twice, and it ends."""
    watch.emergency()
    watch.later(15)
    watch.desk.rules = rules(rota().replace(INSPECTOR, DUTY))
    assert (watch.later(14.9), watch.asked()) == (0, [DAY, INSPECTOR])
    watch.later(0.1)
    assert watch.asked() == [DAY, INSPECTOR, DUTY]
    watch.desk.rules = rules("rotas: []")
    for _ in range(60):
        watch.later(1)
    assert watch.asked() == [DAY, INSPECTOR, DUTY, OFFICERS]
    assert watch.state() == ["alerted"]


def test_a_partner_that_leaves_meanwhile(watch: Watch) -> None:
    """O8: a partner that leaves the rules is asked no more; the officers are."""
    watch.emergency()
    left = {id_: one for id_, one in watch.desk.rules.partners.items() if id_ != "police"}
    watch.desk.rules = replace(watch.desk.rules, partners=left)
    watch.later(15)
    assert watch.asked() == [DAY, OFFICERS]


def test_without_a_rota(database: Database, clock: Clock) -> None:
    """O8: without a rota a partner is asked by its address, then its fallback; then the officers; then an alert."""
    watch = Watch(database, clock, "rotas: []")
    watch.emergency("Rubbish. He has a knife.")
    for _ in range(90):
        watch.later(1)
    street = ["street@council.example.net", "duty@council.example.net"]
    assert watch.asked() == [street[0], DAY, street[1], OFFICERS]
    assert len(watch.subjects()) == 1


def test_two_partners_go_on_side_by_side(database: Database, clock: Clock) -> None:
    """O8: each partner's contacts are asked by its own minutes, whatever the other's do."""
    text = """
rotas:
  - {partner: police, chains: [{contacts: [{address: p1@police.example.net, minutes: 10}]}]}
  - partner: street
    chains: [{contacts: [{address: s1@street.example.net, minutes: 10}, {address: s2@street.example.net, minutes: 10}]}]
"""
    watch = Watch(database, clock, text)
    watch.emergency("Rubbish. He has a knife.")
    watch.later(10)
    assert watch.asked()[2:] == ["s2@street.example.net", OFFICERS]


def test_who_must_not_hear_of_it_is_not_asked(watch: Watch) -> None:
    """D8, O8: whom the letter keeps out is not asked, nor as the last."""
    watch.desk.take(letter("He has a knife. Do not tell.", ANN))
    with watch.database.transaction() as conn:
        conn.exec_driver_sql("""UPDATE messages SET flags = '["not-to:officers"]'""")
    for _ in range(60):
        watch.later(1)
    assert OFFICERS not in watch.asked()
    assert watch.state() == ["alerted"]


def test_what_is_late_is_put_to_nobody(watch: Watch) -> None:
    """F11: an emergency of a backlog is listed to the officers, and escalates to nobody."""
    watch.desk.take(letter("He has a knife", ANN), age=timedelta(days=3))
    assert (watch.later(60), watch.asked(), watch.state()) == (0, [], [])


def test_two_processes(watch: Watch) -> None:
    """O8: of two processes that look at once each contact is asked by one."""
    watch.emergency()
    watch.clock.advance(15 * MINUTE)
    made: list[int] = []
    threads = [threading.Thread(target=lambda: made.append(watch.escalator.look())) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert (sum(made), watch.asked()) == (1, [DAY, INSPECTOR])


def test_today_waits_for_the_partner_s_hours(watch: Watch) -> None:
    """Promise 4: what must be seen today goes at once within the partner's hours, else when they begin."""
    watch.clock.now = datetime(2026, 12, 24, 18, 30, tzinfo=UTC)
    watch.desk.take(letter("There was a burglar", ANN))
    watch.deliver()
    watch.clock.now = datetime(2026, 12, 29, 7, 59, tzinfo=UTC)
    assert watch.deliver() == []
    with watch.database.read() as conn:
        assert standing.oldest(conn) == watch.clock() + MINUTE
        assert "to be sent has waited" not in "".join(health(conn, {}, [], watch.clock(), working_day).unwell)
    watch.clock.advance(MINUTE)
    assert watch.deliver() == [DAY]
    watch.desk.take(letter("Another burglar", "eve@else.example"))
    assert DAY in watch.deliver()


def test_what_is_added_to_an_emergency_waits_for_no_hours(watch: Watch) -> None:
    """Promise 4: what its sender adds to an emergency that nobody has taken goes at once to whoever is on duty."""
    watch.clock.now = BOXING_DAY
    reference = watch.emergency(subject="Help")
    watch.desk.take(letter("He is at the back door", ANN, subject=f"Help ({reference})"))
    assert watch.asked() == [NIGHT, NIGHT]
    assert watch.deliver().count(NIGHT) == 2


def test_unseen_for_a_working_day(watch: Watch) -> None:
    """D6: what nobody has seen for a working day of England's calendar alerts once, and once more when somebody has."""
    watch.clock.now = datetime(2026, 12, 23, 12, 0, tzinfo=UTC)
    watch.desk.take(letter("Hello", ANN))
    alarms = Alarms(watch.database, watch.alerts, (), None, lambda: watch.desk.rules, ZONE)

    def said() -> list[str]:
        return [one for one in watch.subjects() if "looked at" in one]

    first: list[datetime] = []
    for _ in range(24 * 8):
        alarms.look()
        first += [watch.clock()] if said() and not first else []
        watch.clock.advance(timedelta(hours=1))
    assert first == [datetime(2026, 12, 24, 12, 0, tzinfo=UTC)]
    assert "nobody has seen: 1" in watch.unwell()
    casework.see(watch.database, watch.desk.references(), "Pat")
    alarms.look()
    alarms.look()
    assert [one.partition(":")[0] for one in said()] == ["Attention", "Mended"]


class _Hook(BaseHTTPRequestHandler):
    answers: list[int]
    bodies: list[Any]

    def do_POST(self) -> None:
        self.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.answers.pop(0))
        self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hook() -> Iterator[tuple[str, type[_Hook]]]:
    """A webhook of the test's own on loopback."""
    made = type("Hook", (_Hook,), {"answers": [], "bodies": []})
    with HTTPServer(("127.0.0.1", 0), made) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook", made
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("answers", "states"),
    [([204], ["sent"]), ([503, 200], ["due-later", "sent"]), ([404], ["given-up"]), ([302], ["given-up"])],
)
def test_a_webhook(
    database: Database, clock: Clock, hook: tuple[str, type[_Hook]], answers: list[int], states: list[str]
) -> None:
    """O8, X2: a webhook is told numbers; trouble is tried again, a refusal is not, a redirect is not followed."""
    url, server = hook
    watch = Watch(database, clock, rota(url))
    clock.now = BOXING_DAY
    watch.emergency()
    watch.later(5)
    watch.later(10)
    server.answers.extend(answers)
    hooks = Webhooks(database, "one")
    for state in states:
        assert hooks.deliver()
        with database.read() as conn:
            assert conn.scalar(select(outbox.c.state).where(outbox.c.kind == "webhook")) == state
        clock.advance(2 * MINUTE)
    assert not hooks.deliver()
    assert len(server.bodies) == len(answers)
    assert "knife" not in json.dumps(server.bodies)
    assert ANN not in json.dumps(server.bodies)


def test_a_webhook_that_is_away(database: Database, clock: Clock) -> None:
    """O8: a webhook that cannot be reached is tried again, and the next contact is asked meanwhile."""
    watch = Watch(database, clock, rota("http://127.0.0.1:1/hook"))
    clock.now = BOXING_DAY
    watch.emergency()
    for _ in range(15):
        watch.later(1)
    assert Webhooks(database, "one").deliver()
    with database.read() as conn:
        row = conn.execute(select(outbox).where(outbox.c.kind == "webhook")).one()
    assert (row.state, row.reason_detail) == ("due-later", "it cannot be reached (ConnectionRefusedError)")
    watch.later(5)
    assert watch.asked()[-1] == OFFICERS


def test_would_be_asked(watch: Watch) -> None:
    """O8: an admin can see who would be asked at any hour."""
    rows = lookups.would_be_asked(watch.desk.rules, "police", BOXING_DAY, ZONE)
    asked = [row["contact"] for row in rows]
    assert asked == [NIGHT, DUTY, "https://pager.invalid/hook", OFFICERS, "alert"]
    with pytest.raises(UserError, match="is not a partner"):
        lookups.would_be_asked(watch.desk.rules, "polise", BOXING_DAY, ZONE)
