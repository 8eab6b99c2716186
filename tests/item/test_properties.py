# SPDX-License-Identifier: Apache-2.0

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.encoding import encode
from legation.item import Draft, sign
from tests.item import handmade, naive, properties, worlds
from tests.item.worlds import KNOWN, SEARCH, SIGNER, examples, verified


class TestRandomDocuments:
    def test_every_cut_of_three_thousand_documents_is_right(self) -> None:
        """
        For every choice of layers order, variants, codes and bytes are those of the other reader.
        """
        cuts = 0
        for number in range(3000 * SEARCH):
            random = Random(number)
            document = worlds.random_document(random)
            # Every third one is signed by the other signer.
            data = worlds.signed(document) if number % 3 else handmade.item(document)
            cuts += properties.every_cut_is_right(document, data)
        assert cuts > 15_000 * SEARCH

    def test_larger_documents_are_right_too(self) -> None:
        """
        Ten labels fill a small tree to 55 of its leaves, and more than ten take the large one.
        """
        for number in range(6 * SEARCH):
            random = Random(number)
            document = worlds.random_document(random, labels_max=14, portions_max=40)
            used = document.used
            data = worlds.signed(document)
            assert naive.parse(data)["header"]["leaves"] == (64 if len(used) <= 10 else 1024)
            for _ in range(10):
                chosen = {label for label in used if random.random() < 0.5} or set(used)
                view = verified(worlds.cut_to(document, verified(data), chosen))
                properties.reads_right(document, chosen, view, naive.verify(view.data, KNOWN))

    def test_both_signers_give_the_same_bytes(self) -> None:
        """
        The specification leaves a signer nothing but its draws.
        """
        for number in range(200 * SEARCH):
            document = worlds.random_document(Random(number))
            draws = worlds.secret_draws(number)
            assert worlds.by_hand(document, draws) == worlds.signed(document, draws)

    def test_cuts_of_cuts_are_cuts(self) -> None:
        """
        Whoever cuts a cut hands over the same bytes as the author would.
        """
        for number in range(300 * SEARCH):
            random = Random(number)
            document = worlds.random_document(random)
            properties.cuts_of_cuts_are_cuts(document, worlds.signed(document), random)

    def test_a_smaller_clearance_gives_a_part(self) -> None:
        """
        Who may see fewer labels sees some of the same paragraphs, and no others.
        """
        for number in range(200 * SEARCH):
            document = worlds.random_document(Random(number), labels_max=4)
            properties.less_is_less(document, worlds.signed(document))

    def test_nothing_hidden_is_left_in_a_cut(self) -> None:
        """
        Neither text nor label nor salt of what is left out is anywhere in the bytes.
        """
        searched = 0
        for number in range(20 * SEARCH):
            document = properties.canary_document(Random(number))
            data = worlds.signed(document)
            for chosen in worlds.subsets(document.used):
                searched += properties.nothing_hidden_is_left(document, data, chosen)
        assert searched > 20_000 * SEARCH


class TestWrittenDrafts:
    @examples(250)
    @given(draft=worlds.written(), number=st.integers(0, 1000), time=st.integers(0, 253_402_300_799))
    def test_every_cut_of_what_is_written_is_right(self, draft: Draft, number: int, time: int) -> None:
        """
        Whatever the labels, the types of portions and the groups of variants, every cut reads right.
        """
        document = handmade.seed(f"document {number}", 16)
        draws = worlds.secret_draws(number, draft.digest)
        data = sign(draft, document=document, time=time, signer=SIGNER, draws=draws)
        written = worlds.document_of(draft, document=document, time=time)
        properties.every_cut_is_right(written, data)
        assert worlds.by_hand(written, draws) == data

    @examples(100)
    @given(draft=worlds.written(labels_max=2, portions_max=4))
    def test_what_is_written_has_one_spelling(self, draft: Draft) -> None:
        """
        A draft has one digest, and what is signed is spelled as RFC 8785 has it.
        """
        again = Draft(kind=draft.kind, policies=draft.policies, portions=draft.portions, slips=draft.slips)
        assert again.digest == draft.digest
        assert naive.encode(json.loads(encode(draft))) == encode(draft)


class TestChangedBytes:
    @pytest.mark.parametrize("label_count", [1, 2])
    def test_no_changed_byte_passes(self, label_count: int) -> None:
        """
        Whatever is changed, added, left out or exchanged, at any position, the view is refused.
        """
        random = Random(label_count)
        portions = tuple(
            (number % label_count, {"type": "text", "text": f"Wörter {number}", "language": "de"})
            for number in range(3)
        )
        document = handmade.Document(
            labels=tuple(worlds.plain_label(5 + number) for number in range(label_count)),
            portions=portions,
            full=frozenset({(0, 1), (1, 0)}) if random.random() < 2 else frozenset(),
        )
        data = worlds.signed(document)
        assert properties.no_change_passes(data) > 20 * len(data)

    def test_no_changed_byte_of_a_cut_passes(self) -> None:
        """
        A cut is as well protected as the whole.
        """
        document = worlds.random_document(Random(3), labels_max=3)
        smaller = worlds.cut_to(document, verified(worlds.signed(document)), set(document.used[:1]))
        assert properties.no_change_passes(smaller) > 20 * len(smaller)

    @examples(1500)
    @given(data=st.data())
    def test_bytes_that_are_no_view_are_refused(self, data: st.DataObject) -> None:
        """
        Whatever the bytes, only an error of the one family comes out; both readers agree.
        """
        good = naive.encode(worlds.a_view())
        changed = data.draw(worlds.garbled(good))
        properties.both_agree(changed)
