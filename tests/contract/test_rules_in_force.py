"""The rulebook in force: taken up whole, kept where files are faulty, told to other processes; on both databases."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import func, select

from intake.daemon.digests import Digester
from intake.daemon.health import UNSEEN, health
from intake.daemon.process import Processor
from intake.daemon.rules import SAY_SECONDS, Rules
from intake.errors import UserError
from intake.mail.values import Identity
from intake.mailbox.source import Fetched, Place
from intake.outbox import digest, queue
from intake.outbox.alerts import Alerts
from intake.outbox.mime import bodies
from intake.rules.load import load_files, load_rulebook
from intake.rules.rulebook import Rulebook
from intake.store import ledger, rulebooks
from intake.store.database import Database
from intake.store.packing import unpack
from intake.store.tables import digest_items, messages, outbox
from intake.triage import Sorter
from tests.outbox_values import LONDON, TEMPLATES, composer, read
from tests.store_fixtures import Clock, working_day
from tests.unit.rulebooks import PARTNERS, files, rule

US = "cohesion@example.org"
IT = "it-desk@example.net"
MOULD = rule("{words: [mould]}")
BROKEN = rule("{wrods: [mould]}")
HOUR = timedelta(hours=1)
tick = count(1)  # seconds of no clock: each save gets a later time


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A rules folder that is well."""
    made = tmp_path / "rules"
    made.mkdir()
    save(made, files(MOULD))
    return made


@pytest.fixture
def rules(database: Database, folder: Path) -> Rules:
    """A process that has just started."""
    return started(process(database, folder))


def process(database: Database, folder: Path, worker: str = "one", address: str | None = IT) -> Rules:
    alerts = Alerts(composer(), address)
    return Rules(folder, TEMPLATES, lambda: load_rulebook(folder), load_files, database, alerts, worker)


def started(rules: Rules, *, alone: bool = False) -> Rules:
    rules.read()
    rules.begin(alone=alone)
    return rules


def save(folder: Path, texts: dict[str, str]) -> None:
    """Leave exactly these files in the folder."""
    for old in folder.iterdir():
        old.unlink()
    for name, text in texts.items():
        (folder / name).write_text(text)
        os.utime(folder / name, (next(tick), next(tick)))


def looked(rules: Rules, *, at: float = 0.0) -> Rulebook:
    """Look until what was saved has been taken up."""
    for second in (at, at + 2, at + 4):
        rules.look(second)
    return rules.rulebook


def alerts(database: Database) -> list[tuple[str, str]]:
    """Return subject and text of every alert, oldest first."""
    with database.read() as conn:
        mails = conn.scalars(select(outbox.c.mail).where(outbox.c.kind == "alert").order_by(outbox.c.id)).all()
    return [(str(read(unpack(mail))["Subject"]), bodies(unpack(mail))[0]) for mail in mails]


def subjects(database: Database) -> list[str]:
    return [subject.partition(":")[0] for subject, _ in alerts(database)]


def unwell(database: Database, *faults: str) -> tuple[str, ...]:
    with database.read() as conn:
        return health(conn, {}, faults, database.clock(conn), working_day).unwell


def said(database: Database) -> list[rulebooks.RulebookState]:
    with database.read() as conn:
        return rulebooks.said(conn)


def test_a_change_is_taken_up_whole(database: Database, rules: Rules, folder: Path, clock: Clock) -> None:
    """R5: changed files come into force together, are kept, and `status` tells which and since when."""
    first = rules.rulebook
    assert looked(rules) is first
    save(folder, files(rule("{words: [mould, damp]}")))
    now = clock.advance(HOUR)
    second = looked(rules)
    assert second.version == load_rulebook(folder).version != first.version
    with database.read() as conn:
        assert rulebooks.rulebook(conn, second.version) == dict(second.files)
        assert rulebooks.last_used(conn) == dict(second.files)
    (state,) = said(database)
    assert (state.version, state.since, state.fault) == (second.version, now, None)
    assert unwell(database) == ()
    assert subjects(database) == []


def test_saved_without_a_change(database: Database, rules: Rules, folder: Path, clock: Clock) -> None:
    """R5: files that were saved as they were leave the rulebook in force, and since when it is."""
    first, since = rules.rulebook, clock()
    save(folder, files(MOULD))
    clock.advance(HOUR)
    assert looked(rules) is first
    assert said(database)[0].since == since


