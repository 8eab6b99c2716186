# SPDX-License-Identifier: Apache-2.0
"""
Real nodes in temporary folders, joined in memory: everything but HTTP, processes and the time of day.

Use::

    with Village(tmp_path) as village:
        kor, jpn = village.pair("KOR@NATO", "JPN@NATO")
        item = kor.releases("(C//REL KOR, JPN) The seating was changed.", to=["JPN@NATO"])
        jpn.pulls(kor)
        assert jpn.reads(item) == ["The seating was changed."]
        jpn.pulls(kor)  # brings the receipt
        assert kor.states(item) == {"JPN@NATO": "receipted"}

``pair`` joins: each has the other's card, added by one person and confirmed by another, and a grant up to
SECRET. ``node`` makes one that knows nobody. Each node has a clock of its own, which stands still until a
test moves it, and dice with a seed.

``unchanged`` compares all that a node holds, row by row and blob by blob, before and after; all but when a
peer was heard of, and what people are told of it.
"""

import random
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from msgspec.structs import replace as changed

from legation.errors import LegationError
from legation.exchange import (
    ANSWER_SIZE_BYTES_MAX,
    PROTOCOL,
    PULL_SIZE_BYTES_MAX,
    Answer,
    Carried,
    EntryKind,
    Envelope,
    Pull,
    Push,
    TakenBack,
    read_envelope,
    write_envelope,
)
from legation.formats import stanag4774
from legation.item.draft import Draft, Slip
from legation.keys.card import Card, CardBody, KeyState, ListedKey, Office, make, read
from legation.keys.sign import SEED_SIZE_BYTES, Ed25519Signer
from legation.log import LogEntry
from legation.node.checking.whole import check, repair
from legation.node.courier.packing import Packing
from legation.node.courier.unpacking import Unpacking
from legation.node.desk.attaching import Attaching
from legation.node.desk.drafting import preview_draft, store_draft, store_version
from legation.node.desk.reading import read_deliveries, read_inbox, show_item
from legation.node.desk.releasing import Released, release
from legation.node.home import ROOT, Home, create_home, open_home
from legation.node.keys.keyring import ROOT_KEY
from legation.node.peers.links import read_peers
from legation.node.peers.peering import GrantState, add_peer, confirm_peer, grant
from legation.node.rules import RuleBook, begin_epoch, named_clearance, policies_at_hand
from legation.node.service.serving import Keeper, pulling, taking_pushes
from legation.node.streams.answering import Answering
from legation.node.streams.handing_over import Batch
from legation.node.streams.numbering import append, begun
from legation.node.streams.pulling import Pulling
from legation.node.streams.push_loop import pushing
from legation.node.streams.pushing import Pushed, Pushing
from legation.node.streams.taking_in import Pulled
from legation.node.surroundings import Surroundings
from legation.node.withdrawal.withdrawing import JudgedWithdrawal, accept_withdrawal, withdraw_item
from legation.records import (
    CheckRecord,
    DeliveryRecord,
    DestructionRecord,
    FaultRecord,
    InboxEntryRecord,
    ItemRecord,
    OpenedRecord,
    PeerRecord,
    PreviewRecord,
    WithdrawnRecord,
)
from legation.store.sqlite import logbook
from legation.store.sqlite import node as node_rows
from legation.store.sqlite.database import Database, Reading, Row, Writing
from tests.stories.cast import NOON
from tests.stories.cast import clearance as clearance_of

FIRST, SECOND = "security officer", "administrator"
"""The two persons of every act by two."""

Way = Callable[[Iterable[bytes]], Iterator[bytes]]
"""How a pull gets to a peer and the answer back; a test may put something on it."""

State = dict[str, list[Row]]


@dataclass
class Clock:
    """
    A clock that stands still until it is moved, forward or back.
    """

    at: datetime = NOON

    def __call__(self) -> datetime:
        """
        The instant.
        """
        return self.at

    def move(self, **by: float) -> None:
        """
        Move it, by days, hours, seconds as ``timedelta`` has them.
        """
        self.at += timedelta(**by)


