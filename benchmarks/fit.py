"""Fit the weights of the shipped rules to the labelled letters, by folds, and write them back where asked.

    python -m benchmarks.fit                    # five folds: what fits to four fifths make of the other fifth
    python -m benchmarks.fit --write rules      # fit to all letters; weights and thresholds of that folder are replaced

Needs scikit-learn, which nothing else here does: pip install scikit-learn. What a rule is fitted by is whether it fires
(once or twice, where `times` counts) and which English words stand in the letter. Safety rules are left as they are;
rules of the topic files keep their own category, as they were written beside the letters of `tests/letters/dev`, and
are therefore fitted to the other letters only. After `--write` run `intake rules check` and the tests of the shipped
rulebook: very short letters are few among those that stand here, and may come out otherwise.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from pathlib import Path
from textwrap import fill
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from intake import yamlfile, yamlshape
from intake.mail.values import Facts, Identity, Urgency
from intake.rules import golden
from intake.rules.conditions import Told
from intake.rules.decide import decide
from intake.rules.files import GOLDEN
from intake.rules.load import try_folder
from intake.rules.normal import words
from intake.rules.rulebook import Rulebook
from intake.rules.shape import GoldenFile
from intake.starter import shipped
from intake.triage import read
from tests.letters.render import letters, render

OTHERS = Path("tests/letters/others")
POINTS = 50  # of weight for one unit of log-odds
ENOUGH = 1.0  # log-odds from which a category is assigned
APART = 0.8
EASE, EASE_FLAG = 0.15, 0.08  # how freely weights follow the letters: scikit-learn's C, of categories and of flags
GOLDEN_TIMES = 4
RARE = 3  # letters that a word must stand in
LEAST, LEAST_WORD = 2, 3  # weights below are left out
FLAG_POINTS = 100  # the threshold of flags and of `today`
CUTS = {"today": -0.3, "child": -0.6, "vulnerable": -0.7, "deadline": -0.7, "retaliation": -1.1, "interpreter": -1.0}
CUTS |= {"safe-contact": -1.3, "anonymous": -1.4, "repeat-contact": -1.4}  # log-odds from which a flag is set
Weights = dict[str, dict[str, int]]  # feature -> what it counts for -> how much


class Letter(NamedTuple):
    """What is known of one letter."""

    label: Mapping[str, Any]
    features: Mapping[str, float]  # "rule:x" or "word:y" -> how often
    is_own: bool  # written beside the rules: what the topic rules make of it proves nothing


def observed(book: Rulebook) -> list[Letter]:
    """Return every letter with the rules that fire on it."""
    identity, zone = Identity(addresses=frozenset({"cohesion@example.org"})), ZoneInfo("Europe/London")
    own = letters()
    found = []
    for label in [*own, *letters(sorted(OTHERS.glob("*.jsonl")))]:
        facts = read(render(label), identity, zone, None, late=False).facts
        found.append(Letter(label, features(facts, book), label["id"] in {one["id"] for one in own}))
    return found


def golden_letters(book: Rulebook) -> list[Letter]:
    """Return the golden letters whose categories are told; they are to come out right, so each stands here often."""
    file = yamlshape.validate(yamlfile.load(book.files[GOLDEN], GOLDEN), GoldenFile)
    found = []
    for one in file.letters:
        if one.outcome.categories:
            urgent = one.outcome.urgency not in (None, Urgency.ROUTINE)
            label = {"categories": one.outcome.categories, "urgent": urgent, "flags": one.outcome.flags or ()}
            found.append(Letter(label, features(golden.facts(one), book), is_own=False))
    return found * GOLDEN_TIMES


def features(facts: Facts, book: Rulebook) -> dict[str, float]:
    """Return the rules that fire and the English words that stand there."""
    fired = decide(facts, book, told=Told.NOTHING).evidence
    found = {f"rule:{one.rule}": float(min(one.times, 2)) for one in fired if not one.words}
    stopped = any(rule.effects.stop and f"rule:{rule.id}" in found for rule in book.program.rules)
    if facts.language.tag in ("en", "und") and not stopped:
        text = f"{facts.message.subject} {facts.own.own}"
        found |= {f"word:{one}": 1.0 for one in words(text) if one.isalpha()}
    return found


class Table:
    """Letters as rows, features as columns."""

    def __init__(self, found: Sequence[Letter], topic: frozenset[str]) -> None:
        """`topic` are the rules that are not fitted to letters that stood beside them."""
        self.letters = found
        counts = Counter(feature for one in found for feature in one.features)
        common = 0.25 * len(found)
        self.names = sorted(n for n, count in counts.items() if n.startswith("rule:") or RARE <= count < common)
        self._place = {name: n for n, name in enumerate(self.names)}
        self._topic = topic

    def matrix(self, rows: Sequence[int], *, fitting: bool) -> csr_matrix:
        """Return those letters; where `fitting`, without what the topic rules make of letters beside them."""
        cells: list[tuple[int, int, float]] = []
        for row, index in enumerate(rows):
            one = self.letters[index]
            for name, value in one.features.items():
                if name in self._place and not (fitting and one.is_own and name.removeprefix("rule:") in self._topic):
                    cells.append((row, self._place[name], value))
        at, column, value = zip(*cells, strict=True)
        return csr_matrix((value, (at, column)), (len(rows), len(self.names)))

    def categories(self, rows: Sequence[int]) -> LogisticRegression:
        """Fit the categories; a letter of two counts for both."""
        picked, wanted, weight = [], [], []
        for index in rows:
            for rank, category in enumerate(self.letters[index].label["categories"]):
                picked.append(index)
                wanted.append(category)
                weight.append(0.6 if rank else 1.0)
        counts = Counter(wanted)
        balance = {one: (len(wanted) / len(counts) / count) ** 0.5 for one, count in counts.items()}
        model = LogisticRegression(C=EASE, class_weight=balance, max_iter=200)
        return model.fit(self.matrix(picked, fitting=True), wanted, sample_weight=weight)

    def flag(self, rows: Sequence[int], name: str) -> LogisticRegression:
        """Fit one flag, or `today`."""
        labels = [self.letters[index].label for index in rows]
        wanted = [one["urgent"] if name == "today" else name in one["flags"] for one in labels]
        weight = [0.2 if name == "today" and one.get("urgent_either") else 1.0 for one in labels]
        model = LogisticRegression(
            C=EASE_FLAG, class_weight={False: 1, True: 1.5}, solver="liblinear", intercept_scaling=5
        )
        return model.fit(self.matrix(rows, fitting=True), wanted, sample_weight=weight)


def folds(table: Table) -> None:
    """Print what fits to four fifths find in the other fifth."""
    parts = numpy.random.RandomState(0).randint(0, 5, len(table.letters))
    tally: dict[str, Counter[str]] = {"beside the rules": Counter(), "by others": Counter()}
    for part in range(5):
        test, train = numpy.where(parts == part)[0], numpy.where(parts != part)[0]
        model, today = table.categories(train), table.flag(train, "today")
        rows = table.matrix(test, fitting=False)
        for index, scores, urgent in zip(
            test, model.decision_function(rows), today.decision_function(rows), strict=True
        ):
            one = table.letters[index]
            judge(tally["beside the rules" if one.is_own else "by others"], one.label, assigned(model, scores), urgent)
    for name, counts in tally.items():
        total, urgent = counts["letters"], counts["urgent"]
        print(f"{name}: {total} letters, main category {counts['main'] / total:.3f}", end=", ")
        print(f"nothing wrong beside it {counts['clean'] / total:.3f}, urgent by weight {counts['found'] / urgent:.3f}")


def assigned(model: LogisticRegression, scores: Iterable[float]) -> list[str]:
    """Return the categories of one letter, as the rulebook assigns them."""
    ranked = sorted(zip(scores, model.classes_, strict=True), reverse=True)
    first, name = ranked[0]
    if name in ("general", "unsolicited"):
        return [name]
    found = [one for score, one in ranked if first - APART <= score >= ENOUGH]
    return [one for one in found if one not in ("general", "unsolicited")] or [name]


def judge(counts: Counter[str], label: Mapping[str, Any], found: list[str], urgent: float) -> None:
    """Count how a letter was sorted."""
    main, *_ = label["categories"]
    tolerated = {*label["categories"], *(label.get("acceptable") or ())}
    is_clear = label["urgent"] and not label.get("urgent_either")
    counts += Counter(letters=1, main=main in found, clean=main in found and not set(found) - tolerated)
    counts += Counter(urgent=is_clear, found=is_clear and urgent > CUTS["today"])


def fitted(table: Table) -> tuple[Weights, dict[str, int]]:
    """Fit to everything; return (weights by feature, thresholds by category)."""
    rows = range(len(table.letters))
    weights: Weights = {}
    model = table.categories(rows)
    for category, row in zip(model.classes_, model.coef_, strict=True):
        _put(weights, table.names, category, row * POINTS)
    for name, cut in CUTS.items():
        flag = table.flag(rows, name)
        _put(weights, table.names, name, flag.coef_[0] * FLAG_POINTS / (cut - flag.intercept_[0]))
    starts = zip(model.classes_, model.intercept_, strict=True)
    return weights, {str(category): round(POINTS * (ENOUGH - start)) for category, start in starts}


def _put(weights: Weights, names: Sequence[str], target: str, row: Iterable[float]) -> None:
    for name, value in zip(names, row, strict=True):
        if abs(value) >= (LEAST if name.startswith("rule:") else LEAST_WORD):
            weights.setdefault(name, {})[str(target)] = round(value)


def write(folder: Path, book: Rulebook, weights: Weights, thresholds: Mapping[str, int]) -> None:
    """Replace weights and thresholds in the files of `folder`; a safety rule's keeps its part of the threshold."""
    scale = {id_: max(1, one) / max(1, book.categories[id_].threshold) for id_, one in thresholds.items()}
    for file in sorted(folder.glob("[0-9]*.yaml")):
        text = file.read_text("utf-8")
        blocks = re.split(r"(?m)^(?=  - id: )", text)
        file.write_text("".join(_weighed(block, weights, scale) for block in blocks), "utf-8")
    categories = folder / "categories.yaml"
    text = categories.read_text("utf-8")
    for category, threshold in thresholds.items():
        text = re.sub(rf"(  - id: {category}\n)(    threshold: .*\n)?", rf"\g<1>    threshold: {threshold}\n", text)
    categories.write_text(text, "utf-8")