def test_faulty_files_change_nothing_but_what_is_told(
    database: Database, rules: Rules, folder: Path, clock: Clock
) -> None:
    """Promise 7: a faulty save leaves the last good rulebook in force; status tells each fault in its place."""
    first = rules.rulebook
    save(folder, files(BROKEN, rule("{words: []}", id_="two")))
    since = clock.advance(HOUR)
    assert looked(rules) is first
    (state,) = said(database)
    assert state.version == first.version
    assert state.fault is not None
    assert state.fault.since == since
    assert {(one.file, one.line) for one in state.fault.problems} == {("10-rules.yaml", 2), ("20-rules.yaml", 2)}
    assert all(one.column for one in state.fault.problems)
    (sentence,) = unwell(database)
    assert "10-rules.yaml:2:" in sentence
    assert "did you mean `words`?" in sentence
    clock.advance(HOUR)
    save(folder, files(BROKEN))
    looked(rules, at=10)
    assert said(database)[0].fault == replace(state.fault, problems=state.fault.problems[:1])


def test_mended(database: Database, rules: Rules, folder: Path) -> None:
    """Promise 7: mended files come into force, and nothing is unwell any more."""
    save(folder, files(BROKEN))
    looked(rules)
    save(folder, files(rule("{words: [damp]}")))
    assert looked(rules, at=10).version == load_rulebook(folder).version
    assert unwell(database) == ()


def test_status_tells_a_fault_once(database: Database, rules: Rules, folder: Path) -> None:
    """H3: what `status` finds in the files itself and what the service tells of them is one fault."""
    save(folder, files(BROKEN))
    looked(rules)
    with pytest.raises(UserError) as caught:
        load_rulebook(folder)
    assert len(unwell(database, str(caught.value))) == 1
    assert len(unwell(database, "another fault")) == 2


def test_any_error_while_loading_is_a_fault(database: Database, rules: Rules, folder: Path) -> None:
    """Promise 7: what fails in a way that nobody foresaw stops nothing either, and is told."""

    def fail() -> Rulebook:
        raise RecursionError

    rules.load = fail
    first = rules.rulebook
    save(folder, files(rule("{words: [damp]}")))
    assert looked(rules) is first
    assert "RecursionError" in unwell(database)[0]


def test_restart_with_faulty_files(database: Database, rules: Rules, folder: Path, clock: Clock) -> None:
    """Promise 7: a start on faulty files goes on under the rulebook that was in force last, and tells the fault."""
    save(folder, files(rule("{words: [damp]}")))
    last = looked(rules)
    save(folder, files(MOULD))
    first = looked(rules, at=10)
    save(folder, files(rule("{words: [damp]}")))
    clock.advance(-HOUR)  # the clock was set right
    assert looked(rules, at=20).version == last.version
    save(folder, files(BROKEN))
    since = clock.advance(HOUR)
    looked(rules, at=30)
    clock.advance(HOUR)
    again = process(database, folder, "two")
    assert again.read() is not None
    again.begin(alone=True)
    assert again.rulebook.version == last.version != first.version
    (state,) = said(database)
    assert (state.worker, state.version) == ("two", last.version)
    assert state.fault is not None
    assert state.fault.since == since
    assert subjects(database) == ["Attention"]
    save(folder, files(MOULD))
    assert looked(again).version == first.version
    assert said(database)[0].fault is None


def test_a_restart_changes_no_since(database: Database, rules: Rules, folder: Path, clock: Clock) -> None:
    """R5: a rulebook is in force since it came into force, however often the service was restarted."""
    since = clock()
    clock.advance(HOUR)
    started(process(database, folder, "two"), alone=True)
    (state,) = said(database)
    assert (state.worker, state.since) == ("two", since)
    assert state.version == rules.rulebook.version


def test_first_start_with_faulty_files_is_refused(database: Database, folder: Path) -> None:
    """Promise 7: where no rulebook was ever in force a faulty one is refused with every fault."""
    save(folder, files(BROKEN, rule("{words: []}", id_="two")))
    rules = process(database, folder)
    fault = rules.read()
    with pytest.raises(UserError) as caught:
        rules.begin(alone=True)
    assert caught.value is fault
    assert len(caught.value.problems) == 2
    assert said(database) == []


def test_a_kept_rulebook_that_cannot_be_read_any_more(database: Database, folder: Path) -> None:
    """Promise 7: where the last good rulebook is of a language that this version does not speak, that is said."""
    with database.transaction() as conn:
        rulebooks.take_up(conn, "c" * 64, {"categories.yaml": "from: the future"}, database.clock(conn))
    save(folder, files(BROKEN))
    rules = process(database, folder)
    rules.read()
    with pytest.raises(UserError, match="nor can those that were in force last") as caught:
        rules.begin(alone=True)
    assert "10-rules.yaml" in str(caught.value)


def test_killed_between_load_and_record(database: Database, rules: Rules, folder: Path) -> None:
    """H1: a rulebook that was loaded and not yet recorded is loaded again after a restart; nothing is half in force."""
    save(folder, files(rule("{words: [damp]}")))
    rules.load()
    again = started(process(database, folder, "two"), alone=True)
    assert [one.version for one in said(database)] == [again.rulebook.version]