def report(*paragraphs: str, to: Sequence[str] = (), title: str = "", policy: str = "EXERCISE") -> bytes:
    """
    A report with these paragraphs, each with its mark, for action by the first addressee.
    """
    head = [f"kind: report\npolicy: {policy}\n"]
    head += [f"title: {title}\n"] if title else []
    head += [f"action: {to[0]}\n"] if to else []
    head += [f"info: {', '.join(to[1:])}\n"] if to[1:] else []
    return ("".join(head) + "\n" + "\n\n".join(paragraphs) + "\n").encode()


class Node:
    """
    One node: its folder opened, and what people and peers do with it.

    Args:
        folder: Where it lies.
        clock: Its clock.
        seed: Of its dice.
        village: The nodes that there are.
    """

    def __init__(self, folder: Path, clock: Clock, seed: str, village: "Mapping[str, Node]") -> None:
        self.village = village
        self.folder = folder
        self.clock = clock
        self.around = Surroundings(now=clock, random=random.Random(seed).randbytes)
        self.reports: list[tuple[str, BaseException]] = []
        self.home: Home
        self.answering: Answering
        self.open()

    def open(self, **others: Any) -> None:
        """
        Open the folder, as a process that begins; what was remembered in memory is gone.
        """
        self.home = replace(open_home(self.folder, self.around), **others)
        self.answering = Answering(
            card=self.home.card,
            signing=self.home.signing,
            database=self.home.database,
            blobs=self.home.blobs,
            attachments=self.home.attachments,
            around=self.around,
        )
        self.keeper = Keeper(
            self.home, self.around, lambda where, error: self.reports.append((where, error)), lambda: None
        )
        self._pulling: dict[str, Pulling] = {}
        self._pushing: dict[str, Pushing] = {}
        self.taking_pushes = taking_pushes(self.home, self.around, self.answering.letterbox)

    def speaks(self, *protocols: int) -> None:
        """
        Go on with a program that speaks these versions of the exchange; its card says so when it is renewed.
        """
        self.around = replace(self.around, protocols=protocols)
        self.reopen()

    def close(self) -> None:
        """
        Close it, as a process that ends.
        """
        self.home.close()

    def reopen(self) -> None:
        """
        End the process and begin another.
        """
        self.close()
        self.open()

    @property
    def office(self) -> str:
        """
        Whose node it is.
        """
        return self.home.office

    @property
    def card(self) -> Card:
        """
        What it publishes of itself.
        """
        return self.home.card

    @property
    def database(self) -> Database:
        """
        Its store.
        """
        return self.home.database

    # People.

    def adds(self, card: Card | bytes, *, by: str = FIRST) -> Card:
        """
        Take in a card that nobody trusts yet.
        """
        data = card if isinstance(card, bytes) else card.data
        return add_peer(data, by=by, card=self.card, database=self.database, around=self.around)

    def confirms(self, office: str, *, by: str = SECOND, words: Sequence[str] = ()) -> Card:
        """
        Trust a card that was added.
        """
        return confirm_peer(
            office,
            by=by,
            words=words,
            card=self.card,
            database=self.database,
            blobs=self.home.blobs,
            around=self.around,
        )

    def trusts(self, card: Card | bytes) -> None:
        """
        Take in a card and confirm it, as two persons.
        """
        self.confirms(str(self.adds(card).office))

    def proposes(self, office: str, clearance: bytes, *, by: str = FIRST, **more: Any) -> GrantState:
        """
        Propose a grant, or confirm what somebody else proposed.
        """
        told: dict[str, Any] = {"agreement": "exercise", "not_before": None, "not_after": None} | more
        return grant(office, clearance, by=by, database=self.database, around=self.around, **told)

    def grants(self, office: str, highest: str = "SECRET", **more: Any) -> GrantState:
        """
        Grant an office what is for its party, up to a classification, as two persons.
        """
        return self.grants_exactly(office, clearance_of([party_of(office)], highest=highest), **more)

    def grants_exactly(self, office: str, clearance: bytes, **more: Any) -> GrantState:
        """
        Grant an office what a clearance says, as two persons.
        """
        self.proposes(office, clearance, **more)
        return self.proposes(office, clearance, by=SECOND, **more)

    def writes(self, *paragraphs: str, to: Sequence[str] = (), title: str = "") -> Draft:
        """
        Keep a report as a draft.
        """
        return self.writes_text(report(*paragraphs, to=to, title=title))

    def writes_text(
        self, data: bytes | str, *, replaces: str = "", files: Mapping[str, bytes] | None = None
    ) -> Draft:
        """
        Keep a report as it lies in a file, perhaps as a new version of an item, with the files that it names.
        """
        given = files or {}

        def opened(name: str) -> BinaryIO:
            if name not in given:
                raise FileNotFoundError(name)
            return BytesIO(given[name])

        text = data if isinstance(data, bytes) else data.encode()
        told: dict[str, Any] = {
            "by": "drafter",
            "card": self.card,
            "database": self.database,
            "around": self.around,
            "attaching": Attaching(
                files=opened,
                store=self.home.attachments,
                database=self.database,
                around=self.around,
            ),
        }
        if replaces:
            return store_version(text, replaces=replaces, blobs=self.home.blobs, **told)
        return store_draft(text, blobs=self.home.blobs, **told)

    def rewrites(self, item: str, *paragraphs: str, to: Sequence[str] = (), title: str = "") -> Draft:
        """
        Keep a report as a draft of a new version of an item.
        """
        return self.writes_text(report(*paragraphs, to=to, title=title), replaces=item)

    def corrects(self, item: str, *paragraphs: str, to: Sequence[str] = (), title: str = "") -> str:
        """
        Release a new version of an item, a minute later; its item id.
        """
        self.clock.move(minutes=1)
        return self.lets_go(self.rewrites(item, *paragraphs, to=to, title=title)).item_id.hex()

    def previews(self, draft: Draft) -> PreviewRecord:
        """
        Preview a draft.
        """
        return preview_draft(
            draft.digest.hex(),
            card=self.card,
            database=self.database,
            blobs=self.home.blobs,
            around=self.around,
        )

    def withdraws(self, item: str) -> WithdrawnRecord:
        """
        Withdraw an item.
        """
        return withdraw_item(
            item,
            by="releasing officer",
            card=self.card,
            database=self.database,
            signing=self.home.signing,
            around=self.around,
        )

    def destroys(self, item: str, **more: str) -> DestructionRecord:
        """
        Destroy an item, as two persons.
        """
        named = {"by": "registrar", "witness": "security officer"} | more
        return self.home.destroying(self.around).destroy(item, **named)

    def takes_in(self, withdrawal: bytes, source: "Node | str") -> JudgedWithdrawal:
        """
        Take in a withdrawal that came from a peer, as the exchange will.
        """
        office = source if isinstance(source, str) else source.office

        def act(db: Writing) -> JudgedWithdrawal:
            rules = RuleBook(self.card, self.around).turn(db)
            return accept_withdrawal(db, withdrawal, source=office, rules=rules, around=self.around)

        return self.database.write(act)

    def lets_go(self, draft: Draft, *, seen: bytes | None = None) -> Released:
        """
        Release a draft.
        """
        return release(
            draft.digest.hex(),
            by="releasing officer",
            seen=seen,
            card=self.card,
            database=self.database,
            blobs=self.home.blobs,
            signing=self.home.signing,
            around=self.around,
        )

    def releases(self, *paragraphs: str, to: Sequence[str], title: str = "") -> str:
        """
        Write a report and release it; its item id.
        """
        return self.lets_go(self.writes(*paragraphs, to=to, title=title)).item_id.hex()

    def keeps_house(self) -> None:
        """
        Let the keeper look once: dates that have passed, deliveries that may go now.
        """
        self.keeper.look()

    # Peers.

    def answers(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """
        Answer one pull, as the server does, but without waiting.
        """
        found = self.takes(pieces)
        return self.answering.answer(found)

    def takes(self, pieces: Iterable[bytes]) -> Envelope[Pull]:
        """
        Open a pull and take in what it brings.
        """
        found = self.answering.open(b"".join(pieces))
        self.answering.take_in(found.letter)
        return found

    def batch(self, pull: Pull) -> Batch:
        """
        Decide, cut, append and sign what is to be answered.
        """
        return self.answering.batch(pull)

    def from_(self, peer: "Node | str") -> Pulling:
        """
        What pulls from a peer; one for each, as long as the process lives.
        """
        office = peer if isinstance(peer, str) else peer.office
        if office not in self._pulling:
            self._pulling[office] = pulling(self.home, office, self.around)
        return self._pulling[office]

    def pulls(self, peer: "Node", way: Way | None = None) -> Pulled:
        """
        Make one pull.
        """
        return self.from_(peer).pull(way or peer.answers)

    def to(self, peer: "Node | str") -> Pushing:
        """
        What pushes to a peer; one for each, as long as the process lives.
        """
        office = peer if isinstance(peer, str) else peer.office
        if office not in self._pushing:
            self._pushing[office] = pushing(self.home, office, self.around)
        return self._pushing[office]

    def pushes(self, peer: "Node", way: Way | None = None) -> Pushed:
        """
        Make one push.
        """
        return self.to(peer).push(way or peer.is_pushed)

    def pushes_all(self, peer: "Node") -> Pushed:
        """
        Push until there is nothing more.
        """
        while True:
            found = self.pushes(peer)
            if not found.has_more and not self.to(peer).has_news():
                return found

    def is_pushed(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """
        Take a push and answer it, as the server does.
        """
        envelope = b"".join(pieces)
        found = self.answering.letterbox.open(envelope, Push)
        return self.taking_pushes.take(envelope, found)

    def catches_up(self, peer: "Node") -> Pulled:
        """
        Pull until there is nothing more, so that the peer has our receipt too.
        """
        views = 0
        while True:
            found = self.pulls(peer)
            views += found.views
            if not found.entries and not found.is_challenged:
                return replace(found, views=views)

    def packs(self, peer: "Node | str", **more: Any) -> list[Path]:
        """
        Pack what is new for a peer, with ``again`` a bag anew; the files.
        """
        office = peer if isinstance(peer, str) else peer.office
        folder = self.folder.parent / f"bags of {self.office}"
        folder.mkdir(exist_ok=True)
        packing = Packing(
            card=self.card,
            peer=office,
            signing=self.home.signing,
            database=self.database,
            blobs=self.home.blobs,
            store=self.home.attachments,
            around=self.around,
        )
        return [folder / each.file for each in packing.pack(folder, by="registry", **more).bags]

    @property
    def unpacking(self) -> Unpacking:
        """
        What opens bags.
        """
        return Unpacking(
            card=self.card,
            signing=self.home.signing,
            database=self.database,
            blobs=self.home.blobs,
            store=self.home.attachments,
            around=self.around,
        )

    def unpacks(self, *paths: Path, **more: Any) -> OpenedRecord:
        """
        Open bags, in this order; what came of the last.
        """
        [*_, last] = [self.unpacking.open(each, by="registry", **more) for each in paths]
        return last

    def asks(self, peer: "Node") -> bytes:
        """
        Write a pull and send it nowhere: the envelope. Its answer cannot be opened any more.
        """
        written: list[bytes] = []

        def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
            written.extend(pieces)
            raise LegationError("sent nowhere")

        with suppress(LegationError):
            self.pulls(peer, way)
        return b"".join(written)

    def lies(self, change: Callable[[Answer], Answer] = lambda answer: answer, **more: Any) -> Way:
        """
        Answer a pull with a letter that is changed before it is signed and sealed, as only this node can.

        Args:
            change: What becomes of the honest answer. Payloads follow its headers.
            more: ``payloads`` by hash, beside those of the batch; ``signer``, if it is not this node's.
        """

        def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
            found = self.takes(pieces)
            batch = self.batch(found.letter)
            payloads = {sha256(each.payload).digest(): each.payload for each in batch.entries if each.payload}
            payloads |= {sha256(each).digest(): each for each in more.get("payloads", ())}
            answer = change(
                Answer(
                    sender=self.office,
                    receiver=found.letter.sender,
                    nonce=self.around.random(16),
                    pull=found.binding,
                    incarnation=batch.stream.incarnation,
                    start=batch.start,
                    entries=tuple(
                        TakenBack(number=each.header.number, leaf=each.header.leaf)
                        if each.payload is None
                        else Carried(header=each.header)
                        for each in batch.entries
                    ),
                    checkpoint=batch.checkpoint,
                    challenge=batch.challenge,
                )
            )
            return write_envelope(
                answer,
                [payloads[header.payload_hash] for header in answer.headers],
                signer=more.get("signer", self.home.signing.stream.ed25519),
                to=found.letter.answer_key,
                secret=self.around.random(32),
                sealer=self.around.sealer,
            )

        return way

    def asks_with(self, peer: "Node", **more: Any) -> bytes:
        """
        Write a pull that says what a test wants it to.

        Args:
            peer: Whom it is sealed to.
            more: Fields of the letter; ``signer`` and ``to`` if they are not as they should be.
        """
        signer = more.pop("signer", self.home.signing.stream.ed25519)
        to = more.pop("to", peer.card.seal_key)
        told: dict[str, Any] = {
            "sender": self.office,
            "receiver": peer.office,
            "nonce": self.around.random(16),
            "answer_key": self.home.signing.opener.public_key,
        }
        pieces = write_envelope(
            Pull(**(told | more)),
            [],
            signer=signer,
            to=to,
            secret=self.around.random(32),
            sealer=self.around.sealer,
        )
        return b"".join(pieces)

    def hears(self, envelope: bytes) -> Answer:
        """
        Answer a pull of ``asks_with``, and look into the answer as whoever asked.
        """
        pull = self.answering.open(envelope)
        self.answering.take_in(pull.letter)
        asker = self.village[pull.letter.sender]
        return read_envelope(
            self.answering.answer(pull),
            Answer,
            openers=[asker.home.signing.opener],
            receiver=asker.office,
            key_of=lambda _: self.card.envelope_key,
            size_bytes_max=ANSWER_SIZE_BYTES_MAX,
        ).letter

    def opens(self, envelope: bytes, sender: "Node") -> Pull:
        """
        Look into a pull without taking it.
        """
        return read_envelope(
            [envelope],
            Pull,
            openers=[self.home.signing.opener],
            receiver=self.office,
            key_of=lambda _: sender.card.envelope_key,
            size_bytes_max=PULL_SIZE_BYTES_MAX,
            protocols=self.around.protocols,
        ).letter

    def appends(self, office: str, *payloads: tuple[EntryKind, bytes]) -> None:
        """
        Number entries for a peer that no honest node would, with honest signatures.
        """

        def act(db: Writing) -> None:
            rules = RuleBook(self.card, self.around).turn(db)
            stream = begun(db, office, epoch=rules.epoch, around=self.around)
            entries = [(kind, payload, None) for kind, payload in payloads]
            append(db, stream, entries, epoch=rules.epoch, around=self.around, blobs=self.home.blobs)

        self.database.write(act)

    # Looking.

    def inbox(self) -> tuple[InboxEntryRecord, ...]:
        """
        What it lists.
        """
        return read_inbox(self.office, card=self.card, database=self.database, around=self.around).entries

    def listed(self) -> list[str]:
        """
        The ids of what it lists, newest first.
        """
        return [each.item for each in self.inbox()]

    def reads(self, item: str) -> list[str]:
        """
        The texts that it shows of an item, verified.
        """
        return [getattr(each.portion, "text", "") for each in self.shows(item).portions]

    def shows(self, item: str) -> ItemRecord:
        """
        What it shows of an item, verified.
        """
        return show_item(
            item,
            self.office,
            (),
            card=self.card,
            database=self.database,
            blobs=self.home.blobs,
            around=self.around,
        )

    def deliveries(self, item: str = "") -> tuple[DeliveryRecord, ...]:
        """
        What became of what it released.
        """
        found = read_deliveries(database=self.database, around=self.around).deliveries
        return tuple(each for each in found if not item or each.item == item)

    def states(self, item: str = "") -> dict[str, str]:
        """
        The state of the newest delivery of an item, or of what was released last, to each addressee.
        """
        found = self.deliveries()
        return {each.addressee: each.state for each in found if each.item == (item or found[0].item)}

    def peer(self, other: "Node | str") -> PeerRecord:
        """
        What it tells of a peer.
        """
        office = other if isinstance(other, str) else other.office
        found = read_peers(database=self.database, around=self.around).peers
        return next(each for each in found if each.office == office)

    def faults(self) -> tuple[FaultRecord, ...]:
        """
        What its check finds.
        """
        return self.checks().faults

    def checks(self) -> CheckRecord:
        """
        All that its check says.
        """
        return check(
            card=self.card,
            database=self.database,
            blobs=self.home.blobs,
            attachments=self.home.attachments,
            around=self.around,
        )

    def repairs(self) -> CheckRecord:
        """
        What its check says and has made again.
        """
        return repair(
            folder=self.folder,
            card=self.card,
            database=self.database,
            blobs=self.home.blobs,
            attachments=self.home.attachments,
            around=self.around,
        )

    def log(self) -> list[LogEntry]:
        """
        Its own log.
        """
        with self.database.read() as db:
            return logbook.entries(db, 0, 1_000_000)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """
        Rows of its store.
        """
        with self.database.read() as db:
            return list(db.rows(sql, tuple(parameters)))

    def runs(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """
        Change its store behind its back.
        """
        self.database.write(lambda db: db.run(sql, tuple(parameters)))

    def state(self) -> State:
        """
        All that it holds: every row of every table, and every blob.
        """
        with self.database.read() as db:
            found = {table: list(_table(db, table)) for table in _tables(db)}
        blobs = sorted((self.folder / "blobs").rglob("*.blob"))
        return found | {"blobs": [(path.name, path.read_bytes()) for path in blobs]}


def _tables(db: Reading) -> list[str]:
    rows = db.rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return sorted(name for (name,) in rows)


def _table(db: Reading, name: str) -> Iterator[Row]:
    if name == "peer":
        # When a peer was heard of, and what people are told of it, is no effect of what it said.
        return db.rows("SELECT office, link, because, reached_at FROM peer ORDER BY office")
    return db.rows(f"SELECT * FROM {name} ORDER BY 1, 2")  # noqa: S608 - a table of ours


@contextmanager
def unchanged(*nodes: Node) -> Iterator[None]:
    """
    See to it that nothing of what these nodes hold is another at the end.
    """
    before = [node.state() for node in nodes]
    yield
    for node, held in zip(nodes, before, strict=True):
        now = node.state()
        assert {name: rows for name, rows in now.items() if rows != held[name]} == {}


@dataclass
class Village:
    """
    Nodes in one folder, closed in the end.
    """

    folder: Path
    nodes: dict[str, Node] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for node in self.nodes.values():
            node.close()

    def node(self, office: str, *, protocols: tuple[int, ...] = (PROTOCOL,), **more: Any) -> Node:
        """
        Make a node that knows nobody, and speaks these versions of the exchange.
        """
        clock = Clock()
        around = Surroundings(
            now=clock, random=random.Random(f"making {office}").randbytes, protocols=protocols
        )
        create_home(self.folder / office, Office.parse(office), around, **more)
        made = self.nodes[office] = Node(self.folder / office, clock, f"living {office}", self.nodes)
        made.speaks(*protocols)
        return made

    def pair(self, one: str, other: str) -> tuple[Node, Node]:
        """
        Make two nodes that trust each other, each with a grant up to SECRET.
        """
        first, second = self.node(one), self.node(other)
        self.joins(first, second)
        return first, second

    def star(self, centre: str, *others: str) -> tuple[Node, ...]:
        """
        Make a node, and others that it is joined with.
        """
        middle = self.node(centre)
        around = [self.node(each) for each in others]
        for each in around:
            self.joins(middle, each)
        return middle, *around

    def joins(self, one: Node, other: Node) -> None:
        """
        Let two nodes trust each other, each with a grant up to SECRET.
        """
        for ours, theirs in ((one, other), (other, one)):
            ours.trusts(theirs.card)
            ours.grants(theirs.office)

    def copies(self, node: Node) -> Path:
        """
        Take a backup of a node's folder, from which ``restores`` puts it back.
        """
        node.close()
        backup = self.folder / f"backup of {node.office} {len(list(self.folder.iterdir()))}"
        shutil.copytree(node.folder, backup)
        node.open()
        return backup

    def restores(self, node: Node, backup: Path) -> None:
        """
        Put a backup in the place of a node's folder.
        """
        node.close()
        shutil.rmtree(node.folder)
        shutil.copytree(backup, node.folder)
        node.open()


def party_of(office: str) -> str:
    """
    The party whose office it is.
    """
    return Office.parse(office).party


def next_card(
    node: Node,
    *,
    item_key: KeyState = KeyState.CURRENT,
    after: Card | None = None,
    addresses: tuple[str, ...] = (),
) -> Card:
    """
    The next card of a node's office: its item key in another state, and a new one beside it.

    Args:
        node: Whose card.
        item_key: How the node's own item key stands on it.
        after: The card that it follows; the one that the node has.
        addresses: Where it says the office is reached.
    """
    before = after or node.card
    number = before.body.number + 1
    root = Ed25519Signer(ROOT_KEY.decode((node.folder / ROOT).read_bytes()).seed)
    new = Ed25519Signer(random.Random(f"item key {number} of {node.office}").randbytes(SEED_SIZE_BYTES))
    own = node.home.signing.item
    listed = [
        ListedKey(key=own.public_key, state=item_key),
        ListedKey(key=new.public_key, state=KeyState.CURRENT),
    ]
    body: CardBody = changed(
        before.body,
        number=number,
        previous=before.digest,
        addresses=addresses or before.body.addresses,
        item_keys=tuple(sorted(listed, key=lambda each: each.key.key_id)),
    )
    stream = node.home.signing.stream
    signers = [root, new, stream.ed25519, stream.mldsa44, *([own] if item_key is KeyState.CURRENT else [])]
    return read(make(body, signers))


def limit(node: Node) -> None:
    """
    Let the people of a mission see what is LIMITED and no more.
    """
    found = stanag4774.read_clearance(
        clearance_of([party_of(node.office)], highest="LIMITED", context=("Own", "Releasable"))
    )

    def act(db: Writing) -> None:
        node_rows.set_mission_clearance(db, named_clearance(found, policies_at_hand(db)))
        begin_epoch(db, node.around)

    node.database.write(act)


def a_slip(addressee: str, **more: Any) -> Slip:
    """
    A slip.
    """
    return Slip(addressee=addressee, **more)
