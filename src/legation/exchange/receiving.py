# SPDX-License-Identifier: Apache-2.0
"""
The receiver's half: whether an answer carries on what is held, and what is held then.

``accept`` looks at a whole answer and raises, or says what to store. It stores nothing: what it returns
becomes true in one transaction, or not at all.

Rules kept here:

1. An answer begins exactly where we hold. What starts earlier or later is refused: from a frontier alone
   an overlap cannot be compared with what is held, and a peer who answers our position has no reason.
2. The tree with the new entries has the root that the sender has signed.
3. An entry that is taken back moves the position like any other. Until a ``void`` names it, nothing that
   covers it is receipted.
4. A payload that is not of its kind refuses the whole answer.
5. Where an answer is cut in two does not change what is accepted of its entries.
6. A bag brings the same as answers do: ``carry_on`` is for both.
7. Another incarnation is taken from its start on, if that names the one that is held (``succeeding``).

Not here, because it takes the store: whether a ``void`` names an entry that was a view (here it is
checked only within the answer), and whether a view verifies.

Use::

    accepted = accept(envelope, held, sender="KOR@NATO", keys=card.stream_keys)
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from legation.encoding import encode
from legation.errors import EquivocationError, ProofError, RemoteProtocolError
from legation.exchange.entry import EntryHeader, EntryKind, check_payload, read_void
from legation.exchange.envelope import Envelope
from legation.exchange.letter import Answer, Carried, Position, TakenBack, headers_of
from legation.exchange.succeeding import RootAt, check_agrees, predecessor_in
from legation.keys.sign import PublicKey, Verify
from legation.log.checkpoint import key_name, stream_origin, verify_checkpoint
from legation.log.frontier import Frontier
from legation.merkle import Hash

TAKEN_BACK_MAX = 1 << 20  # waiting for their void: after a loss, all of years that may not be sent again


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """
    What we durably have of a peer's stream.

    Args:
        incarnation: The one it is of; None before the first answer.
        frontier: What its tree is continued from.
        taken_back: Numbers of the entries that were taken back and have no void yet.
        receipt_size: How many entries our last receipt covers; 0 if there is none.
    """

    incarnation: bytes | None = None
    frontier: Frontier = field(default_factory=Frontier)
    taken_back: frozenset[int] = frozenset()
    receipt_size: int = 0

    def __post_init__(self) -> None:
        size = self.frontier.size
        assert self.incarnation is not None or size == 0, "entries are those of an incarnation"
        assert 0 <= self.receipt_size <= size, "what is receipted is held"
        assert all(self.receipt_size <= number < size for number in self.taken_back), "or it was receipted"

    @property
    def position(self) -> Position | None:
        """What a pull says of it; None if nothing is held."""
        if self.incarnation is None or self.frontier.size == 0:
            return None
        return Position(incarnation=self.incarnation, size=self.frontier.size, root=self.frontier.root)


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """
    A stretch of a stream that came: in an answer, or what of a bag is new.

    Args:
        sender: Whose stream it is.
        receiver: Whom it is to.
        incarnation: Of the stream.
        start: Number of the first entry.
        entries: As the letter has them.
        payloads: Of those that are carried, in order.
        checkpoint: As the letter has it, over ``end`` entries.
    """

    sender: str
    receiver: str
    incarnation: bytes
    start: int
    entries: tuple[Carried | TakenBack, ...]
    payloads: tuple[bytes, ...] = field(repr=False)
    checkpoint: bytes | None

    @property
    def end(self) -> int:
        """How many entries the stream has with these."""
        return self.start + len(self.entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """
    What an answer or a bag comes to.

    Args:
        brought: What it brought, and was not held.
        held: What we have once it is stored.
        entries: The entries that were carried, with their payloads, in order. Of those that were taken
            back there is only the leaf, in the letter.
        checkpoint: As the sender signed it, over all that is held then; None if the answer has none.
        may_receipt: Whether that checkpoint is to be cosigned: every entry below is here or void, and it is
            above the last receipt.
    """

    brought: Brought
    held: Held
    entries: tuple[tuple[EntryHeader, bytes], ...]
    checkpoint: bytes | None
    may_receipt: bool


def accept(
    envelope: Envelope[Answer],
    held: Held,
    *,
    sender: str,
    keys: Iterable[PublicKey],
    pull: bytes | None = None,
    verify: Verify = PublicKey.verify,
    root_at: RootAt | None = None,
) -> Accepted:
    """
    Check an answer against what is held, and say what is held with it.

    1. It is an answer of *sender*, and to *pull*.
    2. It is of the incarnation that is held; or of one that begins with it and names that; where nothing is held,
       of any.
    3. It begins where we hold; of another incarnation we hold nothing yet.
    4. Every payload has the form of its kind.
    5. Every ``void`` names an earlier entry that was taken back or is a view.
    6. The checkpoint verifies and is over all entries; the tree with the new ones has its root.
    7. What another incarnation says of the one that is held is what is held.

    Args:
        envelope: From ``read_envelope``.
        held: What we durably have.
        sender: Who was asked.
        keys: Stream keys of the sender, current and retired.
        pull: The binding of the pull that was sent. None where the answer key already told: it was fresh
            and used for one pull.
        verify: How signatures are verified; another rule only where two worlds are compared.
        root_at: Gives the roots of what is held; without it no other incarnation is taken.

    Raises:
        RemoteProtocolError: It is another's, of another incarnation, starts elsewhere, is over another
            size, voids what cannot be void, or takes too much back.
        MalformedError: A payload is not of its kind, or the checkpoint is no such note.
        SignatureError: The checkpoint does not verify.
        ProofError: The entries lead to another root than was signed.
        EquivocationError: What we hold already has another root than was signed now, or than the start of another
            incarnation says.
    """
    answer = envelope.letter
    # 1. Whose it is.
    _check_whose(answer, sender, pull)
    brought = Brought(
        sender=answer.sender,
        receiver=answer.receiver,
        incarnation=answer.incarnation,
        start=answer.start,
        entries=answer.entries,
        payloads=envelope.payloads,
        checkpoint=answer.checkpoint,
    )
    return carry_on(brought, held, keys=keys, verify=verify, root_at=root_at)


def carry_on(
    brought: Brought,
    held: Held,
    *,
    keys: Iterable[PublicKey],
    verify: Verify = PublicKey.verify,
    root_at: RootAt | None = None,
) -> Accepted:
    """
    Check what came against what is held, as ``accept`` does from its step 2 on.

    Raises:
        MalformedError: A payload is not of its kind.
        RemoteProtocolError: It is out of turn.
        SignatureError: The checkpoint is not signed by those keys.
        ProofError: The entries lead to another root than was signed.
        EquivocationError: What we hold already has another root than was signed now.
    """
    # 2. Which history.
    left, before = held.position, None
    if left is not None and left.incarnation != brought.incarnation:
        if root_at is None:
            raise RemoteProtocolError("answer is of another incarnation than we hold")
        before = predecessor_in(
            brought.sender, brought.incarnation, brought.entries, brought.payloads, left.incarnation
        )
        held = Held()
    # 3. Where.
    if brought.start != held.frontier.size:
        raise RemoteProtocolError(f"answer starts at {brought.start}, expected {held.frontier.size}")
    # 4. What.
    entries = tuple(zip(headers_of(brought.entries), brought.payloads, strict=True))
    for header, payload in entries:
        check_payload(header.kind, payload)
    # 5. What is taken back.
    taken_back = _taken_back(brought, entries, held)
    # 6. The tree.
    frontier = held.frontier.extend(Hash(each.leaf) for each in brought.entries)
    if brought.checkpoint is not None:
        _check_checkpoint(brought.checkpoint, brought, frontier, keys, verify)
    # 7. What it says of what is left.
    if left is not None and before is not None and root_at is not None:
        proof = encode((brought.payloads[0], brought.checkpoint))
        check_agrees(brought.sender, before, left, root_at=root_at, proof=proof)
    after = Held(
        incarnation=brought.incarnation,
        frontier=frontier,
        taken_back=taken_back,
        receipt_size=held.receipt_size,
    )
    return Accepted(
        brought=brought,
        held=after,
        entries=entries,
        checkpoint=brought.checkpoint,
        may_receipt=brought.checkpoint is not None and _may_receipt(after),
    )


def _may_receipt(held: Held) -> bool:
    """Whether every entry is here or void, and there is something to receipt that was not yet."""
    return not held.taken_back and held.frontier.size > held.receipt_size


def _check_whose(answer: Answer, sender: str, pull: bytes | None) -> None:
    if answer.sender != sender:
        raise RemoteProtocolError(f"answer is from `{answer.sender}`, expected one from `{sender}`")
    if pull is not None and answer.pull != pull:
        raise RemoteProtocolError("answer is to another pull than ours")
    if answer.chunks:
        raise RemoteProtocolError("answer has chunks that were not asked for")


def _taken_back(
    brought: Brought, entries: tuple[tuple[EntryHeader, bytes], ...], held: Held
) -> frozenset[int]:
    """Say which entries wait for their void after this answer."""
    waiting = set(held.taken_back)
    voids = {header.number: read_void(payload).number for header, payload in filter(_is_void, entries)}
    for entry in brought.entries:
        if isinstance(entry, TakenBack):
            waiting.add(entry.number)
        elif entry.number in voids:
            _check_void(entry.number, voids[entry.number], brought)
            waiting.discard(voids[entry.number])
    if len(waiting) > TAKEN_BACK_MAX:
        raise RemoteProtocolError(f"{len(waiting)} entries have no void, expected at most {TAKEN_BACK_MAX}")
    return frozenset(waiting)


def _is_void(entry: tuple[EntryHeader, bytes]) -> bool:
    return entry[0].kind is EntryKind.VOID


def _check_void(number: int, named: int, brought: Brought) -> None:
    """Check that entry *number* may void entry *named*, as far as what came shows."""
    if named >= number:
        raise RemoteProtocolError(f"void {number} names entry {named}, which is not an earlier one")
    if named < brought.start:
        return
    found = brought.entries[named - brought.start]
    if not isinstance(found, TakenBack) and found.header.kind is not EntryKind.VIEW:
        raise RemoteProtocolError(f"void {number} names entry {named}, which is no view")


def _check_checkpoint(
    data: bytes, brought: Brought, frontier: Frontier, keys: Iterable[PublicKey], verify: Verify
) -> None:
    checkpoint = verify_checkpoint(
        data,
        origin=stream_origin(brought.sender, brought.receiver, brought.incarnation),
        name=key_name(brought.sender),
        keys=keys,
        verify=verify,
    )
    if checkpoint.size != brought.end:
        raise RemoteProtocolError(f"checkpoint is over {checkpoint.size} entries, expected {brought.end}")
    if checkpoint.root == frontier.root:
        return
    if brought.entries:
        raise ProofError("entries lead to another root than that of the checkpoint")
    raise EquivocationError(
        f"stream of `{brought.sender}` has two roots at size {checkpoint.size}",
        ours=encode(frontier),
        theirs=data,
    )
