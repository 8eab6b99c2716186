# SPDX-License-Identifier: Apache-2.0
"""
What is worked on: labels, clearances and one item, all under the policy EXERCISE, the same in every run.
"""

import os
import random
from dataclasses import dataclass, replace
from itertools import combinations, islice, product

from legation.formats.shipped import shipped
from legation.item import Draft, DraftPortion, Kind, Layer, SecretDraws, View, sign
from legation.item.portion import Text
from legation.keys import card
from legation.keys.card import Cards, Office
from legation.keys.sign import Signer
from legation.labels import (
    Category,
    Clearance,
    Label,
    Policies,
    Policy,
    TagType,
    category,
    gathered,
    parse_mark,
    reference_to,
)
from legation.node.keys.keyring import draw_office_keys, draw_root_key, make_card
from legation.node.surroundings import HERE

POLICY = shipped("exercise-1")
CLASSIFICATIONS = tuple(each.name for each in POLICY.classifications)  # the lowest first
CAVEATS, CONTEXT, RELEASABLE, ONLY = "Caveats", "Context", "Releasable To", "Only"
PARTIES = tuple(
    member.category.name for member in POLICY.fields[RELEASABLE, TagType.PERMISSIVE].members.values()
)
CAVEAT_NAMES = tuple(
    member.category.name for member in POLICY.fields[CAVEATS, TagType.RESTRICTIVE].members.values()
)


def unseen_policy() -> Policy:
    """The same policy as another file, of which nothing is remembered yet."""
    return replace(POLICY, digest=os.urandom(32))


def label(mark: str) -> Label:
    """Read a portion mark; the label is in its normal form."""
    return POLICY.normalize(parse_mark(POLICY, mark))


def hand_made_labels() -> list[Label]:
    """Labels as drafters write them: every classification, with caveats, lists and lists within lists."""
    caveats = ("", "//HERON", "//MAPLE", "//HERON/MAPLE")
    lists = ("KOR", "KOR, JPN", "AUS, NZL", "KOR, JPN, AUS, NATO, EU")
    marks = ["(O)", *(f"({letter})" for letter in "LCS")]
    for letter, caveat, parties in product("LCS", caveats, lists):
        marks.append(f"({letter}{caveat}//REL {parties})")
        marks.append(f"({letter}{caveat}//REL {parties}//ONLY {parties[:3]})")
    return [label(mark) for mark in marks]


def hand_made_clearances() -> list[Clearance]:
    """Clearances of peers and of own people: two levels, three choices of caveats."""
    holders = (["KOR"], ["JPN"], ["AUS", "NATO"], ["EU"])
    caveats = ((), CAVEAT_NAMES[:1], CAVEAT_NAMES)
    return [
        clearance(parties, level, names, is_own)
        for parties, level, names, is_own in product(holders, (2, 4), caveats, (False, True))
    ]


def clearance(parties: list[str], level: int, caveats: tuple[str, ...], is_own: bool) -> Clearance:
    """The clearance of somebody who stands for *parties* and holds the lowest *level* classifications."""
    categories = [
        category(CONTEXT, TagType.PERMISSIVE, ["Own", "Releasable"] if is_own else ["Releasable"]),
        category(RELEASABLE, TagType.PERMISSIVE, parties),
        category(ONLY, TagType.PERMISSIVE, parties),
    ]
    if caveats:
        categories.append(category(CAVEATS, TagType.RESTRICTIVE, caveats))
    return Clearance(
        policy_id=POLICY.id, classifications=CLASSIFICATIONS[:level], categories=gathered(categories)
    )


