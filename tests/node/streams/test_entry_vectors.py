# SPDX-License-Identifier: Apache-2.0
"""
``vectors/entries.json`` and ``docs/spec/entries.md`` say what the code does.
"""

import json
import re
from base64 import b64decode
from typing import Any

import pytest

from legation.errors import MalformedError
from legation.exchange import RefusalCode, parts
from legation.keys.card import Card, read
from legation.node.peers.introducing import take_cards
from legation.node.peers.offering import read_offered
from legation.store.sqlite import offers, peers
from tests.node.pair import Node, Village
from tools import vectors_entries

STORED = json.loads(vectors_entries.FILE.read_bytes())
PAGE = vectors_entries.PAGE.read_text(encoding="utf-8")


def named(vectors: list[Any]) -> list[Any]:
    """Each vector under its name."""
    return [pytest.param(each, id=each["name"]) for each in vectors]


def pins(node: Node, card: Card) -> None:
    """Trust the first card of the office in the vectors."""

    def act(db: Any) -> None:
        peers.add_card(db, card, "one", 0)
        peers.confirm_card(db, str(card.office), 0, "other", 0)

    node.database.write(act)


@pytest.mark.parametrize("vector", named(STORED["key"]))
def test_cards_become_what_the_vector_says(village: Village, vector: Any) -> None:
    """
    Taken, without effect, or refused with a code; and then the same card is pinned as before.
    """
    node = village.node("JPN@NATO")
    first, second = (read(each) for each in vectors_entries.cards())
    pins(node, first)
    code = node.database.write(
        lambda db: take_cards(
            db,
            b64decode(vector["payload"]),
            peer="KOR@NATO",
            own=node.card,
            blobs=node.home.blobs,
            around=node.around,
        )
    )
    with node.database.read() as db:
        pinned = peers.pinned_card(db, "KOR@NATO")
    refused = {"malformed": RefusalCode.MALFORMED, "signature": RefusalCode.SIGNATURE}
    assert code == refused.get(vector["expect"])
    assert pinned == (second if vector["expect"] == "taken" else first).data


@pytest.mark.parametrize("vector", named(STORED["policy"]))
def test_offers_become_what_the_vector_says(vector: Any) -> None:
    """
    Read, with the name of their authority, or malformed.
    """
    payload = b64decode(vector["payload"])
    if vector["expect"] == "listed":
        policy, stated_by = read_offered(payload)
        assert policy.name == "TOY"
        assert stated_by == ("" if vector["name"] == "a-file-alone" else STORED["authority"])
    else:
        with pytest.raises(MalformedError):
            read_offered(payload)


def test_made_again_they_are_the_same() -> None:
    """
    Vectors and examples are what the tool makes.
    """
    assert vectors_entries.document(dict(STORED["kept"])) == STORED
    assert vectors_entries.page(PAGE) == PAGE


def test_limits_are_those_of_the_code() -> None:
    """
    Each row of the table of limits is the constant of that name, and none is missing.
    """
    drawn = dict(re.findall(r"^\| `([A-Z_]+)` \| (\d+) \|", PAGE, re.MULTILINE))
    constants = {name: value for module in (parts, offers) for name, value in vars(module).items()}
    assert drawn == {name: str(constants[name]) for name in drawn}
    limits = {name for name in constants if name.endswith("_MAX")} - {"STATEMENT_SIZE_BYTES_MAX"}
    assert drawn.keys() == limits
