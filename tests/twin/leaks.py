# SPDX-License-Identifier: Apache-2.0
"""
Leaks that are planted, to see that each is found.

Each is a mistake that somebody could make, or did, at one place of the program. It names one pair of
worlds that finds it. When random pairs are made in another way, another number may be needed::

    [number for number in range(20) if is_found(leak, peer_pair(number))]
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace as replaced

from legation.errors import LegationError, MalformedError, RemoteProtocolError, SignatureError
from legation.exchange import EntryKind, RefusalCode, read_cards
from legation.item.parts import Parts
from legation.item.substance import Substance, substance_of
from legation.item.view import inspect, verify
from legation.keys.sign import KeyId, unsafe_verify
from legation.log import Checkpoint, key_name, sign_checkpoint, stream_origin
from legation.merkle import Hash
from legation.node.desk import reading, releasing, superseding
from legation.node.peers.offering import read_offered
from legation.node.rules import Rules, read_card, received_reader
from legation.node.streams import effects, handing_over, numbering, taking_in
from legation.node.streams.answering import Answering
from legation.node.streams.fetching import Ask, Coming, Fetching
from legation.node.streams.handing_over import Batch, HandingOver
from legation.node.streams.judging import Judged
from legation.node.streams.letterbox import Letterbox
from legation.node.streams.pulling import Pulling
from legation.node.withdrawal import destroying
from legation.release import Because
from legation.store.sqlite import (
    attachments,
    deliveries,
    destructions,
    inbox,
    items,
    node,
    offers,
    outgoing,
    policies,
    versions,
)
from legation.store.sqlite import peers as peer_rows
from legation.store.sqlite.database import Reading, Writing
from legation.transports.http import app
from tests.item import naive
from tests.twin import handmade, world
from tests.twin.pairs import Pair, peer_pair, reader_pair
from tests.twin.surfaces import ToldApartError, told_apart

Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Leak:
    """A mistake, how it is made, and a pair of worlds that finds it."""

    name: str
    plant: Callable[[Patch], None]
    pair: Callable[[], Pair]

    def __repr__(self) -> str:
        return self.name


def is_found(leak: Leak, pair: Pair) -> bool:
    """Whether a pair finds a planted leak."""
    with pytest.MonkeyPatch.context() as patch:
        leak.plant(patch)
        try:
            told_apart(pair)
        except ToldApartError:
            return True
    return False


def _wrap(
    patch: Patch, owner: Any, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]
) -> None:
    """Put something in the place of a function that may call the function."""
    patch.setattr(owner, name, make(getattr(owner, name)))


def _replace(patch: Patch, module: Any, name: str, old: str, new: str) -> None:
    """Change a query."""
    query = getattr(module, name)
    assert old in query, "the query is another by now"
    patch.setattr(module, name, query.replace(old, new))


def _count(db: Reading, query: str) -> int:
    row = db.one(query)
    assert row is not None, "a count gives a row"
    return int(row[0])


# What crosses to a peer.


def epoch_in_the_nonce(patch: Patch) -> None:
    """The nonce of an answer is the number of the epoch, which counts changes for everybody."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def pieces(self: Any, found: Any, batch: Batch) -> Iterator[bytes]:
            self._around = replace(self._around, random=lambda size: batch.epoch.to_bytes(size, "big"))
            made: Iterator[bytes] = true(self, found, batch)
            return made

        return pieces

    _wrap(patch, Answering, "pieces", make)


def one_counter_for_all_nonces(patch: Patch) -> None:
    """The nonce of an answer counts the answers to all peers."""
    counters: dict[int, Iterator[int]] = {}

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def pieces(self: Any, found: Any, batch: Batch) -> Iterator[bytes]:
            counter = counters.setdefault(id(self), count())
            self._around = replace(self._around, random=lambda size: next(counter).to_bytes(size, "big"))
            made: Iterator[bytes] = true(self, found, batch)
            return made

        return pieces

    _wrap(patch, Answering, "pieces", make)


