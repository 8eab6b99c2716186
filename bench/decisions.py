# SPDX-License-Identifier: Apache-2.0
"""
P1, one decision, and P2, all decisions of a node at once.
"""

import random
from array import array
from collections.abc import Callable, Sequence
from itertools import cycle, product

from bench.exercise import (
    POLICY,
    drawn_clearances,
    drawn_labels,
    hand_made_clearances,
    hand_made_labels,
    newcomers,
    unseen_policy,
)
from bench.measure import Effort, Job, Timings, check, measure
from bench.peers import missing, peer
from bench.report import Goal, Group, Line, Row, at_least, at_most, digits, not_measured
from legation.labels import (
    Clearance,
    CompiledLabel,
    DecisionTable,
    Label,
    Policy,
    compile_clearance,
    compile_label,
    decide,
    holdings,
    permits,
)
from legation.labels.validity import LABELS_REMEMBERED

DECISION_PEERS = ("cedar", "vakt_guard", "casbin_model")
BATCH = "cedarpy, in batches of 50"


def one_decision(effort: Effort) -> Row:
    """Measure P1."""
    labels, clearances = hand_made_labels(), hand_made_clearances()
    pairs = list(product(labels, clearances))
    compiled = list(
        product(
            [compile_label(POLICY, label) for label in labels],
            [compile_clearance(POLICY, clearance) for clearance in clearances],
        )
    )
    strangers = list(zip(drawn_labels(effort.of(2_000, 50), random.Random(1)), cycle(clearances)))
    expected = [decide(POLICY, label, clearance).permitted for label, clearance in pairs]
    answers: dict[str, Callable[[], list[bool]]] = {
        "compiled": lambda: [permits(label, held) for label, held in compiled],
        "reasoned": lambda: [decide(POLICY, label, clearance).permitted for label, clearance in pairs],
    }
    ours, calls = len(answers), "a call that answers nothing"
    for name in DECISION_PEERS:
        speaker = peer(name)
        answers |= speaker.jobs(labels, clearances) if speaker else {}
    for name, answer in answers.items():
        check(answer() == expected, f"{name} answers otherwise than decide")
    jobs = [Job(name=name, run=answer, count=len(pairs)) for name, answer in answers.items()]
    jobs.append(Job(name=calls, run=lambda: [_nothing(*pair) for pair in compiled], count=len(pairs)))
    jobs.append(Job(name="unseen", run=lambda: _decide_unseen(strangers), count=len(strangers)))
    found = measure(jobs, effort)

    peers = [Line(whose=name, seconds=found[name]) for name in list(answers)[ours:]]
    floor = Line(whose=f"floor: {calls}", seconds=found[calls])
    return Row(
        code="P1",
        title="one decision",
        about="May the holder of this clearance see what carries this label? Without reasons both are "
        "compiled once, to integers. With reasons, label and clearance are as they were read, and the "
        "answer names every list that decides; whether the label is valid is part of the question, and "
        "what follows from label and policy alone is remembered.",
        checked=f"{len(labels)} labels x {len(clearances)} clearances of the policy EXERCISE: all "
        f"{digits(len(pairs))} answers are the same from everybody ({sum(expected)} permit).",
        groups=(
            Group(operation="decision without reasons", ours=found["compiled"], others=(floor, *peers)),
            Group(operation="decision with all reasons", ours=found["reasoned"], others=tuple(peers)),
            Group(operation="the same for a label never seen", ours=found["unseen"], others=tuple(peers)),
        ),
        goals=(
            _times_cedar(found),
            at_most("with reasons, at most 10 µs", found["reasoned"], 10e-6),
            at_most("with reasons, for a label never seen, at most 10 µs", found["unseen"], 10e-6),
        ),
        spread=found.spread,
        facts=(
            (
                "Cedar says the rule exactly, in its own words. vakt and Casbin cannot: their rules compare "
                "a list with constants only, so each was given small functions of ours, as its "
                "documentation shows."
            ),
            (
                "Cedar and Casbin can name the policy that decided, not the lists; none of them validates "
                "the label."
            ),
        ),
        missing=missing(*DECISION_PEERS),
    )


def _decide_unseen(pairs: Sequence[tuple[Label, Clearance]]) -> int:
    """Decide under a policy of which nothing is remembered; each label comes once."""
    policy = unseen_policy()
    return sum(decide(policy, label, clearance).permitted for label, clearance in pairs)


def _nothing(label: CompiledLabel, held: int) -> bool:
    return True


def _times_cedar(found: Timings) -> Goal:
    text = "without reasons, at least 100 x cedarpy's batch figure"
    if BATCH not in found.seconds:
        return not_measured(text, "cedarpy")
    return at_least(text, found[BATCH] / found["compiled"], 100, "x")


