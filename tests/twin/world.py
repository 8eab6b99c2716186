# SPDX-License-Identifier: Apache-2.0
"""
A world of twins: real nodes in temporary folders, joined in memory, and all that an observer saw of it.

Nodes have their true stores and their true code; a request comes in by the application that ``serve``
answers with, without a socket. What crosses to or from the observer is written down byte for byte, as
*sights*: the name of a surface and what was seen on it.
"""

import asyncio
import contextlib
import io
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from hashlib import shake_256
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

import structlog
from msgspec.structs import replace as replaced

from legation.cli import legation
from legation.cli.output import run
from legation.encoding import encode
from legation.errors import LegationError, RefusedError, UnreachableError
from legation.exchange import (
    ANSWER_SIZE_BYTES_MAX,
    Answer,
    EntryKind,
    Pull,
    Push,
    Taken,
    read_envelope,
    write_cards,
    write_envelope,
    write_offer,
    write_view,
)
from legation.exchange.letter import Position
from legation.formats import markdown, stanag4774
from legation.item.draft import Slip
from legation.item.draws import SecretDraws
from legation.item.signing import sign
from legation.item.view import cut, inspect
from legation.keys.card import Office
from legation.keys.seal import Opener
from legation.keys.sign import PublicKey, Purpose, unsafe_verify
from legation.labels import parse_mark
from legation.node import home as homes
from legation.node import surroundings
from legation.node.courier.packing import Packing
from legation.node.courier.unpacking import Unpacking
from legation.node.desk.attaching import Attaching, attached_in, drawn_file, wanted_of
from legation.node.desk.drafting import preview_draft, store_draft, store_version
from legation.node.desk.passing import pass_on
from legation.node.desk.releasing import release
from legation.node.home import Home, open_home
from legation.node.keys.renewing import Wanted, install_card, prepare_renewal, vouch_renewal
from legation.node.peers.accepting import add_policy
from legation.node.peers.peering import add_peer, confirm_peer
from legation.node.rules import RuleBook, begin_epoch, named_clearance, policies_at_hand
from legation.node.service.journal import journal
from legation.node.service.serving import Keeper, PullLoop, exchange_of, pulling
from legation.node.streams import handing_over, letterbox, numbering
from legation.node.streams.numbering import append, begun
from legation.node.streams.pulling import Pulling
from legation.node.streams.push_loop import pushing
from legation.node.streams.pushing import Pushing
from legation.node.surroundings import Surroundings
from legation.node.withdrawal.withdrawing import accept_withdrawal, withdraw_item
from legation.store.sqlite import access, attachments, incoming, items, node, withdrawals
from legation.store.sqlite.database import Writing
from tests.cli.toy import TOY
from tests.stories.cast import root_of
from tests.twin import cast
from tests.twin.moments import Moments

ROUNDS_MAX = 40  # answers until a stream is drained; the longest script has a third of that
WAITING_S = 0.1  # between two hidden acts while a request waits: several looks of the doorbell
Hook = Callable[[], None]

SMALL = (
    (numbering, "DELIVERIES_PER_STEP", 2),
    (numbering, "STEP_SIZE_BYTES", 4_000),
    (numbering, "REMEMBERED_SIZE_BYTES_MAX", 9_000),
    (handing_over, "ENTRIES_MAX", 2),
    (handing_over, "BATCH_SIZE_BYTES", 3_000),
    (letterbox, "BINDINGS_REMEMBERED", 2),
)
"""Limits in a cramped world: what takes thousands of items elsewhere happens with three."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen on one surface."""

    surface: str
    data: bytes

    def __repr__(self) -> str:
        shown = self.data if len(self.data) <= 300 else self.data[:300] + b"..."
        return f"{self.surface}: {shown!r}"


