"""The stored history judged again: what-if, and what the rules made of it, on both databases."""

from __future__ import annotations

import pickle
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import timedelta
from email.message import EmailMessage
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console
from sqlalchemy import update

from intake import whatif as module
from intake.errors import Temporary
from intake.history_shown import whatif_text
from intake.mail.values import MACHINES, Identity, Kind, Triage
from intake.rules.beside import Pair
from intake.rules.rulebook import Rulebook
from intake.store import history
from intake.store.database import Database
from intake.store.recording import batched, record
from intake.store.tables import messages
from intake.triage import Sorter, judge
from intake.unmatched import unmatched
from intake.usage import usage
from intake.whatif import Comparer, Move, Tally
from tests.letters.render import letters, render
from tests.store_fixtures import START
from tests.store_steps import claimed, kept, stored
from tests.store_values import fetched
from tests.unit.rulebooks import rule, rulebook

ZONE = ZoneInfo("Europe/London")
US = Identity(frozenset({"cohesion@example.org"}))
DAMP = rule("{words: [damp]}", "{category: housing, tags: race, flags: child}", id_="damp")
WET = rule("{words: [wet]}", "{category: street, weight: 3}", id_="wet")
NIGHT = rule("{received: {from: 09:00, to: 10:00}}", "{category: street, urgency: today}", id_="night")
KNIFE = rule("{words: [knife]}", "{category: danger, acknowledge: none}", id_="knife")
SILENT = rule("{words: [damp]}", "{category: danger, acknowledge: neutral}", id_="silent")


