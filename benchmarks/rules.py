"""Time what the rules cost a message as a rulebook grows: 50, 500 and 5,000 patterns, in one run.

    python -m benchmarks.rules [--rounds N]

Letters of about 3.7 KB are made of the words of `tests/letters`. Each rulebook holds the same ten rules that fire now
and then, and rules about other things in ten patterns each: words, phrases, open endings. Rounds alternate between
the rulebooks; medians are printed, with their ratio to the smallest rulebook, and beside one `re` alternation of the
same patterns, which is what one would write without a matcher.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections.abc import Callable
from statistics import median

from intake.rules.decide import decide
from intake.rules.load import load_files
from intake.rules.rulebook import Rulebook
from tests.letters.render import letters
from tests.unit.rulebooks import files, letter, rule

SIZES = (50, 500, 5000)
EACH = 10  # patterns of a rule
CHARACTERS = 3700


def texts(count: int) -> list[str]:
    """Return letters of the words that residents use."""
    words = [word for one in letters() for word in one["body"].split()]
    chance = random.Random(1)
    return [" ".join(chance.choices(words, k=CHARACTERS // 6))[:CHARACTERS] for _ in range(count)]


def patterns(count: int) -> list[str]:
    """Return patterns: the first fifty are of words that the letters hold, the others of words that they do not."""
    chance = random.Random(2)
    known = sorted({word.strip(".,!?").lower() for one in letters() for word in one["body"].split() if word.isalpha()})
    made = chance.sample(known, SIZES[0])
    while len(made) < count:
        word = "".join(chance.choices("bcdfghklmnprstvz", k=3)) + chance.choice("aeiou") * 2 + str(len(made))
        made.append((word, f"{word} {chance.choice(known)}", f"{word}*")[len(made) % 3])
    return made


def rulebook(count: int) -> Rulebook:
    """Return a rulebook of so many patterns."""
    written = patterns(count)
    parts = [written[start : start + EACH] for start in range(0, count, EACH)]
    return load_files(
        files("".join(rule(f"{{words: [{', '.join(part)}]}}", id_=f"r{n}") for n, part in enumerate(parts)))
    )


def alternation(count: int) -> re.Pattern[str]:
    """Return the same patterns as one expression of the standard library."""
    parts = (re.escape(one.rstrip("*")) + (r"\w*" if one.endswith("*") else "") for one in patterns(count))
    return re.compile(r"\b(?:" + "|".join(parts) + r")\b", re.IGNORECASE)


def timed(work: Callable[[], object], count: int) -> float:
    """Return microseconds a message."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) / count * 1e6


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    many = texts(200)
    facts = [letter(text) for text in many]
    books, expressions = [rulebook(size) for size in SIZES], [alternation(size) for size in SIZES]
    works: list[Callable[[], object]] = [*(lambda b=book: [decide(one, b) for one in facts] for book in books)]
    works += [lambda e=expression: [len(list(e.finditer(text))) for text in many[:20]] for expression in expressions]
    counts = [len(many)] * len(books) + [20] * len(expressions)
    rows = [[timed(w, n) for w, n in zip(works, counts, strict=True)] for _ in range(parser.parse_args().rounds)]
    medians = [median(column) for column in zip(*rows, strict=True)]
    print("patterns  rules µs/message  x smallest  re µs/message  re / rules")
    for n, size in enumerate(SIZES):
        ours, theirs = medians[n], medians[len(SIZES) + n]
        print(f"{size:8}  {ours:16.0f}  {ours / medians[0]:10.2f}  {theirs:13.0f}  {theirs / ours:10.1f}")


if __name__ == "__main__":
    main()
