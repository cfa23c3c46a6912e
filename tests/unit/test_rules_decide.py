"""What the rules that fired add up to."""

from __future__ import annotations

import pytest

from intake.mail.values import Acknowledge, Decision, Delivery, Facts, Kind, Urgency
from intake.rules.decide import decide
from tests.unit.rulebooks import CATEGORIES, letter, rule, rulebook, sort


def routes(decision: Decision) -> list[tuple[str, str]]:
    return [(route.partner, route.delivery.value) for route in decision.routes]


def test_nothing_found_is_general_and_seen_by_a_person() -> None:
    """What no rule speaks for is `general`, routed to its partners' digest."""
    decision = sort("hello there", rule("{words: [damp]}"))
    assert decision.categories == ("general",)
    assert decision.urgency is Urgency.ROUTINE
    assert routes(decision) == [("officers", "digest")]


def test_weights_add_up_to_the_threshold() -> None:
    """R1: weak evidence counts together; the heaviest category comes first, then the more urgent, then file order."""
    rules = (
        rule("{words: [damp]}", "{category: housing, weight: 6}", id_="a1"),
        rule("{words: [flat]}", "{category: housing, weight: 6}", id_="a2"),
        rule("{words: [lamp]}", "{category: street}", id_="a3"),
        rule("{words: [spat]}", "{category: hate}", id_="a4"),
    )
    assert sort("damp", "".join(rules)).categories == ("general",)
    assert sort("damp flat", "".join(rules)).categories == ("housing",)
    assert sort("lamp damp flat spat", "".join(rules)).categories == ("housing", "hate", "street")


def test_each_different_word_counts_up_to_a_limit() -> None:
    """With `times` a rule counts once for each different word found, never for the same one twice."""
    rules = rule("{words: [damp*, rats, mice]}", "{category: housing, weight: 4, times: 2}")
    weights = {text: sort(text, rules).evidence[0].weight for text in ("damp damp", "damp rats", "damp rats mice")}
    assert weights == {"damp damp": 4, "damp rats": 8, "damp rats mice": 8}


def test_negative_weights_take_away() -> None:
    """A rule may speak against a category."""
    rules = rule("{words: [damp]}", "{category: housing, weight: 10}", id_="a1")
    rules += rule("{words: [book]}", "{category: housing, weight: -5}", id_="a2")
    assert sort("damp", rules).categories == ("housing",)
    assert sort("a damp book", rules).categories == ("general",)


def test_a_rule_without_weight_suffices_alone() -> None:
    """What rules count against a category takes away nothing that a rule without weight decided, `apart` or not."""
    rules = rule("{words: [damp]}", "{category: housing, urgency: today}", id_="a1")
    rules += rule("{words: [book]}", "{weights: {housing: -50, street: 12}}", id_="a2")
    for categories in (CATEGORIES, CATEGORIES.replace("threshold: 10", "threshold: 10\napart: 5\nlean: 99")):
        found = decide(letter("a damp book"), rulebook(rules, categories=categories))
        assert (found.categories, found.urgency) == (("street", "housing"), Urgency.TODAY)


def test_lean_takes_the_nearest_where_none_is_heavy_enough() -> None:
    """`lean` takes the category that falls least short, one only, and by no more than that, where none is reached."""
    rules = rule("{words: [damp]}", "{category: housing, weight: 4}", id_="a1") + rule(
        "{words: [lamp]}", "{category: street, weight: 5}", id_="a2"
    )
    book = rulebook(rules, categories=CATEGORIES.replace("threshold: 10", "threshold: 10\nlean: 6"))
    assert decide(letter("damp lamp"), book).categories == ("street",)
    assert decide(letter("damp"), book).categories == ("housing",)
    assert sort("damp", rules).categories == ("general",)