def _weighed(block: str, weights: Weights, scale: Mapping[str, float]) -> str:
    named = re.match(r"  - id: (\S+)", block)
    if not named:
        return block
    if "safety: true" in block:
        whole = r"(category: ([a-z-]+), weight: )(\d+)"
        return re.sub(whole, lambda m: m[1] + str(ceil(int(m[3]) * scale.get(m[2], 1))), block)
    if "by-word:" in block:
        lines = [f"        {_key(w[5:])}: {_mapping(one)}\n" for w, one in sorted(weights.items()) if w[:5] == "word:"]
        return re.sub(r"(?s)(      by-word:\n).*?(?=    examples:)", lambda m: m[1] + "".join(lines), block)
    found = weights.get(f"rule:{named[1]}", {})
    head, *examples = block.split("    examples:")
    head = re.sub(
        r"(?s)(\n      weights: )\{.*?\}", lambda m: m[1] + (_mapping(found) if found else "{general: 0}"), head
    )
    head = re.sub(r"(category: ([a-z-]+), weight: )-?\d+", lambda m: m[1] + str(found.get(m[2], 0)), head)
    return "    examples:".join([head, *examples])


def _key(word: str) -> str:
    return f'"{word}"' if word in ("no", "yes", "on", "off", "true", "false", "null", "y", "n") else word


def _mapping(found: Mapping[str, int]) -> str:
    told = "{" + ", ".join(f"{name}:\xa0{value}" for name, value in found.items()) + "}"
    return fill(told, 104, subsequent_indent=" " * 10, break_on_hyphens=False).replace("\xa0", " ")


def main() -> None:
    """Print the folds, or write the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="the rules whose weights are to be replaced")
    folder = parser.parse_args().write
    book = try_folder(folder or shipped() / "rules").rulebook  # golden letters may hold only after the fit
    topic = frozenset(rule.id for rule in book.program.rules if rule.effects.category is not None)
    found = observed(book)
    if folder is None:
        folds(Table(found, topic))
    else:
        write(folder, book, *fitted(Table([*found, *golden_letters(book)], topic)))
        print(f"{folder}: look at the change with `intake rules check`, `intake rules test` and `intake rules whatif`")


if __name__ == "__main__":
    main()
