# SPDX-License-Identifier: Apache-2.0

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from random import Random

import pytest

from legation.errors import MalformedError
from legation.item import Draft, DraftPortion, Kind, Variant, VariantKind, sign
from legation.item.draws import SecretDraws
from legation.item.portion import Text
from legation.item.reference import paragraph_numbers
from legation.item.shape import LAYERS_MAX
from legation.keys.card import PolicyReference
from legation.keys.sign import Purpose
from legation.labels import Label
from tests.item import handmade, naive, worlds
from tests.item.handmade import Document
from tests.item.worlds import SIGNER, secret_draws, signed, verified

POLICY = PolicyReference(id="2.25.1001", version=1, digest=bytes(32))


def labelled(*numbers: int) -> Document:
    """
    One paragraph for each number, under the label of that number.
    """
    return Document(
        labels=tuple(worlds.plain_label(number) for number in range(max(numbers) + 1)),
        portions=tuple((number, {"type": "text", "text": f"Paragraph {number}"}) for number in numbers),
    )


def written(*texts: str) -> Draft:
    """
    A draft of paragraphs under one label.
    """
    label = Label(classification="OPEN", policy_id=POLICY.id)
    portions = tuple(DraftPortion(label=label, portion=Text(text=text)) for text in texts)
    return Draft(kind=Kind.NOTE, policies=(POLICY,), portions=portions)


class TestLayers:
    def test_a_layer_has_all_portions_of_its_label(self) -> None:
        """
        However the labels alternate, each has one layer, in order.
        """
        found = worlds.layers_of(signed(labelled(0, 1, 0, 2, 1, 0)))
        wanted = {
            worlds.label_of(worlds.plain_label(number)): (f"Paragraph {number}",) * count
            for number, count in ((0, 3), (1, 2), (2, 1))
        }
        texts = {each.label: tuple(p.text for p in each.portions if isinstance(p, Text)) for each in found}
        assert texts == wanted

    def test_ten_labels_fit_into_the_small_tree(self) -> None:
        """
        Up to ten the tree has 64 leaves, whatever the item holds; more take 1,024, at most 44.
        """
        for count, leaf_count in ((1, 64), (10, 64), (11, 1024), (44, 1024)):
            view = verified(signed(labelled(*range(count))))
            assert view.wire.header.leaves == leaf_count
            assert len(view.layers) == count
            assert len(view.wire.seams) == count * (count - 1) // 2

    def test_forty_five_labels_are_refused(self) -> None:
        """
        Such an item is refused with a hint what to do.
        """
        assert max(LAYERS_MAX.values()) == 44
        with pytest.raises(MalformedError, match="45 different labels, expected at most 44") as caught:
            signed(labelled(*range(45)))
        assert "two items" in caught.value.hint

    def test_the_number_of_portions_does_not_choose_the_tree(self) -> None:
        """
        A long report under one label looks like a short one.
        """
        long = verified(signed(labelled(*[0] * 2000)))
        assert long.wire.header.leaves == 64
        assert len(long.wire.proof) == 6

    def test_labels_that_look_alike_under_two_policies_are_two(self) -> None:
        """
        A label is a label under its policy.
        """
        first, second = worlds.plain_label(0), worlds.plain_label(1)
        assert first["classification"] == second["classification"]
        assert len(worlds.layers_of(signed(labelled(0, 1)))) == 2


class TestBytes:
    def test_the_same_draws_give_the_same_bytes(self) -> None:
        """
        Signing reads no clock and throws no dice.
        """
        document = worlds.random_document(Random(1))
        assert signed(document, secret_draws(1)) == signed(document, secret_draws(1))
        assert signed(document, secret_draws(1)) != signed(document, secret_draws(2))

    def test_the_other_signer_gives_the_same_bytes(self) -> None:
        """
        Also where a tree has 1,024 leaves.
        """
        for count in (2, 10, 11, 20):
            document = labelled(*range(count), 0)
            draws = secret_draws(count)
            assert worlds.by_hand(document, draws) == signed(document, draws)

    def test_the_item_is_the_authors(self) -> None:
        """
        The header names the key that signed it, and the signature is for an item.
        """
        view = verified(signed(labelled(0)))
        assert view.wire.header.author == SIGNER.public_key.key_id
        header = naive.encode(naive.parse(view.data)["header"])
        assert view.wire.signature == SIGNER.sign(Purpose.ITEM, header)

    def test_an_item_that_nobody_could_read_is_not_given_out(self) -> None:
        """
        A view has at most 64 MiB, so what would be longer is refused when it is signed.
        """
        draft = written(*["x" * 100_000] * 672)
        with pytest.raises(MalformedError, match="bytes, expected at most 67108864"):
            sign(draft, document=bytes(16), time=0, signer=SIGNER, draws=secret_draws())

    @pytest.mark.parametrize(("size", "time"), [(15, 0), (17, 0), (16, -1), (16, 253_402_300_800)])
    def test_a_wrong_document_id_or_time_is_refused(self, size: int, time: int) -> None:
        """
        What could not be read again is not signed.
        """
        with pytest.raises(MalformedError):
            sign(written("a"), document=bytes(size), time=time, signer=SIGNER, draws=secret_draws())

    @pytest.mark.parametrize("time", [99, 100])
    def test_a_version_that_is_not_later_is_refused(self, time: int) -> None:
        """
        A new version of a document is signed only at a later time than its latest one.
        """
        draft = written("Second version.")
        draws = secret_draws(digest=draft.digest)
        told = {"document": bytes(16), "signer": SIGNER, "draws": draws}
        with pytest.raises(MalformedError, match="not later"):
            sign(draft, time=time, after=100, **told)  # type: ignore[arg-type]
        assert sign(draft, time=101, after=100, **told)  # type: ignore[arg-type]