def test_what_is_far_behind_the_first_is_left_out() -> None:
    """`apart` leaves out categories that are too far behind, but none that a rule without weight is sure of."""
    rules = (
        rule("{words: [damp]}", "{category: housing, weight: 30}", id_="a1")
        + rule("{words: [lamp]}", "{category: street, weight: 12}", id_="a2")
        + rule("{words: [spat]}", "{category: hate}", id_="a3")
    )
    book = rulebook(rules, categories=CATEGORIES.replace("threshold: 10", "threshold: 10\napart: 5"))
    assert decide(letter("damp lamp spat"), book).categories == ("housing", "hate")
    assert decide(letter("damp lamp spat"), rulebook(rules)).categories == ("housing", "street", "hate")


def test_one_rule_weighs_for_several_things() -> None:
    """`weights` add up for categories, flags, urgencies and answers; each holds from its threshold on."""
    rules = rule("{words: [damp, cold]}", "{weights: {housing: 6, child: 5, today: 4, neutral: 3}, times: 3}", id_="a1")
    rules += rule("{words: [again]}", "{weights: {today: 4, neutral: 4}}", id_="a2")
    once, twice, more = (sort(text, rules) for text in ("damp", "damp cold", "damp cold again"))
    assert (once.categories, once.flags, once.urgency) == (("general",), (), Urgency.ROUTINE)
    assert (twice.categories, twice.flags, twice.urgency) == (("housing",), ("child",), Urgency.ROUTINE)
    assert (more.urgency, more.acknowledge) == (Urgency.TODAY, Acknowledge.NEUTRAL)


@pytest.mark.parametrize(
    ("thens", "urgency"),
    [
        (["{category: hate}"], Urgency.TODAY),
        (["{category: hate}", "{category: hate, weight: 0, urgency: routine}"], Urgency.ROUTINE),
        (["{category: hate, urgency: emergency}", "{category: hate, urgency: routine}"], Urgency.EMERGENCY),
        (["{category: housing}"], Urgency.ROUTINE),
        (["{category: housing}", "{urgency: today}"], Urgency.TODAY),
        (["{category: hate, weight: 0, urgency: emergency}"], Urgency.ROUTINE),
        (["{category: housing}", "{category: hate, weight: 1, urgency: today}"], Urgency.ROUTINE),
    ],
)
def test_urgency_follows_rules_first_and_categories_second(thens: list[str], urgency: Urgency) -> None:
    """A category is as urgent as it says unless rules that count for it say otherwise, then as the highest of them."""
    rules = "".join(rule("{words: [x1]}", then, id_=f"a{n}") for n, then in enumerate(thens))
    assert sort("x1", rules).urgency is urgency


def test_what_is_urgent_goes_at_once() -> None:
    """Partners of every category and route get it, now from `today` on, each with what asked for it."""
    rules = rule("{words: [spat]}", "{category: hate, route: housing}")
    decision = sort("spat", rules)
    assert [(one.partner, one.delivery, one.why) for one in decision.routes] == [
        ("police", Delivery.NOW, "hate"),
        ("officers", Delivery.NOW, "hate"),
        ("housing", Delivery.NOW, "one"),
    ]


@pytest.mark.parametrize(
    ("then", "left"),
    [
        ("{never-route: police}", ["officers"]),
        ("{flags: 'not-to:police'}", ["officers"]),
        ("{flags: ['complaint-about:police', 'not-to:officers']}", ["housing"]),
        ("{never-route: [police, officers]}", ["officers"]),
    ],
)
def test_partners_are_taken_out(then: str, left: list[str]) -> None:
    """D8: never-route, not-to and complaint-about take partners out; somebody who is not blocked always gets it."""
    rules = rule("{words: [spat]}", "{category: hate}", id_="a1") + rule("{words: [spat]}", then, id_="a2")
    assert [one.partner for one in sort("spat", rules).routes] == left


def test_tags_count_with_their_category_and_flags_always() -> None:
    """Tags belong to the category that their rule speaks for; flags are shown whatever came of it."""
    rules = rule("{words: [x1]}", "{category: hate, weight: 1, tags: race, flags: child}")
    decision = sort("x1", rules)
    assert (decision.categories, decision.tags, decision.flags) == (("general",), (), ("child",))