def mail(number: int, text: str) -> bytes:
    """Return a letter to us."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = f"r{number}@home.example", "cohesion@example.org", f"letter {number}"
    made["Date"], made["Message-ID"] = "Mon, 02 Mar 2026 09:00:00 +0000", f"<{number}@home.example>"
    made.set_content(text)
    return made.as_bytes()


def store(database: Database, book: Rulebook, raws: list[bytes]) -> list[Triage]:
    """Take letters in as the daemon does, an hour between them; return their triages."""
    kept(database, *(fetched(n, raw, arrived=START + timedelta(hours=n)) for n, raw in enumerate(raws)))
    made = []
    for one in claimed(database):
        made.append(Sorter(book, US, ZONE).triage(one.raw, one.arrived_at, late=one.late))
        with database.transaction() as conn, batched(conn, one) as batch:
            record(batch, one, made[-1], database.clock(conn))
    return made


def compared(database: Database, before: Rulebook, after: Rulebook, *, since: int = 0, limit: int = 50) -> Tally:
    """Return what-if over what arrived from the hour `since` on."""
    begin = START + timedelta(hours=since)
    return Comparer(Pair.of(before, after), US, ZONE, begin, limit).run(database, lambda _: None)


def judged(database: Database, book: Rulebook) -> list[object]:
    """Return what `book` makes of everything that is stored, in the order it came."""

    def reread(*_: object) -> object:
        raise AssertionError

    with database.read() as conn:
        stretch = history.stretch(conn, START)
        ids = range(stretch.first, stretch.last + 1)
        pasts = list(history.pasts(conn, ids, START, ZONE, reread))  # type: ignore[arg-type]
    return [judge(past.read, book) for past in sorted(pasts, key=lambda one: one.arrived_at)]


TEXTS = ["The damp is bad.", "A wet verge.", "Nothing much.", "He has a knife and damp walls."]
RAWS = [mail(n, text) for n, text in enumerate(TEXTS)]


def test_what_if_is_what_live_triage_would_have_done(database: Database) -> None:
    """R2: judging the history by a rulebook gives, value for value, what live triage under that rulebook gave."""
    raws = [*RAWS, *(render(letter) for letter in letters()[:40])]
    book, other = rulebook(DAMP + WET + NIGHT), rulebook(NIGHT, KNIFE, SILENT)
    live = store(database, book, raws)
    assert len(live) == 44
    found = judged(database, book)
    assert [one.decision for one in found] == [one.decision for one in live]  # type: ignore[attr-defined]
    for one, triage in zip(found, live, strict=True):
        assert (one.kind, one.reason) == (triage.kind, triage.reason)  # type: ignore[attr-defined]
        answer = (one.acknowledge, one.acknowledge_reason)  # type: ignore[attr-defined]
        assert answer == (triage.acknowledge, triage.acknowledge_reason)
    under = [Sorter(other, US, ZONE).triage(raw, START + timedelta(hours=n)).decision for n, raw in enumerate(raws)]
    assert [one.decision for one in judged(database, other)] == under  # type: ignore[attr-defined]


def test_what_would_move(database: Database) -> None:
    """R6: what-if counts what would move, by category, urgency, answer, partner, flag and tag, and tells where."""
    store(database, rulebook(DAMP), RAWS)
    tally = compared(database, rulebook(DAMP), rulebook(KNIFE, SILENT))
    assert (tally.messages, tally.moved) == (4, 2)
    assert tally.counts == {
        Move("category", "", "housing", "danger"): 2,
        Move("urgency", "", "routine", "emergency"): 2,
        Move("acknowledgement", "", "standard", "neutral"): 1,
        Move("acknowledgement", "", "standard", "none"): 1,
        Move("partner", "housing", "digest", ""): 2,
        Move("partner", "police", "", "now"): 2,
        Move("flag", "child", "yes", ""): 2,
        Move("tag", "race", "yes", ""): 2,
    }
    assert [one.subject for one in tally.first] == ["letter 3", "letter 0"]
    assert [(one.before, one.after) for one in tally.first] == [(("housing",), ("danger",))] * 2
    assert all(one.reference for one in tally.first)


def test_a_category_that_changes_places(database: Database) -> None:
    """R6: a category that is not the main one any more is no loss; one that comes or goes beside it is told."""
    before = rulebook(DAMP + rule("{words: [damp]}", "{category: street, weight: 10}", id_="two"))
    after = rulebook(
        DAMP.replace("category: housing,", "category: housing, weight: 10,") + KNIFE.replace("knife", "bad")
    )
    store(database, before, [mail(0, "damp is bad")])
    told = compared(database, before, after).first[0]
    assert (told.before, told.after) == (("housing", "street"), ("danger", "housing"))
    assert [one for one in told.moves if one.what in ("category", "also")] == [
        Move("category", "", "housing", "danger"),
        Move("also", "street", "yes", ""),
    ]


def test_a_message_tells_each_move_once(database: Database) -> None:
    """R6: beside a message stand its categories before and after; what they tell is not told again."""
    before, after = (
        rulebook(DAMP),
        rulebook(DAMP + rule("{words: [damp]}", "{category: street, weight: 10}", id_="two")),
    )
    store(database, before, [mail(0, "damp is bad")])
    comparer = Comparer(Pair.of(before, after), US, ZONE, START, 10)
    console = Console(width=120, record=True, file=StringIO())
    console.print(whatif_text(comparer.run(database, lambda _: None), comparer))
    told = console.export_text().partition("The messages")[2]
    assert "housing → housing, street" in told
    assert "also street" not in told


def test_nothing_moves_under_the_same_rules(database: Database) -> None:
    """R6: the rules in force against themselves move nothing, and what came before `since` is not looked at."""
    store(database, rulebook(DAMP), RAWS)
    assert compared(database, rulebook(DAMP), rulebook(DAMP)) == Tally(4, 0, {}, ())
    assert compared(database, rulebook(DAMP), rulebook(SILENT), since=1).moved == 1
    assert compared(database, rulebook(DAMP), rulebook(SILENT), since=9) == Tally(0, 0, {}, ())


def test_less_urgent_comes_first(database: Database) -> None:
    """R6: of many that move, those that would be less urgent are told first, then the newest."""
    store(database, rulebook(SILENT), [mail(n, "damp" if n % 3 else "wet") for n in range(9)])
    tally = compared(database, rulebook(SILENT), rulebook(rule("{words: [wet]}", id_="wet")), limit=7)
    assert tally.moved == 9
    assert [one.fall for one in tally.first] == [2] * 6 + [0]
    assert [one.subject for one in tally.first] == [f"letter {n}" for n in (8, 7, 5, 4, 2, 1, 6)]
    assert compared(database, rulebook(SILENT), rulebook(DAMP), limit=0).first == ()


def test_an_older_row_is_read_again(database: Database) -> None:
    """R6: of messages that an older version stored, the raw bytes are read again, and judged the same."""
    store(database, rulebook(DAMP), RAWS)
    new = compared(database, rulebook(DAMP), rulebook(KNIFE, SILENT))
    with database.transaction() as conn:
        conn.execute(update(messages).values(facts=None))
    assert compared(database, rulebook(DAMP), rulebook(KNIFE, SILENT)) == new


def test_a_second_message_of_one_id_stays_unanswered(database: Database) -> None:
    """F3: no rulebook would have answered a second message of one Message-ID, so no answer to it moves."""
    second = RAWS[0].replace(b"damp is bad", b"damp is worse")
    store(database, rulebook(DAMP), [RAWS[0], second])
    assert stored(database, 2)["acknowledge"] is None
    tally = compared(database, rulebook(DAMP), rulebook(SILENT))
    assert tally.moved == 2
    assert tally.counts[Move("acknowledgement", "", "standard", "neutral")] == 1


def test_a_pool_tells_the_same(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """R2: many processes find what one finds, and every message is counted once."""
    store(database, rulebook(DAMP), [mail(n, TEXTS[n % 4]) for n in range(24)])
    alone = compared(database, rulebook(DAMP), rulebook(KNIFE, SILENT), limit=5)
    monkeypatch.setattr(module, "FEW", 1)
    monkeypatch.setattr(module, "CHUNK", 5)
    steps: list[int] = []
    pooled = Comparer(Pair.of(rulebook(DAMP), rulebook(KNIFE, SILENT)), US, ZONE, START, 5).run(database, steps.append)
    assert pooled == alone
    assert sum(steps) == 24
    assert len(steps) == 5


def test_a_database_goes_to_another_process(database: Database) -> None:
    """R6: a database that was pickled opens connections of its own."""
    store(database, rulebook(DAMP), RAWS)
    other: Database = pickle.loads(pickle.dumps(database))
    with other.read() as conn:
        assert history.stretch(conn, START).messages == 4
    other.close()


def test_what_fell_to_general(database: Database) -> None:
    """R6: what no rule sorted is told with its languages, cases and shared words, without what machines wrote."""
    wet = [mail(n, f"The allotment gate number {n} is broken, it really is very sad for us all.") for n in range(5)]
    damp = [mail(n, f"The damp in house {n} is bad, it really is very sad for us all.") for n in range(5, 30)]
    machine = mail(30, "I am away.").replace(b"Subject:", b"Auto-Submitted: auto-replied\nSubject:")
    made = store(database, rulebook(DAMP), [*wet, *damp, machine])
    assert made[-1].kind in MACHINES
    assert made[-1].kind is Kind.AUTO_REPLY
    found = unmatched(database, START, lambda _: None)
    assert (found.messages, found.others, found.languages) == (5, 25, {"en": 5})
    assert len(set(found.references)) == 5
    assert "allotment" in " ".join(one.words for one in found.candidates)
    assert unmatched(database, START + timedelta(hours=5), lambda _: None).messages == 0


def test_how_rules_are_used(database: Database) -> None:
    """R6: rules that never fired, that only fire together or lack examples, and categories never assigned, are told."""
    both = rule("{words: [damp]}", "{flags: child}", id_="both")
    book = rulebook(DAMP + both + WET + KNIFE)
    store(database, book, [mail(n, TEXTS[n % 2]) for n in range(12)])
    found = usage(database, book, START, lambda _: None)
    assert (found.messages, found.versions) == (12, {book.version: 12})
    assert found.fired == {"damp": 6, "both": 6, "wet": 6}
    assert found.never == ("knife",)
    assert found.together == ((("damp", "both"), 6),)
    assert found.without_match == found.without_no_match == ("damp", "both", "wet", "knife")
    assert found.unassigned == ("danger", "hate", "street", "unsolicited")
    later = usage(database, rulebook(WET), START + timedelta(hours=11), lambda _: None)
    assert (later.messages, later.never, later.versions) == (1, (), {book.version: 1})


def test_any_number_of_messages_is_named(database: Database) -> None:
    """R6: of however many messages that move, each is told by its case and subject."""
    store(database, rulebook(DAMP), [mail(n, TEXTS[0]) for n in range(3)])
    with database.read() as conn:
        found = history.named(conn, range(300_000))
    assert [subject for _, subject in found.values()] == ["letter 0", "letter 1", "letter 2"]


def test_a_judging_process_that_is_killed_is_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """R6: where the machine ends a process, for want of memory say, a sentence says so."""

    def killed(*_: object) -> None:
        raise BrokenProcessPool

    monkeypatch.setattr(module, "FEW", 0)
    monkeypatch.setattr(ProcessPoolExecutor, "map", killed)
    store(database, rulebook(DAMP), [mail(n, TEXTS[0]) for n in range(2)])
    with pytest.raises(Temporary, match="memory"):
        compared(database, rulebook(DAMP), rulebook(WET))
