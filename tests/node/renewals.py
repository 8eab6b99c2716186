# SPDX-License-Identifier: Apache-2.0
"""
Renewing nodes of a village, as their people do it: prepared, signed where the root key is, installed.
"""

from typing import Any

from legation.exchange import EntryKind, write_view
from legation.item.draft import Draft, DraftPortion
from legation.item.draws import SecretDraws
from legation.item.portion import Kind, Text
from legation.item.signing import sign
from legation.item.view import inspect
from legation.keys.card import Card
from legation.keys.sign import Ed25519Signer
from legation.labels import parse_mark, reference_to
from legation.node.home import ROOT
from legation.node.keys.keyring import ROOT_KEY
from legation.node.keys.renewing import Wanted, install_card, prepare_renewal, vouch_renewal
from tests.formats.drafts import EXERCISE
from tests.node.pair import Node, a_slip


def next_of(node: Node, *, instead: bool = False, **wanted: Any) -> Card:
    """
    Prepare the next card of a node's office and have the root sign it; it is not installed.
    """
    data = prepare_renewal(node.home, Wanted(**wanted), node.around, instead=instead)
    root = ROOT_KEY.decode((node.folder / ROOT).read_bytes())
    return vouch_renewal(data, root, node.around)


def installs(node: Node, card: Card) -> None:
    """
    Install a card, and begin the process anew.
    """
    install_card(node.folder, card.data, node.around)
    node.reopen()


def renews(node: Node, **wanted: Any) -> Card:
    """
    Renew a node, a minute later.
    """
    node.clock.move(minutes=1)
    card = next_of(node, **wanted)
    installs(node, card)
    return card


def item_key(node: Node) -> str:
    """
    The id of the item key that a node signs with.
    """
    return node.home.signing.item.public_key.key_id.hex()


def stream_keys(node: Node) -> tuple[str, ...]:
    """
    The ids of the stream keys that a node signs with.
    """
    stream = node.home.signing.stream
    return tuple(each.public_key.key_id.hex() for each in (stream.ed25519, stream.mldsa44))


def seal_key(node: Node) -> str:
    """
    The id of the key that is sealed to.
    """
    return node.home.signing.opener.public_key.key_id.hex()


def forged(
    signer: Ed25519Signer, text: str, *, mark: str = "(C//REL KOR, JPN)", time: int = 1_656_072_000
) -> bytes:
    """
    A whole item that a key signed and nobody released, with whatever date its author likes.
    """
    draft = Draft(
        kind=Kind.REPORT,
        policies=(reference_to(EXERCISE),),
        portions=(DraftPortion(label=parse_mark(EXERCISE, mark), portion=Text(text=text)),),
    )
    draws = SecretDraws(bytes(32), bytes(32), draft.digest)
    return sign(draft, document=draft.digest[:16], time=time, signer=signer, draws=draws)


def hands_over(node: Node, view: bytes, to: str) -> str:
    """
    Number a view for a peer, whatever it is; the id of its item.
    """
    node.appends(to, (EntryKind.VIEW, write_view(a_slip(to), view)))
    return inspect(view).item_id.hex()