@pytest.mark.parametrize(
    ("thens", "expected"),
    [
        (["{category: housing}"], Acknowledge.STANDARD),
        (["{acknowledge: neutral}", "{acknowledge: standard}"], Acknowledge.NEUTRAL),
        (["{acknowledge: neutral}", "{acknowledge: none}"], Acknowledge.NONE),
        (["{flags: no-acknowledgement}"], Acknowledge.NONE),
        (["{category: unsolicited}"], Acknowledge.NONE),
    ],
)
def test_the_most_careful_answer_wins(thens: list[str], expected: Acknowledge) -> None:
    """Of what categories and rules ask for, the most careful acknowledgement is taken."""
    rules = "".join(rule("{words: [x1]}", then, id_=f"a{n}") for n, then in enumerate(thens))
    assert sort("x1", rules).acknowledge is expected


def test_stop_ends_the_rules_of_one_message() -> None:
    """R1: `stop` keeps later rules from this message, not from the next, and never a safety rule."""
    first = rule("{words: [spat]}", "{category: street, stop: true}", id_="a1")
    later = rule("{words: [spat]}", "{category: housing}", id_="a2") + rule(
        "{words: [spat]}", "{category: danger}", id_="a3", safety=True
    )
    decision = sort("spat", first, later)
    assert [one.rule for one in decision.evidence] == ["a3", "a1"]
    assert decision.categories == ("danger", "street")


UNSOLICITED = rule("{words: [offer]}", "{category: unsolicited}", id_="a1") + rule(
    "{words: [spat]}", "{category: hate, route: housing}", id_="a2"
)


def test_unsolicited_goes_nowhere() -> None:
    """What rules or a trusted verdict take for unsolicited has that category alone, no route and no answer."""
    for decision in (sort("offer spat", UNSOLICITED), sort("spat", UNSOLICITED, kind="unsolicited")):
        assert decision.categories == ("unsolicited",)
        assert (decision.routes, decision.urgency) == ((), Urgency.ROUTINE)
        assert decision.acknowledge is Acknowledge.NONE


def test_safety_beats_unsolicited() -> None:
    """R10: a safety rule's findings are kept whatever else a message looks like."""
    rules = UNSOLICITED + rule("{words: [knife]}", "{category: danger}", id_="a3", safety=True)
    decision = sort("offer of a knife", rules)
    assert decision.categories == ("danger",)
    assert routes(decision) == [("police", "now")]


@pytest.mark.parametrize("kind", [Kind.AUTO_REPLY, Kind.LIST, Kind.AUTOMATIC])
def test_machines_wait_for_the_digest(kind: Kind) -> None:
    """S9: rules run on machines' and lists' mail, but only a safety rule sends it at once."""
    rules = rule("{words: [spat]}", "{category: hate}", id_="a1") + rule(
        "{words: [knife]}", "{category: danger}", id_="a2", safety=True
    )
    assert {one.delivery for one in sort("spat", rules, kind=kind.value).routes} == {Delivery.DIGEST}
    assert {one.delivery for one in sort("knife", rules, kind=kind.value).routes} == {Delivery.NOW}


@pytest.mark.parametrize("kind", [Kind.BOUNCE, Kind.OWN])
def test_bounces_and_our_own_mail_go_nowhere(kind: Kind) -> None:
    """S9: bounces and our own mail are not routed."""
    assert sort("spat", rule("{words: [spat]}", "{category: hate}"), kind=kind.value).routes == ()


PLAIN = "nobody mended the lamp in front of our house although we asked"