def test_a_database_that_is_away_delays_and_loses_nothing(
    rules: Rules, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H2: what was loaded while the database was away comes into force when it is back, without another load."""
    loads: list[int] = []

    def load() -> Rulebook:
        loads.append(1)
        return load_rulebook(folder)

    rules.load = load
    first = looked(rules)
    save(folder, files(rule("{words: [damp]}")))
    with monkeypatch.context() as away:
        away.setattr(Database, "transaction", refuse)
        rules.look(6)
        for second in (8, 10):
            with pytest.raises(UserError, match="away"):
                rules.look(second)
        assert rules.rulebook is first
    rules.look(12)
    assert rules.rulebook.version == load_rulebook(folder).version
    assert len(loads) == 1


def refuse(*_: object) -> None:
    raise UserError("away")


def test_alerts_go_once_and_once_more_when_mended(database: Database, rules: Rules, folder: Path) -> None:
    """H3: a fault is told in one mail however often it is met, another fault in another, and recovery once."""
    texts = {"good": files(MOULD), "bad": files(BROKEN), "worse": files(BROKEN, rule("{words: []}", id_="two"))}
    steps = ["bad", "bad", "worse", "bad", "good", "good", "bad", "good"]
    for step, name in enumerate(steps):
        save(folder, texts[name])
        looked(rules, at=step * 10)
    assert subjects(database) == ["Attention", "Attention", "Mended", "Attention", "Mended"]
    _, text = alerts(database)[0]
    assert "10-rules.yaml:2:" in text
    assert "did you mean `words`?" in text


def test_an_alert_as_it_is_sent(database: Database, rules: Rules, folder: Path) -> None:
    """H3, O4: an alert goes to the configured address alone, from us, and no machine answers it."""
    save(folder, files(BROKEN))
    looked(rules)
    with database.read() as conn:
        row = conn.execute(select(outbox)).one()
    mail = read(unpack(row.mail))
    assert (row.kind, row.recipient, row.partner, row.message_id) == ("alert", IT, None, None)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert (mail["To"], row.envelope_from) == (IT, US)
    assert US in mail["From"]


def test_nobody_to_alert(database: Database, folder: Path) -> None:
    """H3: without an address for alerts the fault is told by `status` alone."""
    rules = started(process(database, folder, address=None))
    for step, text in enumerate((BROKEN, MOULD, BROKEN)):
        save(folder, files(text))
        looked(rules, at=step * 10)
    assert subjects(database) == []
    assert unwell(database)


def test_mended_while_the_service_was_down(database: Database, rules: Rules, folder: Path) -> None:
    """H3: recovery is told also where the files were mended before a restart."""
    save(folder, files(BROKEN))
    looked(rules)
    save(folder, files(MOULD))
    started(process(database, folder, "two"), alone=True)
    assert subjects(database) == ["Attention", "Mended"]
    assert [one.worker for one in said(database)] == ["two"]


@pytest.mark.postgres
def test_each_process_takes_up_its_own(postgres_database: Database, tmp_path: Path, clock: Clock) -> None:
    """R5: of processes that share a database each goes by its own folder, `status` tells all, and one mail goes out."""
    database, started_ones = postgres_database, []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        save(tmp_path / name, files(MOULD))
        started_ones.append(started(process(database, tmp_path / name, name)))
    one, two = started_ones
    for name, rules in (("one", one), ("two", two)):
        save(tmp_path / name, files(BROKEN))
        looked(rules)
    assert subjects(database) == ["Attention"]
    assert len(unwell(database)) == 1
    save(tmp_path / "two", files(rule("{words: [damp]}")))
    assert looked(two, at=10).version != one.rulebook.version
    assert [(each.worker, each.fault is None) for each in said(database)] == [("one", False), ("two", True)]
    clock.advance(UNSEEN)
    two.look(10 + SAY_SECONDS + 10)
    clock.advance(timedelta(seconds=1))
    assert unwell(database) == ()


def letter(database: Database, number: int, text: str) -> None:
    """Keep a letter."""
    raw = (
        f"From: Ann Example <ann{number}@home.example>\nTo: {US}\nSubject: Hello\n"
        f"Date: Mon, 02 Mar 2026 08:00:00 +0000\nMessage-ID: <{number}@home.example>\n\n{text}\n"
    )
    with database.transaction() as conn:
        now = database.clock(conn)
        ledger.keep(conn, [Fetched(Place("main", "INBOX", 7, str(number)), raw.encode(), now)], now)


def processor(database: Database, rulebook: Callable[[], Rulebook]) -> Processor:
    return Processor(database, lambda: Sorter(rulebook(), Identity(frozenset({US})), LONDON), composer(), "one")


def test_each_message_records_by_which_rulebook(database: Database, rules: Rules, folder: Path) -> None:
    """R5: mail is sorted by what is in force, and each triage records its version; a batch goes by one rulebook."""
    triage = processor(database, lambda: rules.rulebook)
    letter(database, 1, "The damp in our flat is bad.")
    triage.process()
    before = rules.rulebook.version
    save(folder, files(rule("{words: [damp]}")))
    looked(rules)
    letter(database, 2, "The damp in our house is worse.")
    triage.process()
    with database.read() as conn:
        found = conn.execute(select(messages.c.rulebook).order_by(messages.c.id)).scalars().all()
    assert found == [before, rules.rulebook.version]
    assert [partner for partner, _ in waiting(database)] == ["officers", "housing"]


def test_one_rulebook_for_a_batch(database: Database) -> None:
    """R5: a rulebook that comes into force in the middle of a batch is for the next one."""
    books = iter([load_files(files(MOULD)), load_files(files(rule("{words: [damp]}")))])
    letter(database, 1, "The damp in our flat is bad.")
    letter(database, 2, "The damp in our house is worse.")
    processor(database, lambda: next(books)).process()
    with database.read() as conn:
        assert len(set(conn.scalars(select(messages.c.rulebook)))) == 1


def waiting(database: Database) -> list[tuple[str, str | None]]:
    """Return for whom items wait, and for whom they were, in the order of messages."""
    columns = (digest_items.c.partner, digest_items.c.formerly)
    with database.read() as conn:
        rows = conn.execute(
            select(*columns).where(digest_items.c.digest_id.is_(None)).order_by(digest_items.c.message_id)
        )
        return [(row.partner, row.formerly) for row in rows]


WITHOUT_HOUSING = {
    "categories": files()["categories.yaml"].replace("partners: [housing]", "partners: [street]"),
    "partners": re.sub(r"  - \{id: housing,.*\n.*\n", "", PARTNERS),
}


def test_a_partner_that_left(database: Database, rules: Rules, folder: Path, clock: Clock) -> None:
    """D1, promise 1: what a partner had not had that left the rulebook goes to those of `general`, and says so."""
    letter(database, 1, "There is mould in our flat.")
    letter(database, 2, "Thank you for the party.")
    processor(database, lambda: rules.rulebook).process()
    digester = Digester(database, composer(), lambda: rules.rulebook, LONDON)
    assert waiting(database) == [("housing", None), ("officers", None)]
    save(folder, files(MOULD, **WITHOUT_HOUSING))
    assert "housing" not in looked(rules).partners
    clock.advance(timedelta(days=7))
    assert digester.make_due() == 1
    with database.transaction() as conn:
        mails = [
            bodies(one.mail)[0]
            for one in queue.claim(conn, "one", database.clock(conn), HOUR, 9)
            if one.kind == "digest"
        ]
    assert len(mails) == 1
    assert "There is mould" in mails[0]
    assert "It was for “housing”, a partner that the rules no longer name" in mails[0]
    assert mails[0].count("no longer name") == 1
    assert waiting(database) == []


def test_who_must_not_hear_of_it_gets_nothing_of_a_partner_that_left(database: Database, rules: Rules) -> None:
    """D8: an item that is passed on goes to nobody whom its flags keep from it; who has it gets it once."""
    letter(database, 1, "There is mould in our flat.")
    letter(database, 2, "There is more mould in our flat.")
    processor(database, lambda: rules.rulebook).process()
    with database.transaction() as conn:
        conn.execute(messages.update().where(messages.c.id == 1).values(flags=["complaint-about:officers"]))
        digest.add(conn, "officers", 2, database.clock(conn))
    left = load_files(files(MOULD, **WITHOUT_HOUSING))
    for _ in range(2):
        with database.transaction() as conn:
            digest.pass_on(conn, left, database.clock(conn))
    assert waiting(database) == [("police", "housing"), ("officers", None)]
    with database.read() as conn:
        assert conn.scalar(select(func.count()).select_from(digest_items)) == 2


def test_a_rota_is_taken_up_and_moves_nothing(database: Database, rules: Rules, folder: Path) -> None:
    """R5, O8: another rota comes into force as any file does, under the same version, and outlasts a faulty restart."""
    before = rules.rulebook
    chain = "rotas: [{{partner: {partner}, chains: [{{contacts: [{{address: {name}@here.example.net}}]}}]}}]"
    texts = files(MOULD)
    partner = next(iter(before.partners))
    for at, name in ((0.0, "ann"), (10.0, "bob")):
        save(folder, texts | {"rota.yaml": chain.format(partner=partner, name=name)})
        taken_up = looked(rules, at=at)
        assert taken_up.rota.addresses(partner) == {f"{name}@here.example.net"}
    assert taken_up.version == before.version
    save(folder, texts | {"rota.yaml": "rotas: 7"})
    again = started(process(database, folder, "two"))
    assert again.fault is not None
    assert again.rulebook.rota.addresses(partner) == {"bob@here.example.net"}