class TestVariants:
    def test_the_relation_is_closed_when_signed(self) -> None:
        """
        What holds through a hidden portion holds between those in sight.
        """
        document = replace(labelled(0, 1, 2), full=handmade.closure({(0, 1), (1, 2)}, 3))
        whole = verified(signed(document))
        ends = verified(worlds.cut_to(document, whole, {0, 2}))
        assert ends.fuller == {(0, 1)}
        assert len(ends.shown()) == 1

    def test_a_draft_is_closed_too(self) -> None:
        """
        A draft declares only what a writer says; the rest follows.
        """
        labels = [Label(classification=name, policy_id=POLICY.id) for name in ("OPEN", "GUARDED", "CLOSED")]
        kinds = [None, VariantKind.TEARLINE, VariantKind.TEARLINE]
        draft = Draft(
            kind=Kind.REPORT,
            policies=(POLICY,),
            portions=tuple(
                DraftPortion(
                    label=label, portion=Text(text="a"), variant=Variant(kind=kind) if kind else None
                )
                for label, kind in zip(labels, kinds, strict=True)
            ),
        )
        assert draft.fuller == ((0, 1), (1, 2))
        data = sign(draft, document=bytes(16), time=0, signer=SIGNER, draws=secret_draws())
        assert verified(data).fuller == {(0, 1), (0, 2), (1, 2)}

    def test_too_many_variants_are_refused(self) -> None:
        """
        Five hundred translations of one paragraph are no paragraph.
        """
        document = replace(labelled(*[0] * 500), full=frozenset((x, (x + 1) % 500) for x in range(500)))
        with pytest.raises(MalformedError, match="pairs of variants"):
            signed(document)


class Colliding(SecretDraws):
    """
    Draws whose first attempts give two labels one salt, so that their paragraph codes collide.
    """

    attempts: int = 0

    def leaves(self, keys: Sequence[bytes], leaf_count: int, attempt: int) -> list[tuple[int, bytes]]:
        """
        Give the second leaf the salt of the first, three times.
        """
        self.attempts += 1
        found = super().leaves(keys, leaf_count, attempt)
        if attempt < 3:
            found[1] = (found[1][0], found[0][1])
        return found


class TestParagraphCodes:
    def test_salts_are_drawn_again_until_all_codes_differ(self) -> None:
        """
        Two paragraphs of one item never have one name.
        """
        draws = Colliding(bytes(32), bytes(32), b"")
        view = verified(signed(labelled(0, 1), draws))
        assert draws.attempts == 4
        assert len({each.code for each in view.portions}) == 2

    def test_codes_of_a_large_item_differ(self) -> None:
        """
        Among 20,000 portions every sixth draw has two codes alike; what is signed has none.
        """
        document = labelled(*[0, 1] * 10_000)
        labels = [worlds.key_of(fields) for fields in document.labels]

        def salts(number: int, attempt: int) -> set[bytes]:
            keys = [*labels, labels[0] + labels[1]]
            return {salt for _, salt in secret_draws(number).leaves(keys, 64, attempt)[:2]}

        def collides(number: int) -> bool:
            return len({n for salt in salts(number, 0) for n in paragraph_numbers(salt, 10_000)}) < 20_000

        number = next(filter(collides, range(100)))
        view = verified(signed(document, secret_draws(number)))
        assert {each.salt for each in view.wire.layers} == salts(number, 1)
        assert len({each.code for each in view.portions}) == 20_000

    def test_a_code_stays_in_every_cut(self) -> None:
        """
        Whoever speaks of a paragraph is understood by everybody who may see it.
        """
        document = labelled(0, 1, 0, 2)
        whole = verified(signed(document))
        named = {each.code: each.portion for each in whole.portions}
        for chosen in combinations(range(3), 2):
            for each in verified(worlds.cut_to(document, whole, chosen)).portions:
                assert named[each.code] == each.portion