def one_counter_for_all_salts(patch: Patch) -> None:
    """What makes the salts of an item fresh counts the items that were released before."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def carry_out(db: Writing, *given: Any, around: Any, **more: Any) -> Any:
            number = _count(db, "SELECT count(*) FROM released")
            counted = replace(around, random=lambda size: number.to_bytes(size, "big"))
            return true(db, *given, around=counted, **more)

        return carry_out

    _wrap(patch, releasing, "_carry_out", make)


def one_numbering_for_all_streams(patch: Patch) -> None:
    """What is numbered for one peer takes a number in all streams."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def number(db: Writing, office: str, *, rules: Rules, around: Any, **more: Any) -> Any:
            counted = true(db, office, rules=rules, around=around, **more)
            others = list(
                db.rows("SELECT office FROM outgoing WHERE is_current = 1 AND office <> ?", (office,))
            )
            for (other,) in others if counted else ():
                stream = numbering.begun(db, other, epoch=rules.epoch, around=around)
                nothing = [(EntryKind.KEY, b"numbered elsewhere", None)] * counted
                numbering.append(db, stream, nothing, epoch=rules.epoch, around=around)
            return counted

        return number

    _wrap(patch, handing_over, "number", make)


def numbers_for_what_is_withheld(patch: Patch) -> None:
    """A delivery that is refused takes a number all the same."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def number(db: Writing, office: str, *, rules: Rules, around: Any, **more: Any) -> Any:
            query = "SELECT count(*) FROM delivery WHERE state = 'withheld'"
            before = _count(db, query)
            counted = true(db, office, rules=rules, around=around, **more)
            refused = _count(db, query) - before
            if refused:
                stream = numbering.begun(db, office, epoch=rules.epoch, around=around)
                nothing = [(EntryKind.KEY, b"nothing for you", None)] * refused
                numbering.append(db, stream, nothing, epoch=rules.epoch, around=around)
            return counted

        return number

    _wrap(patch, handing_over, "number", make)


def limit_that_counts_what_is_refused(patch: Patch) -> None:
    """So many deliveries are looked at in one step, whether they go or not. It was so."""
    patch.setattr(numbering, "LOOKS_PER_STEP", 1)


def slip_that_names_all_addressees(patch: Patch) -> None:
    """The slip says for whom the item is besides."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def waiting(db: Writing, *given: Any) -> list[deliveries.Waiting]:
            found = []
            for each in true(db, *given):
                rows = db.rows(
                    "SELECT office FROM delivery WHERE item_id = ? ORDER BY office", (each.item_id,)
                )
                named = ", ".join(office for (office,) in rows)
                found.append(replace(each, slip=replaced(each.slip, attention=named)))
            return found

        return waiting

    _wrap(patch, deliveries, "waiting", make)


def checkpoint_over_all_streams(patch: Patch) -> None:
    """The checkpoint of a stream is over the entries of all streams."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def checked(self: Any, db: Writing, batch: Batch) -> Batch:
            found: Batch = true(self, db, batch)
            leaves = [row[0] for row in db.rows("SELECT payload_hash FROM outgoing_entry")]
            root = Hash(sha256(b"".join(leaves)).digest())
            told = Checkpoint(
                origin=stream_origin(self._office, batch.stream.office, batch.stream.incarnation),
                size=batch.start + len(batch.entries),
                root=root,
            )
            name = key_name(self._office)
            return replace(found, checkpoint=sign_checkpoint(told, name=name, signers=self._signing.stream))

        return checked

    _wrap(patch, HandingOver, "checked", make)


def cut_with_one_hash_too_many(patch: Patch) -> None:
    """A cut keeps the hash of a layer that it does not show."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def cutting(contents: Parts[Any], keep: Callable[[Any], bool]) -> bytes:
            left = naive.parse(true(contents, keep))
            hidden = [each for each in naive.parse(contents.data)["layers"] if each not in left["layers"]]
            more = [each["salt"] for each in hidden[:1]]
            return naive.encode(left | {"proof": [*left["proof"], *more]})

        return cutting

    _wrap(patch, Parts, "cut", make)


def cut_that_is_empty_is_sent(patch: Patch) -> None:
    """A cut without a paragraph is handed over: its title says that there is more."""
    patch.setattr(numbering, "says_something", lambda *_: True)
    _wrap(
        patch,
        releasing,
        "_deliver",
        lambda true: lambda *given, is_empty, **more: true(*given, is_empty=False, **more),
    )


