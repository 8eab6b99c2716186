# SPDX-License-Identifier: Apache-2.0
"""
P3: an item is composed and signed, verified, and cut.
"""

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.exercise import Chancery, is_kept, view_texts
from bench.measure import Effort, Job, Timings, check, measure
from bench.peers import missing, peer
from bench.report import Goal, Group, Line, Row, at_least, not_measured
from legation.encoding import encode
from legation.item import cut, verify
from legation.keys.sign import Purpose

# what we do: (what sd-jwt does, rate that is set as a goal, times sd-jwt that are set)
GOALS = {
    "compose and sign": ("issue", 8_000, 4),
    "verify": ("verify", 5_000, 3),
    "cut": ("present", 60_000, 20),
}
ALGORITHMS = ("ES256", "EdDSA")
PEER = "sd_jwt_reference"


def item(effort: Effort) -> Row:
    """Measure P3."""
    office = Chancery.open()
    data = office.compose()
    view = verify(data, office.cards)
    copy = cut(view, is_kept)
    kept = [not label.classification.startswith("SECRET") for label in office.labels]
    kept_texts = _kept(office.texts, kept)
    check(view_texts(view) == office.texts, "the item has other texts than were composed")
    check(view_texts(verify(copy, office.cards)) == kept_texts, "the cut has other texts than it should")

    theirs, their_sizes = _theirs(office.texts, kept)
    jobs = [
        Job(name="compose and sign", run=office.compose),
        Job(name="verify", run=lambda: verify(data, office.cards)),
        Job(name="verify a cut", run=lambda: verify(copy, office.cards)),
        Job(name="cut", run=lambda: cut(view, is_kept)),
        Job(name="verify, and cut once", run=lambda: cut(verify(data, office.cards), is_kept)),
        *_floors(data, copy, encode(view.wire.header)),
        *theirs,
    ]
    found = measure(jobs, effort)
    return Row(
        code="P3",
        title="an item",
        about=f"{len(office.texts)} portions of 400 bytes under {len(set(office.labels))} labels. Composed "
        "from ready texts and labels, with fresh randomness, and signed; verified against a pinned card; "
        f"and cut down to {sum(kept)} portions under 3 labels.",
        checked=f"{len(office.texts)} texts of the item, {sum(kept)} of the cut, all equal to what was "
        "composed, in order; for sd-jwt alike.",
        groups=(
            _group(found, "compose and sign", "signature and hash", "issue"),
            _group(found, "verify", "verification and hash", "verify"),
            _group(found, "verify a cut", "verification and hash of a cut", "verify a presentation"),
            _group(found, "cut", "copying the bytes of the cut", "present", "present again"),
            _group(found, "verify, and cut once", "verification and hash"),
        ),
        goals=tuple(goal for ours in GOALS for goal in _judge(found, ours)),
        spread=found.spread,
        facts=(
            _size("Legation", data, copy),
            *their_sizes,
            (
                "sd-jwt was measured with both kinds of key; each goal is held against the faster one. "
                "Its array shows how many portions there are and where each stands; it knows no labels."
            ),
            (
                "`cut` starts from a verified view, `present` from the issued text, as its documentation "
                "shows; `present again` starts from a holder that has parsed it and verifies nothing."
            ),
        ),
        missing=missing(PEER),
    )


def _theirs(texts: list[str], kept: list[bool]) -> tuple[list[Job], list[str]]:
    """What sd-jwt does of the same, and how long its bytes are; nothing where it is not installed."""
    jobs: list[Job] = []
    sizes: list[str] = []
    speaker = peer(PEER)
    if speaker is None:
        return jobs, sizes
    for algorithm in ALGORITHMS:
        disclosure = speaker.Disclosure(algorithm, texts, kept)
        check(disclosure.verify() == texts, "sd-jwt has other texts than were issued")
        check(
            disclosure.verify_presentation() == _kept(texts, kept), "sd-jwt shows other texts than it should"
        )
        jobs += [
            Job(name=f"{algorithm} issue", run=disclosure.issue),
            Job(name=f"{algorithm} verify", run=disclosure.verify),
            Job(name=f"{algorithm} verify a presentation", run=disclosure.verify_presentation),
            Job(name=f"{algorithm} present", run=disclosure.present),
            Job(name=f"{algorithm} present again", run=disclosure.present_again),
        ]
        sizes.append(_size(f"sd-jwt {algorithm}", disclosure.issued, disclosure.presented))
    return jobs, sizes


def _kept(texts: list[str], kept: list[bool]) -> list[str]:
    return [text for text, is_shown in zip(texts, kept, strict=True) if is_shown]


def _size(whose: str, whole: bytes | str, copy: bytes | str) -> str:
    return f"Bytes on the wire, {whose}: {len(whole):,} the whole, {len(copy):,} the cut."


def _floors(data: bytes, copy: bytes, header: bytes) -> list[Job]:
    key = Ed25519PrivateKey.generate()
    message = Purpose.ITEM.value + b"\n" + header
    signature, public_key, sha256 = key.sign(message), key.public_key(), hashlib.sha256
    halves = (copy[: len(copy) // 2], copy[len(copy) // 2 :])
    return [
        Job(name="signature and hash", run=lambda: (key.sign(message), sha256(data).digest())),
        Job(
            name="verification and hash",
            run=lambda: (public_key.verify(signature, message), sha256(data).digest()),
        ),
        Job(
            name="verification and hash of a cut",
            run=lambda: (public_key.verify(signature, message), sha256(copy).digest()),
        ),
        Job(name="copying the bytes of the cut", run=lambda: b"".join(halves)),
    ]


def _group(found: Timings, ours: str, floor: str, *theirs: str) -> Group:
    peers = [f"{algorithm} {name}" for name in theirs for algorithm in ALGORITHMS]
    return Group(
        operation=ours,
        ours=found[ours],
        others=(
            Line(whose=f"floor: {floor}", seconds=found[floor]),
            *(Line(whose=f"sd-jwt {name}", seconds=found[name]) for name in peers if name in found.seconds),
        ),
    )


def _judge(found: Timings, ours: str) -> list[Goal]:
    theirs, rate, times = GOALS[ours]
    goals = [at_least(f"{ours}, at least {rate:,} a second", 1 / found[ours], rate, "a second")]
    text = f"{ours}, at least {times} x sd-jwt's {theirs}"
    peers = [
        seconds
        for name, seconds in found.seconds.items()
        if name in {f"{each} {theirs}" for each in ALGORITHMS}
    ]
    if not peers:
        return [*goals, not_measured(text, "sd-jwt")]
    return [*goals, at_least(text, min(peers) / found[ours], times, "x")]
