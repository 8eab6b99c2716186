# SPDX-License-Identifier: Apache-2.0

import random
from collections.abc import Callable, Collection
from itertools import product

import pytest

from legation.formats import markdown
from legation.item.draft import Draft
from legation.item.draws import SecretDraws
from legation.item.signing import sign
from legation.item.substance import Marking, Substance, parts_of, substance_of, substance_of_draft
from legation.item.view import Contents, cut, inspect
from legation.keys.card import PolicyReference
from legation.keys.sign import Ed25519Signer
from legation.labels import Label
from tests.formats.drafts import EXERCISE, POLICIES

MARKS = ("(O)", "(L//REL KOR)", "(C//REL KOR, JPN)", "(S)")
SIGNER = Ed25519Signer(bytes(32))


def draft_of(*blocks: str, kind: str = "report") -> Draft:
    """
    A report of these blocks.
    """
    text = f"kind: {kind}\npolicy: EXERCISE\n\n" + "\n\n".join(blocks) + "\n"
    return markdown.read(text.encode(), POLICIES, party=None)


def signed(draft: Draft, *, time: int = 1, fresh: bytes = bytes(32)) -> bytes:
    """
    The item of a draft.
    """
    draws = SecretDraws(bytes(32), fresh, draft.digest)
    return sign(draft, document=bytes(16), time=time, signer=SIGNER, draws=draws)


def blocks_of(dice: random.Random) -> list[str]:
    """
    Random blocks, some of them variants.
    """
    blocks, group = list[str](), 0
    for _ in range(dice.randint(1, 6)):
        qualifier = ""
        if group and dice.random() < 0.5:
            of = dice.randint(1, group)
            qualifier = dice.choice((f"{{tearline: {of}}} ", f"{{translation: ko, {of}}} "))
        group = group + 1 if qualifier else 1
        blocks.append(f"{dice.choice(MARKS)} {qualifier}{dice.choice('ab')}")
    return blocks


def differences_of(blocks: tuple[str, ...]) -> dict[str, Draft]:
    """
    The same report with one thing changed.
    """
    first, second, *rest = blocks
    return {
        "a word": draft_of(f"{first}!", second, *rest),
        "a mark": draft_of(first.replace("(O)", "(S)"), second, *rest),
        "the order": draft_of(second, first, *rest),
        "one less": draft_of(second, *rest),
        "one twice": draft_of(first, first, second, *rest),
        "what stands for what": draft_of(first, second.replace(") ", ") {tearline} "), *rest),
        "a qualifier": draft_of(first.replace(") ", ") {grade: B2} "), second, *rest),
        "the kind": draft_of(*blocks, kind="note"),
    }


def keeping(kept: Collection[Marking]) -> Callable[[PolicyReference, Label], bool]:
    """
    Keep what stands under these labels.
    """
    return lambda policy, label: (policy, label) in kept


def cut_to(contents: Contents, kept: Collection[Marking]) -> bytes:
    """
    The cut to these labels.
    """
    return cut(contents, lambda layer: (layer.policy, layer.label) in kept)


@pytest.mark.parametrize("seed", range(40))
def test_an_item_says_what_its_draft_says(seed: int) -> None:
    """
    Whole, and of every cut of it: the author's side compares what will be handed over.
    """
    draft = draft_of(*blocks_of(random.Random(seed)))
    contents, said = inspect(signed(draft)), substance_of_draft(draft)
    assert substance_of(contents) == said
    markings = list(dict.fromkeys(each.marking for each in said.portions))
    for chosen in product((True, False), repeat=len(markings)):
        kept = {marking for marking, keep in zip(markings, chosen, strict=True) if keep}
        if kept:
            assert substance_of(inspect(cut_to(contents, kept))) == said.within(keeping(kept))


def test_time_and_salts_and_ids_are_not_said() -> None:
    """
    Signed again, later, with other draws, an item says the same.
    """
    draft = draft_of("(O) Noon.", "(S) Why.")
    one, other = signed(draft), signed(draft, time=2, fresh=bytes([1]) * 32)
    assert one != other
    assert substance_of(inspect(one)) == substance_of(inspect(other))


@pytest.mark.parametrize("blocks", [("(O) Noon.", "(S) Why."), ("(O) Noon.", "(O) Why.")], ids=str)
@pytest.mark.parametrize("what", differences_of(("(O) Noon.", "(S) Why.")))
def test_whatever_can_be_seen_is_said(what: str, blocks: tuple[str, str]) -> None:
    """
    One thing changed is another substance, and has other parts; within a layer and across two.
    """
    before, after = substance_of_draft(draft_of(*blocks)), substance_of_draft(differences_of(blocks)[what])
    assert before != after
    assert list(parts_of(before)) != list(parts_of(after))


def parts_within(said: Substance, kept: set[Marking]) -> dict[tuple[Marking, Marking], bytes]:
    """
    The parts of the whole that lie within some labels.
    """
    return {
        (each.first, each.second): each.digest for each in parts_of(said) if {each.first, each.second} <= kept
    }


def test_parts_tell_what_any_cut_says() -> None:
    """
    Two cuts say the same exactly if they have the same parts, which are those of the wholes.
    """
    dice = random.Random(2022)
    alike = 0
    for _ in range(300):
        blocks = blocks_of(dice)
        changed = [f"{each}!" if dice.random() < 0.4 else each for each in blocks]
        one, other = (substance_of_draft(draft_of(*each)) for each in (blocks, changed))
        markings = list(dict.fromkeys(each.marking for each in (*one.portions, *other.portions)))
        kept = set(dice.sample(markings, dice.randint(1, len(markings))))
        cuts = [said.within(keeping(kept)) for said in (one, other)]
        wholes = [parts_within(said, kept) for said in (one, other)]
        assert wholes == [parts_within(said, kept) for said in cuts]
        assert (cuts[0] == cuts[1]) is (wholes[0] == wholes[1]) or not cuts[0].portions
        alike += cuts[0] == cuts[1]
    assert 30 < alike < 270


def test_a_body_is_told_from_a_header() -> None:
    """
    A title alone is nothing to read.
    """
    draft = markdown.read(
        b"kind: report\npolicy: EXERCISE\ntitle: (O) Seating\n\n(S) Why.\n", POLICIES, party=None
    )
    said = substance_of_draft(draft)
    assert said.has_body
    assert not said.within(lambda _, label: label.classification == "OPEN").has_body
    bodies = {
        each.first[1].classification: each.has_body for each in parts_of(said) if each.first == each.second
    }
    assert bodies == {"OPEN": False, "SECRET": True}
    assert EXERCISE.name == "EXERCISE"