def approval_that_is_not_decided_again(patch: Patch) -> None:
    """What was approved is handed over, whatever is permitted by now."""
    _wrap(
        patch,
        handing_over,
        "number",
        lambda true: lambda db, office, *, rules, **more: true(db, office, rules=_PermitsAll(rules), **more),
    )


class _PermitsAll:
    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def permits(self, _office: str, _access_id: int) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rules, name)


def cuts_remembered_by_item(patch: Patch) -> None:
    """The copy that was made for whoever asked first is given to everybody."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def cutting(self: Any, db: Reading, item_id: bytes, allowed: frozenset[int], rules: Rules) -> Any:
            if not allowed:
                return true(self, db, item_id, allowed, rules)
            first = vars(self).setdefault("first", {}).setdefault(item_id, allowed)
            return true(self, db, item_id, first, rules)

        return cutting

    _wrap(patch, numbering.Cutter, "cut", make)


def decisions_remembered_by_label(patch: Patch) -> None:
    """What was decided for whoever asked first counts for everybody."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def permits(self: Rules, office: str, access_id: int) -> bool:
            found = self.decided.get(("", access_id))
            if found is None:
                found = self.decided["", access_id] = true(self, office, access_id)
            return found

        return permits

    _wrap(patch, Rules, "permits", make)


def fetches_only_what_is_not_held(patch: Patch) -> None:
    """A receiver saves itself the way for a file that it has."""

    def missing(db: Reading, coming: Coming) -> Coming:
        held = {(each.wanted.root, each.wanted.size_bytes) for each in attachments.kept(db)}
        left = [each for each in coming.attached if (each[1].portion.root, each[1].portion.size) not in held]
        return replace(coming, attached=tuple(left))

    def make_fetch(fetch: Callable[..., None]) -> Callable[..., None]:
        def sparing(self: Fetching, coming: Coming, ask: Ask) -> None:
            with self._database.read() as db:
                left = missing(db, coming)
            fetch(self, left, ask)

        return sparing

    def make_take_in(take_in: Callable[..., Any]) -> Callable[..., Any]:
        return lambda self, db, coming: take_in(self, db, missing(db, coming))

    _wrap(patch, Fetching, "fetch", make_fetch)
    _wrap(patch, Fetching, "take_in", make_take_in)


def answers_cut_at_every_epoch(patch: Patch) -> None:
    """An answer ends in the middle when any rule changes, also if it changes nothing for this peer."""

    def check_again(*_: object) -> None:
        raise RemoteProtocolError("the rules changed while an answer was being given")

    patch.setattr(HandingOver, "_check_again", check_again)


def empty_answers_cut_while_stopped(patch: Patch) -> None:
    """An answer over a link that is stopped ends in the middle when any rule changes. It was so."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def pieces(self: Any, found: Any, batch: Batch) -> Iterator[bytes]:
            written: Iterator[bytes] = true(self, found, batch)
            guarded: Iterator[bytes] = self._handing.guarded(written, found.letter.sender, batch)
            return written if batch.entries else guarded

        return pieces

    _wrap(patch, Answering, "pieces", make)


def pulls_made_again_at_every_epoch(patch: Patch) -> None:
    """What a pull brought is thrown away when any rule has changed, and asked for again. It was so."""

    def present(
        _self: object, db: Writing, _accepted: object, rules: Rules, judged: object, _card: object
    ) -> Any:
        if node.epoch(db).number != rules.epoch:
            raise RemoteProtocolError("the rules changed during a pull")
        return rules, judged

    patch.setattr(taking_in.TakingIn, "present", present)


def refusal_that_tells_who_is_pinned(patch: Patch) -> None:
    """A bad signature is refused if the author's card is pinned, and set apart if it is not. It was so."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def judge(view: bytes, sender: str, rules: Rules, why: Any, **more: Any) -> Judged:
            try:
                verify(view, rules.pinned)
            except SignatureError:
                if rules.pinned.item_key(KeyId(inspect(view).wire.header.author)) is not None:
                    return Judged(contents=None, state=None, refusal=RefusalCode.SIGNATURE)
            except LegationError:
                pass
            found: Judged = true(view, sender, rules, why, **more)
            return found

        return judge

    _wrap(patch, taking_in, "judge", make)