@dataclass(frozen=True)
class Reply:
    """What came back over a door: status, headers, the parts of the body, and whether it was whole."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    parts: tuple[bytes, ...]
    is_whole: bool

    @property
    def sight(self) -> bytes:
        """Everything that can be seen of it but the parts."""
        return repr((self.status, self.headers, [len(each) for each in self.parts], self.is_whole)).encode()


class Door:
    """The application that answers a node's peers, asked without a socket."""

    def __init__(
        self, home: Home, around: Surroundings, report: Callable[[str, BaseException], None]
    ) -> None:
        self._loop = asyncio.new_event_loop()
        self._app = exchange_of(home, around, report)

    def close(self) -> None:
        """Let go of the loop and its threads."""
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def ask(
        self,
        body: bytes,
        *,
        method: str = "POST",
        path: bytes = b"/exchange",
        during: Sequence[Hook] = (),
        waiting: Sequence[Hook] = (),
    ) -> Reply:
        """
        Make one request.

        Args:
            body: The envelope.
            method: Of the request.
            path: Of the request.
            during: What happens meanwhile, each after a part of the answer was given out.
            waiting: What happens one after the other while the answer is waited for.
        """
        return self._loop.run_until_complete(self._ask(body, method, path, list(during), waiting))

    async def _ask(
        self, body: bytes, method: str, path: bytes, during: list[Hook], waiting: Sequence[Hook]
    ) -> Reply:
        request = _Request(body, during)
        for number, act in enumerate(waiting, 1):
            self._loop.call_later(number * WAITING_S, request.do, act)
        scope = {
            "type": "http",
            "method": method,
            "http_version": "1.1",
            "raw_path": path,
            "path": path.decode(),
            "query_string": b"",
            "headers": [(b"content-length", str(len(body)).encode())],
        }
        try:
            await self._app(scope, request.receive, request.send)
        except Exception:
            # An answer that is cut ends so; the server makes a broken connection of it.
            if request.failed or not request.start or request.is_whole:
                raise
        # What is worked ahead for the next pull is done before it comes.
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})
        return request.reply()


class _Request:
    """One request as the application sees it, and what it answers."""

    def __init__(self, body: bytes, during: list[Hook]) -> None:
        self._left = [{"type": "http.request", "body": body, "more_body": False}]
        self._during = during
        self._parts: list[bytes] = []
        self.start: dict[str, Any] = {}
        self.is_whole = False
        self.failed: Exception | None = None

    async def receive(self) -> Any:
        """Give the body, and never hang up."""
        if not self._left:
            await asyncio.Event().wait()
        return self._left.pop()

    async def send(self, message: Any) -> None:
        """Take a part of the answer; between two parts something hidden may happen."""
        if message["type"] == "http.response.start":
            self.start = message
            return
        if message["body"]:
            self._parts.append(message["body"])
        if not message.get("more_body", False):
            self.is_whole = True
        elif self._during:
            self.do(self._during.pop(0))

    def do(self, act: Hook) -> None:
        """Let something happen; what goes wrong with it is told in the end."""
        try:
            act()
        except Exception as error:  # noqa: BLE001 - the application would take it for a broken line
            self.failed = error

    def reply(self) -> Reply:
        """What came of it; what was to happen meanwhile has happened by then."""
        for act in self._during:
            self.do(act)
        if self.failed is not None:
            raise self.failed
        headers = tuple(map(tuple, self.start["headers"]))
        return Reply(self.start["status"], headers, tuple(self._parts), self.is_whole)


@dataclass
class Node:
    """One office's node, open, and what runs in its process."""

    path: Path
    home: Home
    around: Surroundings
    told: io.StringIO
    report: Callable[[str, BaseException], None]
    door: Door
    pulls: dict[str, Pulling] = field(default_factory=dict)
    pushes: dict[str, Pushing] = field(default_factory=dict)

    @property
    def office(self) -> str:
        """Whose node it is."""
        return self.home.office

    def close(self) -> None:
        """Stop the process."""
        self.door.close()
        self.home.close()