@pytest.mark.parametrize(
    ("facts", "because"),
    [
        (letter("", attachments=["voice.mp3"]), "it has attachments and no words of its own"),
        (letter("-- .", attachments=["scan.pdf"]), "it has attachments and no words of its own"),
        (letter("x", protection="encrypted"), "the message is encrypted"),
        (letter("", defects=("nothing could be decoded",)), "its text could not be read"),
        (letter("hello " * 40_000), "it is longer than what rules read"),
        (letter(PLAIN, language="xh"), "no rule speaks its language (xh)"),
        (letter(PLAIN, language="und"), "no rule speaks its language (und)"),
    ],
)
def test_what_rules_cannot_read_is_for_today(facts: Facts, because: str) -> None:
    """R9: it is flagged and sent to a person now, with the reason; it is never merely general."""
    decision = decide(facts, rulebook(rule("{words: [damp]}")))
    assert decision.flags == ("unreadable",)
    assert decision.urgency is Urgency.TODAY
    assert decision.evidence[-1].effects[-1] == f"because {because}"
    assert routes(decision) == [("officers", "now")]


@pytest.mark.parametrize(
    "facts",
    [
        letter(PLAIN),
        letter("see photo", attachments=["a.jpg"], language="und"),
        letter("damp damp damp damp", language="xh"),
        letter("", attachments=["a.pdf"], kind="auto-reply"),
        letter("x", protection="signed-opaque"),
    ],
)
def test_what_can_be_read_is_not_called_unreadable(facts: Facts) -> None:
    """R9 says nothing of what rules can read, sorted in whatever language, nor of machines."""
    assert "unreadable" not in decide(facts, rulebook(rule("{words: [damp]}"))).flags


def test_decisions_name_their_rulebook() -> None:
    """R5: each decision carries the content hash of the rulebook that made it."""
    book = rulebook(rule("{words: [damp]}"))
    assert decide(letter("x"), book).rulebook == book.version


FLOOD = "The film said bomb, and he said it again. " * 60
FAR = "And now something else that has nothing to do with it: "


@pytest.mark.parametrize(
    ("when", "text"),
    [
        ("{near: {within: 4, of: [[he], [knife]]}}", FLOOD + FAR + "he has a knife"),
        (
            "{near: {within: 4, of: [[he], [said, knife]]}, not-near: {within: 8, words: [film]}}",
            FLOOD + FAR + "he, knife",
        ),
        ("{words: bomb, not-near: {within: 4, words: [film]}}", FLOOD + FAR + "there is a bomb"),
    ],
)
def test_a_long_letter_is_read_to_its_end(when: str, text: str) -> None:
    """R1: words that stand often before hide nothing of what comes after them."""
    assert sort(text, rule(when, "{category: danger}", safety=True)).categories == ("danger",)


def test_words_of_one_rule_count_however_often_another_stands_there() -> None:
    """R1: of `by-word`, a word that is everywhere in a letter does not keep the others from counting."""
    one = rule("{length: {over: 1}}", "{by-word: {he: {housing: 1}, knife: {danger: 10}}}")
    assert sort(FLOOD * 3 + "knife", one).categories == ("danger",)


def test_unsolicited_mail_goes_where_a_safety_rule_sends_it() -> None:
    """R10: no other rule takes a partner away whom a safety rule asked for."""
    safe = rule("{words: bomb}", "{route: police}", safety=True, id_="safe")
    pest = rule("{words: buy}", "{category: unsolicited, never-route: police}", id_="pest")
    assert routes(sort("buy a bomb", safe, pest)) == [("police", "digest")]
    assert routes(sort("buy a book", safe, pest)) == []


def test_nothing_leans_to_what_no_word_spoke_for() -> None:
    """R1: however far `lean` reaches, a letter of which no rule holds is general."""
    book = rulebook(rule("{words: damp}", "{category: danger, weight: 1}"), categories=f"lean: 10{CATEGORIES}")
    assert decide(letter("hello"), book).categories == ("general",)
    assert decide(letter("damp"), book).categories == ("danger",)


def test_rules_that_suffice_alone_do_so_together_below_nought() -> None:
    """R1: a threshold below nought is reached by any number of rules without weight."""
    categories = CATEGORIES.replace("urgency: emergency,", "urgency: emergency, threshold: -5,")
    two = [rule("{words: damp}", "{category: danger}", id_=id_, safety=True) for id_ in ("one", "two")]
    assert decide(letter("damp"), rulebook(*two, categories=categories)).categories == ("danger",)