def refusal_that_tells_whose_card_is_pinned(patch: Patch) -> None:
    """A card of another office is refused only if that office is pinned."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def take(db: Writing, payload: bytes, **more: Any) -> RefusalCode | None:
            office = str(read_card(read_cards(payload)[0], unsafe_verify).office)
            if office != more["peer"] and peer_rows.pinned_card(db, office) is None:
                return None
            found: RefusalCode | None = true(db, payload, **more)
            return found

        return take

    _wrap(patch, effects, "take_cards", make)


def refusal_of_what_is_in_force(patch: Patch) -> None:
    """An offer of a policy that is in force, or older, is refused: so nobody has to look at it."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def take(db: Writing, payload: bytes, **more: Any) -> RefusalCode | None:
            policy, _ = read_offered(payload)
            known = [each.reference for each in policies.policies(db) if each.accepted_by is not None]
            if any(each.id == policy.id and each.version >= policy.version for each in known):
                return RefusalCode.MALFORMED
            found: RefusalCode | None = true(db, payload, **more)
            return found

        return take

    _wrap(patch, effects, "take_offer", make)


def offers_kept_once_for_all(patch: Patch) -> None:
    """An offer that another office made before is refused: it is listed already."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def take(db: Writing, payload: bytes, **more: Any) -> RefusalCode | None:
            policy, _ = read_offered(payload)
            if any(each.reference.digest == policy.digest for each in offers.offers(db)):
                return RefusalCode.MALFORMED
            found: RefusalCode | None = true(db, payload, **more)
            return found

        return take

    _wrap(patch, effects, "take_offer", make)


def cards_told_once_for_all(patch: Patch) -> None:
    """How many cards a stream has told is counted over all streams."""

    def told(db: Reading, _: str) -> int:
        row = db.one("SELECT max(told_card) FROM outgoing")
        assert row is not None, "a maximum gives a row"
        return int(row[0] or 0)

    patch.setattr(outgoing, "told_card", told)


def refusal_of_a_card_that_is_known(patch: Patch) -> None:
    """A card that persons confirmed before is refused when the stream brings it."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def take(db: Writing, payload: bytes, **more: Any) -> RefusalCode | None:
            if peer_rows.pinned_card(db, more["peer"]) in read_cards(payload):
                return RefusalCode.MALFORMED
            found: RefusalCode | None = true(db, payload, **more)
            return found

        return take

    _wrap(patch, effects, "take_cards", make)


def replays_remembered_for_all_together(patch: Patch) -> None:
    """Which pulls were answered is remembered in one place for all peers, and forgotten there. It was so."""
    common: dict[int, OrderedDict[bytes, None]] = {}

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def of(self: Any, office: str) -> Any:
            return common.setdefault(id(self), OrderedDict())

        return of

    _wrap(patch, Letterbox, "_of", make)


def refusal_that_says_why(patch: Patch) -> None:
    """A refused request is told the reason."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        async def exchange(self: Any, scope: Any, receive: Any, reply: Any) -> None:
            try:
                await true(self, scope, receive, reply)
            except LegationError as error:
                if not reply.is_started:
                    headers = ((b"content-length", b"0"), (b"x-why", error.message.encode()))
                    await reply._start(400, headers)
                    await reply._body(b"", more=False)

        return exchange

    _wrap(patch, app._Exchanges, "_exchange", make)


def status_that_counts_peers(patch: Patch) -> None:
    """A refused request gets a status by how many peers there are; the other side logs it."""
    _put_before(
        patch, lambda db, head: {**head, "status": head["status"] + _peers(db) * (head["status"] == 400)}
    )


def header_with_a_version(patch: Patch) -> None:
    """Every response has the version of the store in a header."""

    def tagged(db: Reading, head: dict[str, Any]) -> dict[str, Any]:
        version = _count(db, "SELECT count(*) FROM log_entry")
        return {**head, "headers": [*head["headers"], (b"etag", b"%d" % version)]}

    _put_before(patch, tagged)


def _peers(db: Reading) -> int:
    return _count(db, "SELECT count(*) FROM peer")


def _put_before(patch: Patch, change: Callable[[Reading, dict[str, Any]], dict[str, Any]]) -> None:
    """Change how each response begins."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def exchange_of(home: Any, *given: Any) -> Any:
            inner = true(home, *given)

            async def outer(scope: Any, receive: Any, send: Any) -> None:
                async def sent(message: Any) -> None:
                    if message["type"] == "http.response.start":
                        with home.database.read() as db:
                            message = change(db, message)
                    await send(message)

                await inner(scope, receive, sent)

            return outer

        return exchange_of

    _wrap(patch, world, "exchange_of", make)