class World:
    """
    One of two worlds.

    Args:
        moments: Its clock and dice.
        peers: For each office that has a node here, its peers and what they are granted from the start.
        watched: The office between whom and all others everything is written down, if there is one.
    """

    def __init__(
        self,
        moments: Moments,
        peers: dict[str, tuple[tuple[str, str], ...]],
        *,
        watched: str = "",
        small: bool = False,
    ) -> None:
        self.moments = moments
        self.watched = watched
        self.sights: list[Sight] = []
        self.done = Counter[str]()
        self.released: dict[str, bytes] = {}  # by the name given in the script
        self.cards: dict[str, bytes] = {}  # of offices that were renewed, the newest
        self.versions: dict[str, list[str]] = {}  # of each document by its first version, the oldest first
        self._peers = peers
        self._given = count()  # how often an office was let hold what is attached; no two files have one name
        self._small = small
        self._nodes: dict[str, Node] = {}
        self._told: dict[str, io.StringIO] = {}
        self._stack = contextlib.ExitStack()
        self.last: dict[tuple[str, str], bytes] = {}  # the last envelope from one to another
        self._opener: Opener | None = None
        self._commanded: set[str] = set()  # offices in whose folder a command was run

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=cast.fast_folder())))
            stack.enter_context(self.moments.leaves.standing())
            for module, name, value in SMALL if self._small else ():
                stack.enter_context(patch.object(module, name, value))
            stack.callback(self.close_all)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    # Nodes.

    def node(self, office: str) -> Node:
        """The node of an office; it is laid out and started when it is first needed."""
        found = self._nodes.get(office)
        if found is None:
            path = self.folder / office
            if not path.exists():
                cast.lay_out(self.folder, office, self._peers.get(office, ()))
            found = self._nodes[office] = self._start(path, office)
        return found

    def _start(self, path: Path, office: str) -> Node:
        around = self.moments.around(office)
        if office == self.watched:
            around = replace(around, opener=self._remembering(around.opener))
        home = open_home(path, around)
        told = self._told.setdefault(office, io.StringIO())
        report = self._journal(told)
        return Node(path, home, around, told, report, Door(home, around, report))

    def _remembering(self, make: Callable[[bytes, bytes], Opener]) -> Callable[[bytes, bytes], Opener]:
        """Keep what opens the next answer to the observer: it reads its own letters, and so do we."""

        def opener(mlkem_seed: bytes, x25519_seed: bytes) -> Opener:
            self._opener = make(mlkem_seed, x25519_seed)
            return self._opener

        return opener

    def _journal(self, told: io.StringIO) -> Callable[[str, BaseException], None]:
        """The operator's log of a node, with the clock of this world."""

        def stamp(**_: object) -> Callable[[Any, str, Any], Any]:
            return lambda _logger, _name, event: {**event, "timestamp": self.moments.now().isoformat()}

        with contextlib.redirect_stderr(told), patch.object(structlog.processors, "TimeStamper", stamp):
            return journal()

    def told(self, office: str) -> str:
        """What a node's operator was told so far."""
        return self._told[office].getvalue() if office in self._told else ""

    def close(self, office: str) -> None:
        """Stop the process of a node, if it runs."""
        found = self._nodes.pop(office, None)
        if found is not None:
            found.close()

    def close_all(self) -> None:
        """Stop all processes."""
        for office in list(self._nodes):
            self.close(office)

    def see(self, surface: str, data: bytes | str) -> None:
        """Write down a sight."""
        self.sights.append(Sight(surface, data.encode() if isinstance(data, str) else data))

    def _sees(self, *offices: str) -> bool:
        return self.watched in offices

    # What offices do.

    def release(self, by: str, report: str, name: str) -> None:
        """Keep a report as a draft, preview it, and release what was seen."""
        at = self.node(by)
        draft = store_draft(
            report.encode(),
            by="drafter",
            card=at.home.card,
            database=at.home.database,
            blobs=at.home.blobs,
            around=at.around,
            attaching=self._attaching(by, name),
        )
        if self._let_go(at, draft.digest.hex(), name):
            self.versions[name] = [name]

    def correct(self, by: str, report: str, name: str, of: str) -> None:
        """Release a report as a new version of the document that an item of the script began."""
        at = self.node(by)
        if of not in self.versions:
            return
        draft = store_version(
            report.encode(),
            replaces=self.released[self.versions[of][-1]].hex(),
            by="drafter",
            card=at.home.card,
            database=at.home.database,
            blobs=at.home.blobs,
            around=at.around,
            attaching=self._attaching(by, name),
        )
        if self._let_go(at, draft.digest.hex(), name):
            self.versions[of].append(name)
            self.done["corrected"] += 1

    def _attaching(self, by: str, name: str) -> Attaching:
        """Keep the files of a report; what is drawn for them shifts nothing else that is drawn."""
        at, drawn = self.node(by), count()

        def random(size_bytes: int) -> bytes:
            return shake_256(f"attached to {name}\n{next(drawn)}".encode()).digest(size_bytes)

        return Attaching(
            files=lambda file: BytesIO(file.encode() * (len(file) * 97 % 5000)),
            store=at.home.attachments,
            database=at.home.database,
            around=replace(at.around, random=random),
        )

    def _let_go(self, at: Node, digest: str, name: str) -> bool:
        """Preview and release a draft; not if nobody would receive anything."""
        home, around = at.home, at.around
        seen = preview_draft(digest, card=home.card, database=home.database, blobs=home.blobs, around=around)
        self.done["previewed"] += 1
        if all(copy.empty for copy in seen.copies) and not seen.replaces:
            return False
        found = release(
            digest,
            by="releasing officer",
            seen=bytes.fromhex(seen.preview),
            card=home.card,
            database=home.database,
            blobs=home.blobs,
            signing=home.signing,
            around=around,
        )
        self.released[name] = found.item_id
        self.done["released"] += 1
        return True

    def withdraw(self, by: str, name: str, *bring: str) -> None:
        """Withdraw every version of a document, the newest first, and bring it to offices, as the exchange will."""
        for version in reversed(self.versions.pop(name, [])):
            self._withdraw(by, self.released[version], bring)

    def withdraw_only(self, by: str, name: str, *bring: str) -> None:
        """Withdraw one version; one that says the same takes its place."""
        self._withdraw(by, self.released[name], bring)

    def _withdraw(self, by: str, item: bytes, bring: Sequence[str]) -> None:
        at = self.node(by)
        withdraw_item(
            item.hex(),
            by="releasing officer",
            card=at.home.card,
            database=at.home.database,
            signing=at.home.signing,
            around=at.around,
        )
        with at.home.database.read() as db:
            data = next(each.data for each in withdrawals.withdrawals(db) if each.item_id == item)
        for office in bring:
            self._bring(office, by, data)
        self.done["withdrawn"] += 1

    def _bring(self, office: str, source: str, data: bytes) -> None:
        there = self.node(office)

        def act(db: Writing) -> None:
            rules = RuleBook(there.home.card, there.around).turn(db)
            accept_withdrawal(db, data, source=source, rules=rules, around=there.around)

        there.home.database.write(act)

    def pull(self, by: str, of: str, rounds: int = ROUNDS_MAX, *, during: Sequence[Hook] = ()) -> None:
        """Pull until there is nothing more; what fails is reported as ``serve`` does."""
        at = self.node(by)
        asking = at.pulls.get(of)
        if asking is None:
            asking = at.pulls[of] = pulling(at.home, of, at.around)
        hooks = list(during)
        for _ in range(rounds):
            try:
                found = asking.pull(lambda pieces: self._exchange(by, of, pieces, hooks))
            except LegationError as error:
                self._failed(at, of, error)
                self.done["pulls failed"] += 1
                return
            self.done["pulls"] += 1
            self.done["entries"] += found.entries
            self.done["views"] += found.views
            self.done["quarantined"] += found.quarantined
            if not found.entries and not found.is_challenged:
                return

    def push(self, by: str, to: str, rounds: int = ROUNDS_MAX) -> None:
        """Push until there is nothing more; the observer also looks into what it gets, and what it is answered."""
        at = self.node(by)
        one = at.pushes.get(to)
        if one is None:
            one = at.pushes[to] = pushing(at.home, to, at.around)
        for _ in range(rounds):
            try:
                found = one.push(lambda pieces: self._exchange(by, to, pieces, [], shape=Taken))
            except LegationError as error:
                self.done["pushes failed"] += 1
                if self._sees(by):
                    self.see(
                        "why a push of the peer failed",
                        f"{type(error).__name__}: {error.message} {error.hint}",
                    )
                return
            self.done["pushes"] += 1
            if not found.has_more and not one.has_news():
                return

    def carry(self, by: str, to: str) -> None:
        """Pack what is new for an office, and let it open every bag; the observer also looks into what it gets."""
        at, there = self.node(by), self.node(to)
        folder = self.folder / f"carried {by} {to}"
        folder.mkdir(exist_ok=True)
        told: dict[str, Any] = {"card": at.home.card, "signing": at.home.signing, "around": at.around}
        told |= {"database": at.home.database, "blobs": at.home.blobs, "store": at.home.attachments}
        try:
            packed = Packing(peer=to, **told).pack(folder, by="registry").bags
        except LegationError as error:
            self.done["nothing packed"] += 1
            if self._sees(by, to):
                self.see("no bag", f"{error.message} {error.hint}" if self._sees(by) else "")
            return
        told = {"card": there.home.card, "signing": there.home.signing, "around": there.around}
        told |= {"database": there.home.database, "blobs": there.home.blobs, "store": there.home.attachments}
        unpacking = Unpacking(**told)
        for each in packed:
            path = folder / each.file
            if self._sees(by, to):
                self.see("name of a bag", each.file)
                self.see("bag", path.read_bytes())
            if self._sees(to):
                self.see("letter in a bag", encode(unpacking._read(path).letter))
            opened = unpacking.open(path, by="registry")
            if self._sees(to):
                self.see("what the peer is told of a bag", encode(opened))
            self.done["bags"] += 1

    def _failed(self, at: Node, of: str, error: LegationError) -> None:
        PullLoop(at.home, of, "192.0.2.1:1", at.around, at.report)._failed(error)
        if self._sees(at.office):
            self.see("why a pull of the peer failed", f"{type(error).__name__}: {error.message} {error.hint}")

    def _exchange(
        self,
        by: str,
        of: str,
        pieces: Iterable[bytes],
        hooks: list[Hook],
        *,
        shape: type[Answer] | type[Taken] = Answer,
    ) -> Iterator[bytes]:
        envelope = b"".join(pieces)
        self.last[by, of] = envelope
        reply = self.ask(by, of, envelope, during=hooks)
        hooks.clear()
        if reply.status != 200:
            raise UnreachableError(f"answered with status {reply.status}")
        if self._sees(by) and reply.is_whole:
            self._opened(by, of, reply, shape=shape)
        yield from reply.parts
        if not reply.is_whole:
            raise UnreachableError("broke off")

    def ask(self, by: str, of: str, body: bytes, **request: Any) -> Reply:
        """Ask a node's door, and write down what crossed if the observer is at one end."""
        if of == self.watched:
            self._see_asked(body)
        reply = self.node(of).door.ask(body, **request)
        if self._sees(by, of):
            self.see(f"envelope {'from' if by == self.watched else 'to'} the peer", body)
            self.see("status, headers and sizes of an answer", reply.sight)
            for part in reply.parts:
                self.see("part of an answer", part)
        return reply

    def _see_asked(self, body: bytes) -> None:
        """Read with the observer what it is asked."""
        with contextlib.suppress(LegationError):
            found = read_envelope(
                [body],
                Pull,
                Push,
                openers=[self.node(self.watched).home.signing.opener],
                receiver=self.watched,
                key_of=lambda sender: cast.read_card_of(sender).envelope_key,
                verify=unsafe_verify,
                size_bytes_max=len(body),
            )
            self.see("letter that asks", encode(found.letter))
            for payload in found.payloads:
                self.see("payload that was pushed", payload)

    def letter(
        self, by: str, of: str, *, during: Sequence[Hook] = (), waiting: Sequence[Hook] = (), **said: Any
    ) -> Answer | None:
        """Write a pull by hand, send it, and read the answer; None if there is none."""
        at = self.node(by)
        around = at.around
        opener = around.opener(around.random(64), around.random(32))
        fields = {"sender": by, "receiver": of, "nonce": around.random(16), "answer_key": opener.public_key}
        pull = Pull(**{**fields, **said})
        to = cast.read_card_of(of).seal_key
        written = write_envelope(
            pull,
            [],
            signer=at.home.signing.stream.ed25519,
            to=to,
            secret=around.random(32),
            sealer=around.sealer,
        )
        envelope = b"".join(written)
        self.last[by, of] = envelope
        reply = self.ask(by, of, envelope, during=during, waiting=waiting)
        self.done["letters"] += 1
        if reply.status != 200 or not reply.is_whole:
            return None
        answer = self._opened(by, of, reply, opener)
        assert isinstance(answer, Answer), "it was read as one"
        return answer

    def _opened(
        self,
        by: str,
        of: str,
        reply: Reply,
        opener: Opener | None = None,
        *,
        shape: type[Answer] | type[Taken] = Answer,
    ) -> Answer | Taken:
        opener = opener or self._opener
        assert opener is not None, "whoever asked has made an opener"
        found = read_envelope(
            reply.parts,
            shape,
            openers=[opener],
            receiver=by,
            key_of=lambda _: cast.read_card_of(of).envelope_key,
            verify=unsafe_verify,
            size_bytes_max=ANSWER_SIZE_BYTES_MAX,
        )
        if self._sees(by):
            self.see("letter that answers", encode(found.letter))
            for payload in found.payloads:
                self.see("payload", payload)
        return found.letter

    def wrong(self, kind: str) -> None:
        """Have the observer ask the author in a way that is out of turn."""
        self.done["wrong requests"] += 1
        WRONG[kind](self)

    def fork(self, by: str, of: str) -> None:
        """Have an office show another history of a stream, whereupon its link is frozen."""
        held = self.position(by, of)
        if held is not None:
            self.letter(by, of, position=replaced(held, root=bytes(32)))
            self.done["forks"] += 1

    def position(self, by: str, of: str) -> Position | None:
        """What an office holds of another's stream."""
        with self.node(by).home.database.read() as db:
            stream = incoming.stream(db, of)
        return None if stream is None else stream.held.position

    def pin(self, at: str, office: str, highest: str) -> None:
        """Make an office a peer, and grant it something."""
        there = self.node(at)
        cast.pin(there.home, office, there.around)
        if highest:
            self.grant(at, office, cast.cleared(office, highest))

    def grant(self, at: str, office: str, clearance: bytes, *, until: datetime | None = None) -> None:
        """Grant an office something else."""
        there = self.node(at)
        cast.let_see(there.home, office, clearance, there.around, until=until)

    def renew(self, office: str, *roles: str) -> None:
        """Give an office its next card, with other keys in these roles; its process begins anew."""
        at = self.node(office)
        wanted = Wanted(item="item" in roles, stream="stream" in roles, seal="seal" in roles)
        data = prepare_renewal(at.home, wanted, at.around)
        card = vouch_renewal(data, root_of(Office.parse(office).party), at.around)
        self.close(office)
        install_card(at.path, card.data, at.around)
        self.cards[office] = card.data
        self.done["renewed"] += 1

    def confirm(self, at: str, office: str) -> None:
        """Have two persons trust the next card of an office, which it gave them by hand."""
        there = self.node(at)
        told: dict[str, Any] = {"card": there.home.card, "database": there.home.database}
        add_peer(self.cards[office], by="first", around=there.around, **told)
        confirm_peer(office, by="second", words=(), blobs=there.home.blobs, around=there.around, **told)

    def tell(self, by: str, to: str, office: str) -> None:
        """Append to a stream the card of any office, as its next."""
        self._append_any(by, to, EntryKind.KEY, write_cards([cast.card_of(office)]))

    def offer(self, by: str, to: str) -> None:
        """Append to a stream the offer of a policy."""
        self._append_any(by, to, EntryKind.POLICY, write_offer(TOY))

    def keep(self, at: str) -> None:
        """Look as the keeper of a node that has just been started does."""
        there = self.node(at)
        Keeper(there.home, there.around, there.report, lambda: None).look()

    def accept_policy(self, at: str) -> None:
        """Have one more policy at hand; two persons see to it."""
        there = self.node(at)
        for by in ("first", "second"):
            add_policy(
                TOY,
                by=by,
                own=None,
                received=None,
                card=there.home.card,
                database=there.home.database,
                blobs=there.home.blobs,
                around=there.around,
            )

    def set_clearance(self, at: str, clearance: bytes, *, received: bool) -> None:
        """Set what a mission's people hold, or what others may hand to it."""
        there = self.node(at)
        found = stanag4774.read_clearance(clearance)

        def act(db: Writing) -> None:
            named = named_clearance(found, policies_at_hand(db))
            node.set_mission_clearance(db, named, received=received)
            begin_epoch(db, there.around)

        there.home.database.write(act)

    # What people at an office do.

    def command(self, office: str, *arguments: str) -> bytes:
        """
        Run a command in the folder of a node, as its people do: exit code, what it printed, what it told.

        The first opens the folder; the others share what is open, which takes half of their time away.
        """
        out, err = io.StringIO(), io.StringIO()
        opened: contextlib.AbstractContextManager[Any] = contextlib.nullcontext()
        if office in self._commanded:
            shared = self.node(office).home
            opened = patch.object(homes, "open_home", lambda *_: contextlib.nullcontext(shared))
        self._commanded.add(office)
        with (
            opened,
            patch.object(surroundings, "HERE", self.moments.around(office)),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = run(legation, ["--dir", str(self.folder / office), *arguments])
        return f"{code}\n{out.getvalue()}\n{err.getvalue()}".encode()

    def read(self) -> None:
        """Have the readers at a node look into their inbox."""
        self.see("inbox in the meantime", self.command(cast.READERS, "inbox"))
        for item in self.listed(cast.READERS):
            self.see("show in the meantime", self.command(cast.READERS, "show", item))
            self.see("preview of a destruction", self.command(cast.READERS, "destroy", item))

    def listed(self, office: str) -> list[str]:
        """The items that the inbox of an office lists."""
        _, _, document = self.command(office, "inbox", "--json").partition(b"\n")
        found = json.JSONDecoder().raw_decode(document.decode())[0]
        return [each["item"] for each in found["entries"]]

    def destroy(self, by: str, item: str) -> None:
        """Have two persons destroy an item at an office; whoever looks on there sees what they are told."""
        named = ("--by", "registrar", "--witness", "security officer")
        said = self.command(by, "destroy", self.released[item].hex(), *named)
        if by == cast.READERS:
            self.see("a destruction", said)
        self.done["destroyed"] += 1

    def destroy_quietly(self, by: str, item: str) -> None:
        """Have an item destroyed that the observers do not see, by persons who do."""
        if by == cast.READERS:
            self.set_clearance(by, cast.cleared(by, "S", context=("Own", "Releasable")), received=False)
        at = self.node(by)
        named = {"by": "registrar", "witness": "security officer"}
        at.home.destroying(at.around).destroy(self.released[item].hex(), **named)
        if by == cast.READERS:
            self.set_clearance(by, cast.cleared(by, "L", context=("Own", "Releasable")), received=False)
        self.done["destroyed"] += 1

    def hand_on(self, by: str, to: str, item: str) -> None:
        """Pass on what an office holds of another's item, as far as it may."""
        at = self.node(by)
        try:
            pass_on(
                self.released[item].hex(),
                slips=[Slip(addressee=to)],
                by="releasing officer",
                seen=None,
                card=at.home.card,
                database=at.home.database,
                blobs=at.home.blobs,
                around=at.around,
            )
        except RefusedError:
            self.done["refused to hand on"] += 1
        else:
            self.done["handed on"] += 1

    def quote(self, office: str, words: str) -> None:
        """Have a reader compose a report for everybody that repeats words of an office."""
        text = f"kind: note\npolicy: EXERCISE\naction: NATO\n\n(O) {{origin: {office}}} {words}\n"
        path = self.folder / "quotation.md"
        path.write_text(text)
        self.see("compose of a quotation", self.command(cast.READERS, "compose", str(path)))

    # What no honest office does, or none can do yet.

    def pass_on(self, by: str, to: str, item: str, marks: Sequence[str], of: str = cast.AUTHOR) -> None:
        """Append to a stream a cut of an item of *of*, as an office that passes it on will do."""
        author = self.node(of).home
        labels = {parse_mark(cast.EXERCISE, mark) for mark in marks}
        with author.database.read() as db:
            own = items.own_view(db, self.released[item])
            assert own is not None, "what is passed on was released"
            contents = inspect(items.view_data(db, own.view_key, author.blobs))
        if not labels & {layer.label for layer in contents.layers}:
            return
        view = cut(contents, lambda layer: layer.label in labels)
        self._give_attached(of, by, view)
        self._append(by, to, view)
        self.done["passed on"] += 1

    def _give_attached(self, of: str, to: str, view: bytes) -> None:
        """Let an office hold what is attached to a view, as if it had come there."""
        there, here = self.node(of), self.node(to)
        attaching = self._attaching(to, f"{to} has it from {of}, {next(self._given)}")

        def act(db: Writing) -> None:
            for each in attached_in(inspect(view)):
                with there.home.database.read() as other:
                    rules = RuleBook(there.home.card, there.around).at(other)
                    wanted = wanted_of(each.portion, rules.ids[each.policy, each.label])
                    found = attachments.find(other, wanted)
                assert found is not None, "what was released is whole"
                file = drawn_file(attaching.around)
                chunks = there.home.attachments.chunks(found.file, found.wanted.size_bytes)
                here.home.attachments.write(file, 0, chunks)
                own = replace(wanted, access_id=access.intern(db, each.policy, each.label))
                kept = replace(found, wanted=own, file=file)
                if not attachments.keep(db, kept, here.around.seconds()):
                    here.home.attachments.remove(file.name)

        here.home.database.write(act)

    def forge(self, by: str, to: str, author: str) -> None:
        """Append to a stream a view that says it is an author's, under a signature that is none."""
        at = self.node(by)
        with at.home.database.read() as db:
            draft = markdown.read(
                b"kind: note\npolicy: EXERCISE\n\n(O) Seen.\n", policies_at_hand(db), party=None
            )
        random = at.around.random
        data = sign(
            draft,
            document=random(16),
            time=at.around.seconds(),
            signer=_Forger(cast.read_card_of(author).body.item_keys[0].key),
            draws=SecretDraws(random(32), random(32), draft.digest),
        )
        self._append(by, to, data)
        self.done["forged"] += 1

    def _append(self, by: str, to: str, view: bytes) -> None:
        self._append_any(by, to, EntryKind.VIEW, write_view(Slip(addressee=to), view))

    def _append_any(self, by: str, to: str, kind: EntryKind, payload: bytes) -> None:
        at = self.node(by)

        def act(db: Writing) -> None:
            epoch = node.epoch(db).number
            stream = begun(db, to, epoch=epoch, around=at.around)
            entry = (kind, payload, None)
            append(db, stream, [entry], epoch=epoch, around=at.around, blobs=at.home.blobs)

        at.home.database.write(act)

    def restart(self, office: str) -> None:
        """Stop and start the process of a node."""
        self.close(office)
        self.node(office)


@dataclass(frozen=True)
class _Forger:
    """Claims a key, and signs with none."""

    public_key: PublicKey

    def sign(self, _purpose: Purpose, _message: bytes) -> bytes:
        """Something of the size of a signature."""
        return bytes(64)


# How the observer asks out of turn.


def _again(world: World, **request: Any) -> None:
    """Send the last envelope once more, or something else."""
    body = request.pop("body", lambda last: last)(
        world.last.get((world.watched, cast.AUTHOR), b"nothing yet")
    )
    world.ask(world.watched, cast.AUTHOR, body, **request)


def _write(world: World, **said: Any) -> Answer | None:
    """Write a pull by hand."""
    return world.letter(world.watched, cast.AUTHOR, **said)


def _from_elsewhere(world: World, **other: Any) -> None:
    """State a position that differs from the true one; the true one where nothing is held."""
    held = world.position(world.watched, cast.AUTHOR)
    _write(world, position=held and replaced(held, **other))


def _give_back(world: World) -> None:
    """Give back the challenge that comes for a position below the receipt."""
    found = _write(world)
    _write(world, challenge=found.challenge if found else None)


def _give_back_another(world: World) -> None:
    """Give back a challenge that is not the one."""
    _write(world)
    _write(world, challenge=bytes(16))


def _ahead(world: World) -> None:
    """State more than there is."""
    held = world.position(world.watched, cast.AUTHOR)
    _from_elsewhere(world, **({"size": held.size + 7} if held else {}))


WRONG: dict[str, Callable[[World], object]] = {
    "replay": _again,
    "nonsense": partial(_again, body=lambda _: b"nonsense"),
    "cut short": partial(_again, body=lambda last: last[: len(last) // 2]),
    "altered": partial(_again, body=lambda last: last[:-1] + bytes([last[-1] ^ 1])),
    "another method": partial(_again, method="GET"),
    "another path": partial(_again, path=b"/exchange/inbox"),
    "another receiver": partial(_write, receiver="NATO"),
    "another sender": partial(_write, sender="JPN@NATO"),
    "unknown sender": partial(_write, sender="EU"),
    "no position": _write,
    "challenge given back": _give_back,
    "wrong challenge": _give_back_another,
    "no receipt": partial(_write, receipt=b"no receipt"),
    "ahead": _ahead,
    "another incarnation": partial(_from_elsewhere, incarnation=bytes(16)),
}
"""Requests out of turn after which an honest one is answered."""

LAST_WRONG = {"another history": partial(_from_elsewhere, root=bytes(32))}
"""After this the link is frozen."""

WRONG |= LAST_WRONG
