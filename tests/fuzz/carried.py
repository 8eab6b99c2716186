# SPDX-License-Identifier: Apache-2.0
"""
Decoders of what one node carries to another: payloads, letters, envelopes, and the HTTP around them.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import h11
import httpcore2
from msgspec.structs import replace

from legation.encoding import encode
from legation.errors import (
    EquivocationError,
    LegationError,
    MalformedError,
    ProofError,
    RemoteProtocolError,
    SealError,
    SignatureError,
    UnreachableError,
    VerificationError,
)
from legation.exchange import (
    BAG_SIZE_BYTES_MAX,
    Answer,
    Carried,
    EntryKind,
    Fetch,
    Former,
    Lost,
    Position,
    Pull,
    Push,
    Refused,
    Start,
    Taken,
    TakenBack,
    Void,
    accept_unasked,
    header_of,
    offered,
    parts,
)
from legation.exchange import entry as entries
from legation.exchange import envelope as envelopes
from legation.exchange.envelope import HEAD_SIZE_BYTES
from legation.exchange.letter import EMPTY_ROOT
from legation.exchange.receiving import Held, accept
from legation.exchange.succeeding import check_agrees, predecessor_in
from legation.item import Slip
from legation.item.attachment import chunk_hash, measured
from legation.keys.seal import TAG_SIZE_BYTES, HPKESealer, padded_size
from legation.node.peers.offering import read_offered
from legation.transports.http.app import exchange_app
from legation.transports.http.peer import Peer
from tests.cli.toy import TOY
from tests.exchange import made
from tests.exchange.bagged import Leaves, bag, bag_of, bag_written, enclosed, opened_bag
from tests.exchange.made import (
    a_view,
    a_void,
    answer,
    answered,
    by_hand,
    opened,
    position,
    pull,
    small_chunks,
    written,
)
from tests.fuzz.judge import CANARY, Decoder
from tests.fuzz.mutation import Syntax, canonical
from tests.fuzz.signed import SMALL_CHUNK_SIZE_BYTES
from tests.verifier.stated import CHAIN

VIEW = f'{{"header":"{CANARY}"}}'.encode()
STREAM = (made.START, a_view(VIEW), a_void(1), a_view(VIEW + b" "))
REFUSALS = (MalformedError, ProofError, SealError, SignatureError)


# Payloads.


def _of_payloads() -> Iterator[Decoder]:
    door = "legation.exchange.entry"
    before = entries.Predecessor(incarnation=bytes(16), size=3, root=bytes(32))
    refused = Refused(incarnation=bytes(16), number=3, code=entries.RefusalCode.PROOF)
    slip = Slip(addressee="JPN@NATO", attention=CANARY)
    rows: tuple[tuple[str, Any, Any, tuple[Any, ...], str], ...] = (
        (
            "start",
            entries.read_start,
            entries.write_start,
            (Start(), Start(predecessors=(before,))),
            "_START",
        ),
        ("void", entries.read_void, entries.write_void, (Void(number=3),), "_VOID"),
        ("refused", entries.read_refused, entries.write_refused, (refused,), "_REFUSED"),
    )
    for name, read, write, values, codec in rows:
        yield Decoder(
            name=f"payload of {name}",
            doors=(f"{door}.read_{name}", f"{door}.{codec}"),
            read=read,
            again=write,
            corpus=tuple(map(write, values)),
            syntax=Syntax.JSON,
        )
    payload = entries.write_view(slip, VIEW)
    yield Decoder(
        name="payload of a view",
        doors=(f"{door}.read_view", f"{door}._SLIP"),
        read=entries.read_view,
        again=lambda found: entries.write_view(*found),
        corpus=(payload,),
        syntax=Syntax.BYTES,
    )
    yield Decoder(
        name="payload of any kind",
        doors=(f"{door}.check_payload",),
        read=lambda data: entries.check_payload(list(EntryKind)[len(data) % len(EntryKind)], data),
        corpus=(payload, payload + b" ", b"{}"),
        syntax=Syntax.JSON,
    )


def _of_parts() -> Iterator[Decoder]:
    """Payloads in parts: cards, and a policy that is offered with the statements on it."""
    canary = CANARY.encode()
    yield Decoder(
        name="payload of key",
        doors=("legation.exchange.parts.read_cards",),
        read=parts.read_cards,
        again=parts.write_cards,
        corpus=(parts.write_cards([canary]), parts.write_cards([b"{}", canary, b"{}"])),
        syntax=Syntax.BYTES,
    )
    policy = TOY.replace(b"<SPIF", b"<!-- " + canary + b" --><SPIF", 1)
    offers = [parts.write_offer(policy), parts.write_offer(TOY, [canary])]
    offers += [parts.write_offer(TOY, [CHAIN["chain"][0]["note"].encode()])]
    yield Decoder(
        name="payload of policy",
        doors=("legation.exchange.parts.read_offer",),
        read=parts.read_offer,
        again=lambda found: parts.write_offer(*found),
        corpus=tuple(offers),
        syntax=Syntax.BYTES,
    )
    yield Decoder(
        name="policy that is offered",
        doors=("legation.node.peers.offering.read_offered",),
        read=read_offered,
        corpus=tuple(offers),
        syntax=Syntax.BYTES,
    )


# Letters and envelopes.


def _split(data: bytes) -> tuple[bytes, bytes]:
    """An input as the letter and what follows it: a line feed is between, for canonical JSON has none."""
    letter, _, body = data.partition(b"\n")
    return letter, body


def _pull_of_a_peer(data: bytes) -> Any:
    """Read an envelope whose letter is anything, from a peer of ours that is meant for us."""
    front = {"sender": made.RECEIVER, "receiver": made.SENDER, "purpose": "pull"}
    signer = made.signers(made.RECEIVER).ed25519
    with small_chunks():
        sealed = by_hand(data, front=front, signer=signer, to=made.seal_opener(made.SENDER))
        return opened([sealed], Pull)


def _answer_of_a_peer(data: bytes) -> Any:
    """Read an answer that says anything, and take it in."""
    letter, body = _split(data)
    with small_chunks():
        envelope = opened([by_hand(letter, body)], Answer)
    held = Held() if envelope.letter.start == 0 else _HELD
    return accept(envelope, held=held, sender=made.SENDER, keys=made.stream_keys(made.SENDER), pull=None)


def _content_of_a_peer(data: bytes) -> Any:
    """Read an answer whose content is anything, down to its padding."""
    letter, rest = _split(data)
    with small_chunks():
        return opened([by_hand(letter, rest, padding=b"")], Answer)


def _content(letter: Any, payloads: Iterable[bytes]) -> bytes:
    """What ``_content_of_a_peer`` reads as this letter, these payloads, and the padding that they need."""
    told, body = encode(letter), b"".join(payloads)
    with small_chunks():
        head = len(by_hand(told, padding=b"")) - HEAD_SIZE_BYTES
        # Of what is sealed, a part is tags: one for each chunk.
        size_bytes = head - TAG_SIZE_BYTES * -(-head // (SMALL_CHUNK_SIZE_BYTES + TAG_SIZE_BYTES)) + len(body)
        return told + b"\n" + body + bytes(padded_size(size_bytes) - size_bytes)


def _stream_of_a_peer(data: bytes) -> Any:
    """Take in a stream of any entries, numbered, hashed and signed as they must be: ``[[kind, payload], …]``."""
    try:
        told = [(EntryKind(kind), payload.encode()) for kind, payload in json.loads(data)]
        envelope = answered(told)
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise MalformedError("this is no stream") from None
    return accept(envelope, held=Held(), sender=made.SENDER, keys=made.stream_keys(made.SENDER), pull=None)


_HELD = Held(incarnation=made.INCARNATION, frontier=made.frontier(STREAM[:2]))


def _answers() -> Iterator[bytes]:
    for start in (0, 2):
        envelope = answered(STREAM, start=start, taken_back=[1] if start == 0 else ())
        yield encode(envelope.letter) + b"\n" + b"".join(envelope.payloads)
    yield encode(answer(challenge=bytes(16)))


def _pieces(data: bytes) -> list[bytes]:
    return [data[:2000], data[2000:]]


def _envelope(shape: type[Any], letters: Iterable[Any], name: str, size_bytes_max: int) -> Decoder:
    """An envelope as a stranger may send it; chunks are small, so that it is short and has several."""

    def read(data: bytes) -> Any:
        with small_chunks():
            return opened(_pieces(data), shape, size_bytes_max=size_bytes_max)

    def write(letter: Any, payloads: Iterable[bytes], cards: bytes = b"") -> bytes:
        with small_chunks():
            return b"".join(written(letter, payloads, cards=cards))

    return Decoder(
        name=f"envelope of {name}",
        doors=("legation.exchange.envelope.read_envelope", "legation.exchange.envelope._FRONT"),
        read=read,
        again=lambda envelope: write(envelope.letter, envelope.payloads, envelope.cards),
        corpus=tuple(write(*each) for each in letters),
        syntax=Syntax.BYTES,
        raises=REFUSALS,
    )


def _bag_of_a_peer(data: bytes) -> Any:
    """Read a bag that says anything, and take it in where some of it is held."""
    letter, body = _split(data)
    front = {"purpose": "bag"}
    with small_chunks():
        envelope = opened_bag([by_hand(letter, body, front=front, to=made.seal_opener(made.RECEIVER))])
    return accept_unasked(envelope, _HELD, keys=made.stream_keys(made.SENDER), leaves=Leaves(STREAM[:2]))


def _bags() -> Iterator[bytes]:
    file = f"{CANARY} is attached".encode()
    for start in (0, 1, 2):
        letter, payloads = bag_of(STREAM, start=start, taken_back=[1] if start == 0 else ())
        yield encode(letter) + b"\n" + b"".join(payloads)
    letter, payloads = bag_of(STREAM, start=2, enclosed=(enclosed(3, file),), position=position(STREAM))
    yield encode(letter) + b"\n" + b"".join((*payloads, file))
    yield encode(bag(receipt=b"x" * 99))


def _of_bags() -> Iterator[Decoder]:
    whole, payloads = bag_of(STREAM, enclosed=(enclosed(1, b"a file" * 99),))

    def write(letter: Any, payloads: Iterable[bytes], files: Iterable[Iterable[bytes]] = ()) -> bytes:
        with small_chunks():
            return b"".join(bag_written(letter, payloads, files))

    def read(data: bytes) -> Any:
        with small_chunks():
            return opened_bag(_pieces(data), size_bytes=len(data), size_bytes_max=BAG_SIZE_BYTES_MAX)

    yield Decoder(
        name="envelope of a bag",
        doors=("legation.exchange.envelope.read_envelope",),
        read=read,
        corpus=(write(whole, payloads, [[b"a file" * 99]]), write(bag(), ())),
        syntax=Syntax.BYTES,
        raises=REFUSALS,
    )
    yield Decoder(
        name="bag, signed whatever it says",
        doors=("legation.exchange.envelope._BAG", "legation.exchange.opening.accept_unasked"),
        read=_bag_of_a_peer,
        corpus=tuple(_bags()),
        syntax=Syntax.JSON,
        raises=(*REFUSALS, VerificationError, RemoteProtocolError),
    )


def _push_of_a_peer(data: bytes) -> Any:
    """Read a push that says anything, by its beginning too, and take it in where some of it is held."""
    letter, body = _split(data)
    ours = made.seal_opener(made.RECEIVER)
    given: dict[str, Any] = {"openers": [ours], "receiver": made.RECEIVER, "key_of": made.key_of}
    with small_chunks():
        sealed = by_hand(letter, body, front={"purpose": "push"}, to=ours, sealer=HPKESealer())
        envelopes.read_sender(sealed + bytes(SMALL_CHUNK_SIZE_BYTES), Push, **given)
        envelope: envelopes.Envelope[Push] = envelopes.read_envelope(
            [sealed], Push, **given, size_bytes_max=envelopes.PUSH_SIZE_BYTES_MAX
        )
    return accept_unasked(envelope, _HELD, keys=made.stream_keys(made.SENDER), leaves=Leaves(STREAM[:2]))


def _taken_of_a_peer(data: bytes) -> Any:
    """Read an answer to a push that says anything."""
    with small_chunks():
        return opened([by_hand(data, front={"purpose": "taken"})], Taken)


def _pushes() -> Iterator[bytes]:
    file = f"{CANARY} is attached".encode()
    for start, files in ((0, ()), (1, ()), (2, (enclosed(3, file),))):
        letter, payloads = bag_of(STREAM, start=start, enclosed=files)
        told = {name: getattr(letter, name) for name in Push.__struct_fields__ if hasattr(letter, name)}
        push = Push(answer_key=made.ANSWER_KEY.public_key, challenge=bytes(16), **told)
        yield encode(push) + b"\n" + b"".join((*payloads, *([file] if files else [])))


def _of_pushes() -> Iterator[Decoder]:
    door = "legation.exchange.envelope"
    taken = Taken(
        sender=made.SENDER, receiver=made.RECEIVER, nonce=bytes(16), push=bytes(32), challenge=bytes(16)
    )
    more = replace(taken, position=position(STREAM), receipt=CANARY.encode())
    yield Decoder(
        name="push, signed whatever it says",
        doors=(f"{door}._PUSH", f"{door}.read_sender", "legation.exchange.opening.accept_unasked"),
        read=_push_of_a_peer,
        corpus=tuple(_pushes()),
        syntax=Syntax.JSON,
        raises=(*REFUSALS, VerificationError, RemoteProtocolError),
    )
    yield Decoder(
        name="answer to a push, signed whatever it says",
        doors=(f"{door}._TAKEN",),
        read=_taken_of_a_peer,
        again=lambda envelope: encode(envelope.letter),
        corpus=(encode(taken), encode(more)),
        syntax=Syntax.JSON,
        raises=REFUSALS,
    )


def _starts() -> Iterator[Start]:
    """What may begin another incarnation where two entries are held."""
    for size, root in ((0, EMPTY_ROOT), (1, bytes(32)), (2, b"1" * 32), (9, bytes(32))):
        before = entries.Predecessor(incarnation=bytes(16), size=size, root=root)
        yield Start(predecessors=(entries.Predecessor(incarnation=b"1" * 16, size=1, root=bytes(32)), before))


def _start_of_another(data: bytes) -> object:
    """Read the start of another incarnation, where two entries are held, under roots of zeros."""
    entry = Carried(header=header_of(0, EntryKind.START, data))
    before = predecessor_in("KOR@NATO", b"2" * 16, [entry], [data], bytes(16))
    held = Position(incarnation=bytes(16), size=2, root=bytes(32))
    check_agrees("KOR@NATO", before, held, root_at=lambda _: bytes(32), proof=data)
    return before


def _of_envelopes() -> Iterator[Decoder]:
    door = "legation.exchange.envelope"
    fetch = Fetch(incarnation=bytes(16), number=3, root=measured([b"ab"]).root, size=2)
    pulls = (
        pull(),
        pull(position=position(STREAM), wait_s=7, challenge=bytes(16), receipt=b"x" * 99),
        pull(fetch=fetch),
        pull(
            position=position(STREAM),
            old=(
                Former(
                    incarnation=bytes(16),
                    size=3,
                    root=bytes(32),
                    receipt=b"x" * 99,
                    lost=(
                        Lost(entry=Carried(header=header_of(1, EntryKind.VIEW, VIEW)), item=bytes(32)),
                        Lost(entry=TakenBack(number=2, leaf=bytes(32))),
                    ),
                ),
                Former(incarnation=b"1" * 16, size=1, root=bytes(32)),
            ),
        ),
    )
    chunks = answer(start=3, chunks=offered(fetch, [chunk_hash(b"ab")]))
    whole = answered(STREAM)
    yield _envelope(Pull, [(each, ()) for each in pulls], "a pull", envelopes.PULL_SIZE_BYTES_MAX)
    letters: list[tuple[Any, ...]] = [(whole.letter, whole.payloads), (answer(), ()), (chunks, (b"ab",))]
    letters.append((answer(), (), parts.write_cards([CANARY.encode()])))
    yield _envelope(Answer, letters, "an answer", envelopes.ANSWER_SIZE_BYTES_MAX)
    yield Decoder(
        name="pull, signed whatever it says",
        doors=(f"{door}._PULL",),
        read=_pull_of_a_peer,
        again=lambda envelope: encode(envelope.letter),
        corpus=tuple(map(encode, pulls)),
        syntax=Syntax.JSON,
        raises=REFUSALS,
    )
    yield Decoder(
        name="answer, signed whatever it says",
        doors=(f"{door}._ANSWER", "legation.exchange.receiving.accept"),
        read=_answer_of_a_peer,
        corpus=tuple(_answers()),
        syntax=Syntax.JSON,
        raises=(*REFUSALS, VerificationError, RemoteProtocolError),
    )
    yield Decoder(
        name="content of an answer, sealed whatever it says",
        doors=("legation.exchange.envelope.read_envelope",),
        read=_content_of_a_peer,
        again=lambda envelope: _content(envelope.letter, envelope.payloads),
        corpus=(_content(whole.letter, whole.payloads), _content(answer(), ())),
        syntax=Syntax.BYTES,
        raises=REFUSALS,
    )
    yield Decoder(
        name="start of another incarnation",
        doors=(
            "legation.exchange.succeeding.predecessor_in",
            "legation.exchange.succeeding.check_agrees",
        ),
        read=_start_of_another,
        corpus=tuple(map(entries.write_start, _starts())),
        syntax=Syntax.JSON,
        raises=(MalformedError, RemoteProtocolError, EquivocationError),
    )
    stream = [[kind.value, payload.decode("latin-1")] for kind, payload in STREAM]
    more = [["void", '{"number":1}'], ["policy", CANARY], ["key", CANARY], ["withdrawal", CANARY]]
    yield Decoder(
        name="stream, signed whatever it says",
        doors=("legation.exchange.receiving.accept",),
        read=_stream_of_a_peer,
        corpus=(canonical(stream), canonical(stream[:1] + more)),
        syntax=Syntax.JSON,
        raises=(*REFUSALS, VerificationError, RemoteProtocolError),
    )


# HTTP.

REQUEST = (
    b"POST /exchange HTTP/1.1\r\nHost: 192.0.2.17:8443\r\nContent-Type: application/octet-stream\r\n"
    b"Content-Length: %d\r\n\r\n%b"
)
REQUESTS = (
    REQUEST % (len(CANARY), CANARY.encode()),
    REQUEST.replace(b"Content-Length: %d", b"Transfer-Encoding: chunked")
    % f"c\r\n{CANARY}\r\n0\r\n\r\n".encode(),
    f"GET /item/{CANARY}?{CANARY} HTTP/1.1\r\nHost: a\r\nCookie: {CANARY}\r\n\r\n".encode(),
)
ANSWERS = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: 12\r\n\r\n"
    + CANARY.encode(),
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + f"c\r\n{CANARY}\r\n0\r\n\r\n".encode(),
    f"HTTP/1.1 302 {CANARY}\r\nLocation: http://{CANARY}/\r\nContent-Length: 0\r\n\r\n".encode(),
)
HTTP_WORDS = (
    *(
        b"\r\n",
        b"\r\n\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b": ",
        b"HTTP/1.0",
    ),
    *(
        b"Transfer-Encoding: chunked\r\n",
        b"Expect: 100-continue\r\n",
        b"Connection: upgrade\r\n",
        b"ffffffff\r\n",
    ),
)
STATUSES = {200, 400, 404}


def _parsed(data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """A request as the server's parser hands it to the application, and the parts of its body."""
    connection = h11.Connection(h11.SERVER)
    parts: list[bytes] = []
    try:
        connection.receive_data(data)
        request = connection.next_event()
        while isinstance(event := connection.next_event(), h11.Data):
            parts.append(bytes(event.data))
    except h11.RemoteProtocolError:
        raise MalformedError("this is no request") from None
    if not isinstance(request, h11.Request) or not isinstance(event, h11.EndOfMessage):
        raise MalformedError("this is no whole request")
    path, _, query = request.target.partition(b"?")
    scope: dict[str, Any] = {"type": "http", "raw_path": path, "query_string": query}
    scope |= {"method": request.method.decode("ascii"), "http_version": request.http_version.decode("ascii")}
    return scope | {"headers": [(name, value) for name, value in request.headers]}, parts