def receipt_with_a_time_of_others(patch: Patch) -> None:
    """The time of a receipt counts what was written into the node's own log."""
    told = Counter[str]()

    def note(true: Callable[..., Any]) -> Callable[..., Any]:
        def commit(self: Any, db: Writing, *given: Any, **more: Any) -> Any:
            told["log"] = _count(db, "SELECT count(*) FROM log_entry")
            return true(self, db, *given, **more)

        return commit

    _wrap(patch, Pulling, "_commit", note)
    _wrap(
        patch,
        taking_in,
        "cosign",
        lambda true: lambda data, *, time, **more: true(data, time=time + told["log"], **more),
    )


# What readers are shown.


def inbox_that_counts_all(patch: Patch) -> None:
    """The inbox says of how many items it shows these."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def read_inbox(name: str, *, database: Any, **more: Any) -> Any:
            found = true(name, database=database, **more)
            with database.read() as db:
                total = _count(db, "SELECT count(*) FROM inbox")
            listed = tuple(replaced(each, title=f"{each.title} of {total}") for each in found.entries)
            return replaced(found, entries=listed)

        return read_inbox

    _wrap(patch, reading, "read_inbox", make)


def title_of_a_hidden_layer(patch: Patch) -> None:
    """The inbox takes the title from whatever layer has one."""
    title = "(SELECT max(other.title) FROM inbox_layer AS other WHERE other.view_key = inbox_layer.view_key)"
    _replace(patch, inbox, "_ROWS", "max(title) AS title", f"{title} AS title")


def order_by_the_key_of_a_view(patch: Patch) -> None:
    """The inbox is in the order of the keys of views."""
    _replace(patch, inbox, "_ROWS", "AS first_source\n", "AS first_source, max(view.view_key) AS newest\n")
    _replace(patch, inbox, "_ROWS", "ORDER BY first_at DESC, time DESC", "ORDER BY newest DESC, time DESC")


def tie_that_a_hash_settles(patch: Patch) -> None:
    """Of views that show the same, that with the lowest hash says where and when. It was so."""
    first = "min(format('%019d', view.received_at) || view.source), 20)"
    _replace(patch, inbox, "_ROWS", first, "min(hex(view.hash) || view.source), 65)")


def received_when_the_last_came(patch: Patch) -> None:
    """An item counts as received when the newest view of it came."""
    _replace(patch, inbox, "_ROWS", "min(view.received_at) AS first_at", "max(view.received_at) AS first_at")


def best_view_by_all_its_layers(patch: Patch) -> None:
    """Of several views the one with most layers is shown, readable or not."""
    layers = "(SELECT count(*) FROM layer AS other WHERE other.view_key = view.view_key)"
    _replace(patch, items, "_MOST_READABLE", "count(*) AS layer_count", f"{layers} AS layer_count")


def banner_over_all_layers(patch: Patch) -> None:
    """The banner in the inbox is that of the whole view."""
    ids = (
        "(SELECT group_concat(format('%019d', other.access_id)) FROM inbox_layer AS other "
        "WHERE other.view_key = inbox_layer.view_key)"
    )
    _replace(patch, inbox, "_ROWS", "group_concat(format('%019d', access_id) ORDER BY access_id)", ids)


def forbidden_told_from_missing(patch: Patch) -> None:
    """Who asks for an item that they may not see is told so."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def find_view(db: Reading, text: str, *given: Any) -> Any:
            try:
                return true(db, text, *given)
            except MalformedError:
                if db.one("SELECT 1 FROM item WHERE lower(hex(item_id)) = ?", (text,)) is not None:
                    raise MalformedError("the item is not for you") from None
                raise

        return find_view

    _wrap(patch, reading, "find_view", make)