def drawn_labels(count: int, dice: random.Random) -> list[Label]:
    """So many labels that differ, over all parties of the policy."""
    found: dict[Label, None] = {}
    while len(found) < count:
        parties = dice.sample(PARTIES, dice.randint(1, 6))
        categories = [
            category(CONTEXT, TagType.PERMISSIVE, dice.choice((["Releasable"], ["Own", "Releasable"]))),
            category(RELEASABLE, TagType.PERMISSIVE, parties),
            *_maybe(dice, category(ONLY, TagType.PERMISSIVE, parties[:1])),
            *_maybe(dice, category(CAVEATS, TagType.RESTRICTIVE, dice.sample(CAVEAT_NAMES, 2))),
        ]
        drawn = Label(
            policy_id=POLICY.id,
            classification=dice.choice(CLASSIFICATIONS[1:]),
            categories=gathered(categories),
        )
        found[POLICY.normalize(drawn)] = None
    return list(found)


def drawn_clearances(count: int, dice: random.Random) -> list[Clearance]:
    """So many clearances, over all parties of the policy; a few may be alike."""
    return [
        clearance(
            dice.sample(PARTIES, dice.randint(1, 4)),
            dice.randint(2, len(CLASSIFICATIONS)),
            tuple(dice.sample(CAVEAT_NAMES, dice.randint(0, 3))),
            is_own=False,
        )
        for _ in range(count)
    ]


def newcomers(count: int) -> list[Clearance]:
    """So many clearances that all differ in their lists."""
    return [
        clearance(list(parties), len(CLASSIFICATIONS), (), is_own=False)
        for parties in islice(combinations(PARTIES, 4), count)
    ]


def _maybe(dice: random.Random, part: Category) -> list[Category]:
    return [part] if dice.random() < 1 / 3 else []


MARKS = ("(O)", "(L//REL KOR, JPN)", "(C//REL KOR)", "(S//HERON//REL KOR, JPN//ONLY KOR)", "(S)")
LABELS_IN_TURN = (0, 1, 1, 2, 0, 3, 4, 1, 2, 4, 3, 0, 4, 1, 0, 3, 3, 2, 3, 0)  # by place in MARKS
TEXT_SIZE_BYTES = 400
WORDS = ("The", "minister", "said", "that", "the", "talks", "on", "fisheries", "would", "resume", "in", "May")


def texts() -> list[str]:
    """Twenty paragraphs of 400 bytes, each another one."""
    dice = random.Random(400)
    found = []
    for number in range(len(LABELS_IN_TURN)):
        text = f"{number + 1}. {' '.join(dice.choices(WORDS, k=TEXT_SIZE_BYTES))}"
        found.append(text[: TEXT_SIZE_BYTES - 1].rstrip().ljust(TEXT_SIZE_BYTES, "."))
    return found


def is_kept(layer: Layer) -> bool:
    """Choose what the cut keeps: three of the five layers, with 12 of the 20 portions."""
    return layer.classification != "SECRET"


def view_texts(view: View) -> list[str]:
    """The texts of a view in reading order, whatever stands for what."""
    return [each.portion.text for each in view.portions if isinstance(each.portion, Text)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chancery:
    """An office that writes items, and what everybody needs to verify them."""

    texts: list[str]
    labels: list[Label]
    card: bytes
    cards: Cards
    signer: Signer
    secret: bytes

    @classmethod
    def open(cls) -> "Chancery":
        """Draw an office's keys and pin its card."""
        office = Office.parse("KOR@NATO")
        keys = draw_office_keys(office, HERE)
        made = make_card(keys, draw_root_key(office.party, HERE), Policies([POLICY]), HERE)
        marks = [label(mark) for mark in MARKS]
        return cls(
            texts=texts(),
            labels=[marks[number] for number in LABELS_IN_TURN],
            card=made,
            cards=Cards([card.read(made)]),
            signer=keys.item_signer,
            secret=keys.draws,
        )

    def compose(self) -> bytes:
        """Compose an item from ready texts and labels, with fresh randomness, and sign it."""
        draft = Draft(
            kind=Kind.REPORT,
            policies=(reference_to(POLICY),),
            portions=tuple(
                DraftPortion(label=label, portion=Text(text=text))
                for label, text in zip(self.labels, self.texts, strict=True)
            ),
        )
        draws = SecretDraws(self.secret, os.urandom(32), draft.digest)
        return sign(draft, document=os.urandom(16), time=1_790_000_000, signer=self.signer, draws=draws)