def _answered_request(data: bytes) -> int:
    """Let the application answer a request; the status, or what it reported to its operator."""
    scope, parts = _parsed(data)
    reported: list[BaseException] = []
    sent: list[Any] = []

    async def echo(envelope: bytes, _: str, /) -> AsyncIterator[bytes]:
        async def pieces() -> AsyncIterator[bytes]:
            yield envelope or b"."

        return pieces()

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        if parts:
            return {"type": "http.request", "body": parts.pop(0), "more_body": True}
        if not ended:
            ended.append(True)
            return {"type": "http.request", "body": b"", "more_body": False}
        # The asker stays, and says no more.
        return await asyncio.Event().wait()

    ended: list[bool] = []
    app = exchange_app(echo, size_bytes_max=1 << 16, report=reported.append)

    async def exchange() -> None:
        await app(scope, receive, send)

    asyncio.run(exchange())
    statuses = [message["status"] for message in sent if message["type"] == "http.response.start"]
    assert len(statuses) == 1, "there is one response"
    assert statuses[0] in STATUSES, "of one of three statuses"
    for error in reported:
        raise error
    return int(statuses[0])


class _Pool(httpcore2.ConnectionPool):
    """A pool whose connections lead to bytes that are there already."""

    def __init__(self, data: bytes) -> None:
        super().__init__(max_connections=1, network_backend=httpcore2.MockBackend([data]))


def _answer_of_a_server(data: bytes) -> bytes:
    """Ask a peer that answers these bytes."""
    peer = Peer("192.0.2.17:8443", size_bytes_max=1 << 16)
    peer._pool = _Pool(data)
    try:
        return b"".join(peer.exchange(b"pull"))
    finally:
        peer.close()


def _of_http() -> Iterator[Decoder]:
    common: dict[str, Any] = {"syntax": Syntax.LINES, "words": HTTP_WORDS}
    yield Decoder(
        name="request",
        doors=("legation.transports.http.app.exchange_app", "legation.transports.http.bodies.Bodies.read"),
        read=_answered_request,
        corpus=REQUESTS,
        raises=(MalformedError, LegationError),
        **common,
    )
    yield Decoder(
        name="response",
        doors=("legation.transports.http.peer.Peer.exchange",),
        read=_answer_of_a_server,
        corpus=ANSWERS,
        raises=(UnreachableError,),
        **common,
    )


def carried() -> Iterator[Decoder]:
    """All of them."""
    yield from _of_payloads()
    yield from _of_parts()
    yield from _of_envelopes()
    yield from _of_bags()
    yield from _of_pushes()
    yield from _of_http()