def error_that_quotes_an_id(patch: Patch) -> None:
    """Who asks for a reference is told the id of what it names."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def find_view(db: Reading, text: str, *given: Any) -> Any:
            try:
                return true(db, text, *given)
            except MalformedError as error:
                found = db.one("SELECT hex(item_id) FROM item WHERE reference = ?", (text,))
                raise MalformedError(error.message, hint=f"nearest: {found}") from None

        return find_view

    _wrap(patch, reading, "find_view", make)


def show_without_a_cut(patch: Patch) -> None:
    """An item of which something may be seen is shown whole."""
    patch.setattr(reading, "cut", lambda contents, keep: contents.data)


def readers_hold_what_the_node_holds(patch: Patch) -> None:
    """The people of a mission read with what others may hand to it."""
    patch.setattr(reading, "mission_reader", received_reader)


# Versions and withdrawals.


def versions_sent_to_all(patch: Patch) -> None:
    """Whoever has the older version is sent the newer one, whatever it says to them."""
    patch.setattr(Substance, "within", lambda *_: None)


def versions_compared_as_they_were_handed_over(patch: Patch) -> None:
    """What was handed over is compared whole, also what the peer may not see any more."""
    patch.setattr(superseding._Walk, "_comparable", lambda *_: lambda *_: True)


def versions_compared_by_their_size(patch: Patch) -> None:
    """What is compared of a version is how long the whole item is."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def news(self: Any, each: Any) -> Any:
            found = true(self, each)
            own = items.own_view(self._db, each.item_id)
            sizes = vars(self).setdefault("sizes", [])
            sizes.append(own.size_bytes if own is not None else 0)
            if found is None and sizes[-2:-1] != sizes[-1:]:
                allowed = frozenset(one for one in each.labels if self._rules.permits(self._office, one))
                data = self._cut(each.item_id, allowed)
                substance = substance_of(inspect(data))
                return superseding.Going(delivery=each, data=data, substance=substance)
            return found

        return news

    _wrap(patch, superseding._Walk, "_news", make)


def newest_of_what_waits(patch: Patch) -> None:
    """Of versions that wait the newest goes, also if an older one says the same."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def weigh(self: Any, each: Any) -> None:
            before = self.fates.going
            self.fates.going = None
            true(self, each)
            if self.fates.going is None:
                self.fates.going = before
            elif before is not None:
                self.fates.withheld.append((before.delivery, Because.REPLACED))

        return weigh

    _wrap(patch, superseding._Walk, "_weigh", make)


def version_that_goes_before_its_turn(patch: Patch) -> None:
    """A document goes where its most urgent version stands among what waits."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def waiting(db: Writing, office: str, _limit: int) -> list[deliveries.Waiting]:
            found: list[deliveries.Waiting] = true(db, office, 500)
            first: dict[object, int] = {}
            for place, each in enumerate(found):
                first.setdefault(each.versions_of or each.delivery_id, place)
            return sorted(found, key=lambda each: first[each.versions_of or each.delivery_id])

        return waiting

    _wrap(patch, deliveries, "waiting", make)


def versions_that_all_readers_notice(patch: Patch) -> None:
    """Each version that readers may see something of is listed and found."""

    def noticed(db: Reading, document: bytes, office: str) -> list[versions.Version]:
        return list(versions._readable(db, document, office))

    for module in (inbox, items, versions):
        patch.setattr(module, "noticed_versions", noticed)


def unnoticed_version_is_found(patch: Patch) -> None:
    """Who knows the id of a version that says nothing new to them is shown it."""
    patch.setattr(items, "_is_noticed", lambda *_: True)


def versions_compared_by_all_layers(patch: Patch) -> None:
    """What readers notice is worked out from all that the node has of a version."""
    _replace(
        patch,
        versions,
        "_READABLE",
        """        AND +first IN (SELECT access_id FROM temp.allowed)
        AND +second IN (SELECT access_id FROM temp.allowed)
""",
        "",
    )


def mark_for_an_unnoticed_version(patch: Patch) -> None:
    """The inbox says that there is another version, whether it is noticed or not."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def rows(db: Reading) -> Any:
            return [
                replace(each, title=f"{each.title}, of several") if _several(db, each.document) else each
                for each in true(db)
            ]

        return rows

    _wrap(patch, inbox, "rows", make)


def _several(db: Reading, document: bytes) -> bool:
    row = db.one("SELECT count(*) FROM item WHERE document = ?", (document,))
    return row is not None and row[0] > 1


def brought_what_is_not_seen(patch: Patch) -> None:
    """Whoever brought a copy is named, be it one of which the reader sees nothing."""
    patch.setattr(destructions, "readable_bringers", destructions.bringers)


def destruction_tells_all(patch: Patch) -> None:
    """What goes is named as it is, and not as far as the reader may see it."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def preview_of(at: Any, *others: Any) -> Any:
            return true(replace(at, allowed=frozenset(at.rules.labels)), *others)

        return preview_of

    _wrap(patch, destroying, "preview_of", make)