def all_decisions(effort: Effort) -> Row:
    """Measure P2."""
    dice = random.Random(2)
    labels = drawn_labels(effort.of(2_000, 100), dice)
    clearances = drawn_clearances(effort.of(200, 10), dice)
    compiled = [compile_label(POLICY, label) for label in labels]
    held = [compile_clearance(POLICY, clearance) for clearance in clearances]
    rows = DecisionTable(compiled).rows(held)
    counts = _counts(len(labels), effort.of(10_000_000, 10_000), dice)
    portions = _portions(counts)
    asked = [(dice.randrange(len(clearances)), dice.randrange(len(labels))) for _ in range(2_000)]
    _check_rows(rows, labels, clearances, asked)
    check(
        rows == _build(unseen_policy(), labels, clearances), "the table is another one when it is built anew"
    )
    check(holdings(rows[0], counts) == _scan(rows[0], portions), "holdings counts otherwise than a scan")

    coming = cycle(newcomers(effort.of(2 * LABELS_REMEMBERED, 10)))
    table = DecisionTable(compiled)
    jobs = [
        Job(name="table", run=lambda: DecisionTable(compiled).rows(held)),
        Job(name="everything", run=lambda: _build(unseen_policy(), labels, clearances)),
        Job(name="holdings", run=lambda: holdings(rows[0], counts)),
        Job(
            name="newcomer",
            run=lambda: holdings(table.row(compile_clearance(POLICY, next(coming))), counts),
        ),
        Job(name="scan", run=lambda: _scan(rows[0], portions)),
        *_cedar(labels, clearances),
    ]
    found = measure(jobs, effort)

    cells = len(labels) * len(clearances)
    derived = tuple(
        Line(whose=f"{name}; so many times one decision", seconds=seconds * cells)
        for name, seconds in found.seconds.items()
        if name == BATCH
    )
    scan = Line(whose="one look at every portion", seconds=found["scan"])
    return Row(
        code="P2",
        title="all decisions of a node",
        about=f"The table of {len(clearances)} readers x {digits(len(labels))} access ids, and what a "
        f"reader would hold of {digits(len(portions))} portions. Portions are counted by access id, so "
        "they are never looked at.",
        checked=f"{digits(len(asked))} cells against `decide`, and the whole table built anew under a policy "
        "never seen; what one reader would hold against a look "
        f"at every portion. {digits(sum(map(sum, rows)) * 100 / cells)} % of the cells permit.",
        groups=(
            Group(
                operation="table, from compiled labels and clearances", ours=found["table"], others=derived
            ),
            Group(
                operation="the same with a policy and labels never seen",
                ours=found["everything"],
                others=derived,
            ),
            Group(operation="what a reader would hold", ours=found["holdings"], others=(scan,)),
            Group(operation="the same for a clearance never seen", ours=found["newcomer"], others=(scan,)),
        ),
        goals=(
            at_most("from compiled labels, at most 150 ms", found["table"], 0.150),
            at_most("with a policy and labels never seen, at most 150 ms", found["everything"], 0.150),
            at_most("what a reader would hold, at most 50 ms", found["newcomer"], 0.050),
        ),
        spread=found.spread,
        missing=missing("cedar"),
    )


def _counts(length: int, total: int, dice: random.Random) -> list[int]:
    """How many portions carry each access id: very many a few, few the most."""
    shares = [dice.paretovariate(1.2) for _ in range(length)]
    whole = sum(shares)
    counts = [int(total * share / whole) for share in shares]
    counts[0] += total - sum(counts)
    return counts


def _portions(counts: Sequence[int]) -> "array[int]":
    """The access id of each portion."""
    found = array("H")
    for access_id, count in enumerate(counts):
        found += array("H", [access_id]) * count
    return found


def _scan(row: bytes, portions: "array[int]") -> int:
    return sum(map(row.__getitem__, portions))


def _check_rows(
    rows: Sequence[bytes],
    labels: Sequence[Label],
    clearances: Sequence[Clearance],
    asked: Sequence[tuple[int, int]],
) -> None:
    for reader, access_id in asked:
        decision = decide(POLICY, labels[access_id], clearances[reader])
        check(decision.permitted == rows[reader][access_id], "the table decides otherwise than decide")


def _build(policy: Policy, labels: Sequence[Label], clearances: Sequence[Clearance]) -> list[bytes]:
    table = DecisionTable([compile_label(policy, label) for label in labels])
    return table.rows([compile_clearance(policy, clearance) for clearance in clearances])


def _cedar(labels: Sequence[Label], clearances: Sequence[Clearance]) -> list[Job]:
    """Some of the same decisions, by Cedar: all of them would take it too long to repeat."""
    speaker = peer("cedar")
    if speaker is None:
        return []
    some_labels, some_clearances = labels[:100], clearances[:20]
    answer = speaker.jobs(some_labels, some_clearances)[BATCH]
    expected = [
        decide(POLICY, label, clearance).permitted
        for label, clearance in product(some_labels, some_clearances)
    ]
    check(answer() == expected, "cedarpy answers otherwise than decide")
    return [Job(name=BATCH, run=answer, count=len(expected))]