def destruction_of_what_is_not_seen(patch: Patch) -> None:
    """Who asks for an item that was destroyed is told so, whether they might have seen it or not."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def find_item(db: Reading, text: str) -> Any:
            try:
                return true(db, text)
            except MalformedError:
                if db.one("SELECT 1 FROM destroyed WHERE lower(hex(item_id)) = ?", (text,)) is not None:
                    raise MalformedError("the item was destroyed") from None
                raise

        return find_item

    _wrap(patch, reading, "find_item", make)


def destroyed_is_refused(patch: Patch) -> None:
    """What comes again of a destroyed item is refused, which the sender is told."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def judge_all(self: Any, db: Reading, accepted: Any, rules: Rules) -> Any:
            return {
                number: replace(each, judged=Judged(contents=None, state=None, refusal=RefusalCode.ADDRESSEE))
                if each.judged.contents is not None
                and destructions.is_destroyed(db, each.judged.contents.item_id)
                else each
                for number, each in true(self, db, accepted, rules).items()
            }

        return judge_all

    _wrap(patch, taking_in.TakingIn, "judge_all", make)


def withdrawal_of_what_is_not_seen(patch: Patch) -> None:
    """Who asks for an item that was withdrawn is told so, whether they might have seen it or not."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def find_item(db: Reading, text: str) -> Any:
            try:
                return true(db, text)
            except MalformedError:
                if db.one("SELECT 1 FROM withdrawal WHERE lower(hex(item_id)) = ?", (text,)) is not None:
                    raise MalformedError("the item was withdrawn") from None
                raise

        return find_item

    _wrap(patch, reading, "find_item", make)


def peers(number: int) -> Callable[[], Pair]:
    """A pair that the peer observes."""
    return partial(peer_pair, number)


def readers(number: int) -> Callable[[], Pair]:
    """A pair that readers observe."""
    return partial(reader_pair, number)


LEAKS = (
    Leak("the epoch in a nonce", epoch_in_the_nonce, peers(0)),
    Leak("one counter for all nonces", one_counter_for_all_nonces, peers(0)),
    Leak("one counter for all salts", one_counter_for_all_salts, peers(0)),
    Leak("one numbering for all streams", one_numbering_for_all_streams, peers(0)),
    Leak("numbers for what is withheld", numbers_for_what_is_withheld, peers(0)),
    Leak(
        "a limit that counts what is refused",
        limit_that_counts_what_is_refused,
        handmade.refused_before_what_goes,
    ),
    Leak("a slip that names all addressees", slip_that_names_all_addressees, peers(0)),
    Leak("a checkpoint over all streams", checkpoint_over_all_streams, peers(0)),
    Leak("a cut with one hash too many", cut_with_one_hash_too_many, peers(1)),
    Leak("a cut that is empty is sent", cut_that_is_empty_is_sent, peers(18)),
    Leak("an approval that is not decided again", approval_that_is_not_decided_again, peers(8)),
    Leak("cuts remembered by item", cuts_remembered_by_item, peers(2)),
    Leak("decisions remembered by label", decisions_remembered_by_label, handmade.another_is_refused_first),
    Leak(
        "files fetched only if they are not held",
        fetches_only_what_is_not_held,
        handmade.attached_what_another_sent_already,
    ),
    Leak("answers cut at every epoch", answers_cut_at_every_epoch, peers(4)),
    Leak(
        "empty answers cut while stopped",
        empty_answers_cut_while_stopped,
        handmade.rules_change_on_a_stopped_link,
    ),
    Leak(
        "pulls made again at every epoch",
        pulls_made_again_at_every_epoch,
        handmade.rules_change_while_the_author_asks,
    ),
    Leak(
        "a refusal that tells who is pinned",
        refusal_that_tells_who_is_pinned,
        handmade.forged_under_a_key_that_is_pinned,
    ),
    Leak(
        "a refusal that tells whose card is pinned",
        refusal_that_tells_whose_card_is_pinned,
        handmade.a_card_of_another_is_told,
    ),
    Leak(
        "a refusal of a card that is known",
        refusal_of_a_card_that_is_known,
        handmade.confirmed_by_hand_already,
    ),
    Leak("cards told once for all", cards_told_once_for_all, handmade.the_author_renews_its_card),
    Leak("a refusal of what is in force", refusal_of_what_is_in_force, handmade.offered_what_is_in_force),
    Leak("offers kept once for all", offers_kept_once_for_all, handmade.offered_by_another),
    Leak(
        "replays remembered for all together",
        replays_remembered_for_all_together,
        handmade.others_ask_before_a_replay,
    ),
    Leak("a refusal that says why", refusal_that_says_why, handmade.claims_to_be_another),
    Leak("a status that counts peers", status_that_counts_peers, handmade.claims_to_be_another),
    Leak("a header with a version", header_with_a_version, peers(0)),
    Leak("a receipt with a time of others", receipt_with_a_time_of_others, peers(1)),
    Leak("an inbox that counts all", inbox_that_counts_all, readers(1)),
    Leak("the title of a hidden layer", title_of_a_hidden_layer, readers(9)),
    Leak(
        "an order by the key of a view",
        order_by_the_key_of_a_view,
        handmade.a_relay_hands_over_more_of_the_older,
    ),
    Leak("a tie that a hash settles", tie_that_a_hash_settles, handmade.two_relays_hand_over_alike),
    Leak(
        "received when the last came",
        received_when_the_last_came,
        handmade.the_author_hands_over_what_a_relay_did,
    ),
    Leak(
        "the best view by all its layers", best_view_by_all_its_layers, handmade.the_smaller_view_hides_more
    ),
    Leak("a banner over all layers", banner_over_all_layers, readers(1)),
    Leak("forbidden told from missing", forbidden_told_from_missing, readers(0)),
    Leak("an error that quotes an id", error_that_quotes_an_id, readers(0)),
    Leak("show without a cut", show_without_a_cut, readers(0)),
    Leak("readers hold what the node holds", readers_hold_what_the_node_holds, readers(0)),
    Leak(
        "versions that are sent to all", versions_sent_to_all, handmade.corrected_where_the_peer_does_not_see
    ),
    Leak(
        "versions compared as they were handed over",
        versions_compared_as_they_were_handed_over,
        handmade.corrected_after_the_peer_lost_something,
    ),
    Leak(
        "versions compared by their size",
        versions_compared_by_their_size,
        handmade.corrected_where_the_peer_does_not_see,
    ),
    Leak("the newest of what waits", newest_of_what_waits, handmade.corrected_before_the_peer_asks),
    Leak(
        "a version that goes before its turn",
        version_that_goes_before_its_turn,
        handmade.corrected_before_the_peer_asks,
    ),
    Leak(
        "versions that all readers notice",
        versions_that_all_readers_notice,
        handmade.corrected_where_readers_do_not_see,
    ),
    Leak(
        "an unnoticed version is found",
        unnoticed_version_is_found,
        handmade.corrected_where_readers_do_not_see,
    ),
    Leak(
        "versions compared by all layers",
        versions_compared_by_all_layers,
        handmade.corrected_where_readers_do_not_see,
    ),
    Leak(
        "a mark for an unnoticed version",
        mark_for_an_unnoticed_version,
        handmade.corrected_where_readers_do_not_see,
    ),
    Leak(
        "who brought what is not seen, told with its destruction",
        brought_what_is_not_seen,
        handmade.destroyed_what_came_by_more_offices,
    ),
    Leak(
        "a destruction tells all that goes",
        destruction_tells_all,
        handmade.destroyed_what_has_more,
    ),
    Leak(
        "a destruction of what is not seen",
        destruction_of_what_is_not_seen,
        handmade.destroyed_what_readers_do_not_see,
    ),
    Leak(
        "what was destroyed is refused when it comes again",
        destroyed_is_refused,
        handmade.destroyed_what_another_sent,
    ),
    Leak(
        "a withdrawal of what is not seen",
        withdrawal_of_what_is_not_seen,
        handmade.withdrawn_what_readers_do_not_see,
    ),
)
