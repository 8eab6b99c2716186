# SPDX-License-Identifier: Apache-2.0
"""
Pushes and their answers: what cannot be, the vectors, and ``docs/spec/push.md``.
"""

import json
import re
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from legation.encoding import encode
from legation.errors import EquivocationError, MalformedError, ProofError, RemoteProtocolError, SignatureError
from legation.exchange import (
    ANSWER_SIZE_BYTES_MAX,
    Answer,
    Bag,
    Enclosed,
    Held,
    Pull,
    Push,
    Taken,
    accept_unasked,
    binding_of,
    read_envelope,
    read_sender,
    write_envelope,
)
from legation.exchange import envelope as envelope_module
from legation.exchange import push as push_module
from legation.exchange.envelope import _PUSH, _TAKEN, HEAD_SIZE_BYTES, check_spoken
from legation.exchange.letter import LETTER_SIZE_BYTES_MAX
from legation.keys.seal import HPKEOpener, TwinOpener, TwinSealer
from legation.keys.sign import Ed25519Signer
from legation.log import Frontier
from tests.exchange import made
from tests.exchange.bagged import Leaves, bag, bag_of, bag_written
from tests.exchange.made import RECEIVER, SENDER, STRANGER, a_view, key_of, seal_opener, stream_keys
from tools import vectors_push

STORED = json.loads(vectors_push.FILE.read_bytes())
ENVELOPES = {each["name"]: each for each in STORED["envelopes"]}
PAGE = vectors_push.PAGE.read_text(encoding="utf-8")
STREAM = (made.START, a_view(), a_view(b'{"another":1}'))


def push_of(payloads: Any, **changes: Any) -> tuple[Push, list[bytes]]:
    """
    A push of a stretch of a stream, and what follows its letter.
    """
    letter, follows = bag_of(payloads, **changes)
    told = {name: getattr(letter, name) for name in Bag.__struct_fields__ if name != "number"}
    return Push(answer_key=made.ANSWER_KEY.public_key, challenge=bytes(16), **told), follows


def taken(**changes: Any) -> Taken:
    """
    An answer to a push.
    """
    fields: dict[str, Any] = {"sender": RECEIVER, "receiver": SENDER, "nonce": made.NONCE}
    return Taken(**(fields | {"push": bytes(32), "challenge": bytes(16)} | changes))


def opened(pieces: Any, *shapes: Any, **changes: Any) -> Any:
    """
    What is read from an envelope to the receiver.
    """
    fields: dict[str, Any] = {
        "openers": [TwinOpener(seal_opener(RECEIVER).public_key), seal_opener(RECEIVER)],
        "receiver": RECEIVER,
        "key_of": key_of,
        "size_bytes_max": ANSWER_SIZE_BYTES_MAX,
    }
    return read_envelope(pieces, *shapes, **(fields | changes))


class TestShape:
    @pytest.mark.parametrize(
        "changes",
        [
            {"challenge": bytes(15)},
            {"nonce": bytes(15)},
            {"receiver": SENDER},
            {"protocol": 0},
            {"protocol": 65_536},
            {"incarnation": bytes(15)},
            {"start": 1},
            {"start": -1},
            {"checkpoint": None},
            {"checkpoint": b""},
            {"receipt": b""},
            {"entries": ()},
            {"enclosed": (Enclosed(number=9, root=bytes(32), size=1),)},
        ],
    )
    def test_a_push_that_cannot_be_is_refused(self, changes: dict[str, Any]) -> None:
        """
        With one thing changed it does not exist.
        """
        honest, _ = push_of(STREAM)
        fields = {name: getattr(honest, name) for name in Push.__struct_fields__}
        assert Push(**fields) == honest
        with pytest.raises(MalformedError):
            Push(**(fields | changes))

    @pytest.mark.parametrize(
        "changes",
        [{"push": bytes(31)}, {"challenge": bytes(17)}, {"receipt": b""}, {"nonce": b""}, {"sender": SENDER}],
    )
    def test_an_answer_that_cannot_be_is_refused(self, changes: dict[str, Any]) -> None:
        """
        With one thing changed it does not exist.
        """
        with pytest.raises(MalformedError):
            taken(**changes)

    def test_no_more_is_enclosed_than_a_letter_has_room_for(self) -> None:
        """
        As many as are allowed fit in the letter with everything else that goes there.
        """
        file = [
            Enclosed(number=1, root=bytes(32), size=size) for size in range(1, push_module.PUSHED_MAX + 2)
        ]
        full, _ = push_of(
            STREAM, enclosed=tuple(file[:-1]), receipt=b"x" * 8_192, position=made.position(STREAM)
        )
        assert len(encode(full)) + 1024 * 170 < LETTER_SIZE_BYTES_MAX
        with pytest.raises(MalformedError, match="expected at most 256"):
            push_of(STREAM, enclosed=tuple(file))


class TestEnvelope:
    def test_none_serves_for_another(self) -> None:
        """
        A bag is not read as a push, nor a push as a bag or a pull; the signature says which it is.
        """
        letter, payloads = push_of(STREAM)
        pushed, packed = bag_written(letter, payloads), bag_written(*bag_of(STREAM))
        assert opened(pushed, Push).letter == letter
        assert opened(pushed, Pull, Push).letter == letter
        for pieces, shapes in ((pushed, [Bag]), (pushed, [Pull]), (packed, [Push]), (packed, [Pull, Push])):
            with pytest.raises(SignatureError, match="another purpose"):
                opened(pieces, *shapes)

    def test_an_answer_to_a_push_is_none_to_a_pull(self) -> None:
        """
        Both are sealed to a fresh key, and told apart by their purpose.
        """
        pieces = list(
            write_envelope(
                taken(),
                [],
                signer=made.signers(RECEIVER).ed25519,
                to=made.ANSWER_KEY.public_key,
                secret=made.SECRET,
                sealer=TwinSealer(),
            )
        )
        given = {"openers": [TwinOpener(made.ANSWER_KEY.public_key)], "receiver": SENDER}
        assert opened(pieces, Taken, **given).letter == taken()
        with pytest.raises(SignatureError, match="another purpose"):
            opened(pieces, Answer, **given)

    def test_its_sender_is_known_by_its_beginning(self) -> None:
        """
        Before the rest has come, and without believing anything else of it.
        """
        letter, payloads = push_of((*STREAM, a_view(b"x" * 200_000)))
        data = b"".join(bag_written(letter, payloads))
        given: dict[str, Any] = {
            "openers": [TwinOpener(seal_opener(RECEIVER).public_key)],
            "receiver": RECEIVER,
            "key_of": key_of,
        }
        assert read_sender(data[:70_000], Push, **given) == (SENDER, binding_of(letter))
        assert read_sender(data[:70_000] + bytes(70_000), Push, **given) == (SENDER, binding_of(letter))
        with pytest.raises(SignatureError, match="not known"):
            read_sender(data[:70_000], Push, **(given | {"key_of": lambda _: None}))
        with pytest.raises(SignatureError, match="another purpose"):
            read_sender(data[:70_000], Bag, **given)
        with pytest.raises(SignatureError, match="another receiver"):
            read_sender(data[:70_000], Push, **(given | {"receiver": STRANGER}))
        for short in (HEAD_SIZE_BYTES - 1, HEAD_SIZE_BYTES, HEAD_SIZE_BYTES + 65_551):
            with pytest.raises((MalformedError, Exception)) as caught:
                read_sender(data[:short], Push, **given)
            assert type(caught.value).__module__ == "legation.errors"


class TestOpening:
    def test_it_is_taken_as_a_bag_is(self) -> None:
        """
        From any beginning up to what is held: the same is accepted, with the same payloads.
        """
        for held in (0, 1, 2, 3):
            for start in range(held + 1):
                letter, payloads = push_of(STREAM, start=start)
                shared = {*Push.__struct_fields__} & {*Bag.__struct_fields__}
                same = Bag(number=1, **{name: getattr(letter, name) for name in shared})
                at = Held(
                    incarnation=made.INCARNATION if held else None, frontier=made.frontier(STREAM[:held])
                )
                found = [
                    accept_unasked(
                        opened(bag_written(each, payloads), type(each)),
                        at,
                        keys=stream_keys(SENDER),
                        leaves=Leaves(STREAM[:held]),
                    )
                    for each in (letter, same)
                ]
                assert found[0] == found[1]
                assert (found[0] is None) is (held == 3)

    def test_two_histories_are_proven(self) -> None:
        """
        Signed by the sender, with another entry than is held.
        """
        letter, payloads = push_of((*STREAM[:2], a_view(b'{"other":2}')))
        at = Held(incarnation=made.INCARNATION, frontier=made.frontier(STREAM))
        with pytest.raises(EquivocationError):
            accept_unasked(
                opened(bag_written(letter, payloads), Push),
                at,
                keys=stream_keys(SENDER),
                leaves=Leaves(STREAM),
            )

    def test_what_begins_too_late_or_leads_elsewhere_is_refused(self) -> None:
        """
        It says that a push is meant.
        """
        letter, payloads = push_of(STREAM, start=2)
        found = opened(bag_written(letter, payloads), Push)
        with pytest.raises(RemoteProtocolError, match="missing before this push"):
            accept_unasked(found, Held(), keys=stream_keys(SENDER), leaves=Leaves(()))
        other = Held(incarnation=made.INCARNATION, frontier=made.frontier((made.START, a_view(b'{"x":1}'))))
        with pytest.raises(ProofError):
            accept_unasked(found, other, keys=stream_keys(SENDER), leaves=Leaves(STREAM[:2]))


def opener(name: str) -> HPKEOpener:
    """
    The key of this name, from the seeds of the file.
    """
    seeds = STORED["seeds"]
    return HPKEOpener(
        mlkem_seed=bytes.fromhex(seeds[f"{name} ml-kem-768"]),
        x25519_seed=bytes.fromhex(seeds[f"{name} x25519"]),
    )


class _Kept:
    """
    Seals as it was sealed when the vector was made.
    """

    def __init__(self, name: str) -> None:
        self.sealed = bytes.fromhex(STORED["kept"][f"sealed secret of {name}"])

    def seal_secret(self, *given: object) -> bytes:
        """
        Give what is kept.
        """
        return self.sealed


class TestVectors:
    @pytest.mark.parametrize("name", ENVELOPES)
    def test_the_program_writes_and_reads_it(self, name: str) -> None:
        """
        Byte for byte, and back, with what is enclosed.
        """
        vector = ENVELOPES[name]
        letter = (_PUSH if vector["purpose"] == "push" else _TAKEN).decode(vector["letter"].encode())
        follows = [b64decode(each) for each in vector["followed_by"]]
        count = len(letter.headers) if isinstance(letter, Push) else 0
        data = b"".join(
            write_envelope(
                letter,
                follows[:count],
                signer=Ed25519Signer(bytes.fromhex(STORED["seeds"][f"{letter.sender} stream ed25519"])),
                to=opener(vector["opener"]).public_key,
                secret=bytes.fromhex(vector["secret"]),
                sealer=_Kept(name),
                attached=[[each] for each in follows[count:]],
            )
        )
        assert (len(data), sha256(data).hexdigest()) == (vector["size_bytes"], vector["sha256"])
        assert binding_of(letter).hex() == vector["binding"]
        came: list[bytes] = []
        found = opened(
            [data],
            type(letter),
            openers=[opener(vector["opener"])],
            receiver=letter.receiver,
            take=lambda _, pieces: came.append(b"".join(pieces)),
        )
        assert found.letter == letter
        assert [*found.payloads, *came] == follows

    def test_the_example_hands_over_and_is_receipted(self) -> None:
        """
        What the push brings is where the answer stands.
        """
        push = _PUSH.decode(ENVELOPES["first-push"]["letter"].encode())
        answer = _TAKEN.decode(ENVELOPES["first-taken"]["letter"].encode())
        assert answer.push.hex() == ENVELOPES["first-push"]["binding"]
        assert answer.challenge == push.challenge
        assert answer.position is not None
        frontier = Frontier().extend(header.leaf for header in push.headers)
        assert (answer.position.size, answer.position.root) == (push.end, frontier.root)

    @pytest.mark.parametrize("vector", STORED["malformed"], ids=lambda each: each["what"])
    def test_the_program_refuses_what_is_no_letter(self, vector: Any) -> None:
        """
        Each has one defect, and is refused for it.
        """
        codec: Any = _PUSH if vector["purpose"] == "push" else _TAKEN
        with pytest.raises(MalformedError):
            check_spoken(codec.decode(vector["letter"].encode()), [1])

    def test_it_would_make_the_same_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        What is in the folder is what the generator makes, and the page shows it.
        """
        assert vectors_push.FILE.read_bytes() == vectors_push.made()
        assert [path.name for path in vectors_push.FILE.parent.iterdir()] == ["push.json"]
        assert vectors_push.rendered(PAGE) == PAGE
        letters = {each["letter"] for each in STORED["malformed"]}
        assert len(letters) == len(STORED["malformed"])
        assert letters.isdisjoint(each["letter"] for each in ENVELOPES.values())
        page = tmp_path / "push.md"
        page.write_text("<!-- example: first-push -->\n", encoding="utf-8")
        monkeypatch.setattr(vectors_push, "FILE", tmp_path / "vectors" / "push.json")
        monkeypatch.setattr(vectors_push, "PAGE", page)
        vectors_push.main()
        assert "<!-- /example -->" in page.read_text(encoding="utf-8")


class TestPage:
    def test_every_field_is_named(self) -> None:
        """
        Whatever may stand in a push or its answer is on the page.
        """
        for shape, name in ((Push, "Push"), (Taken, "Answer")):
            section = PAGE.split(f"\n## {name}\n")[1].split("\n## ")[0]
            drawn = " ".join(line.split(" | ")[0] for line in section.splitlines() if line.startswith("| "))
            assert [each for each in shape.__struct_fields__ if f"`{each}`" not in drawn] == []

    def test_limits_are_those_of_the_code(self) -> None:
        """
        Each row of the table of limits is the constant of that name, and none is missing.
        """
        constants = vars(envelope_module) | vars(push_module)
        drawn = dict(re.findall(r"^\| `(\w+_MAX)` \| (\d+) \|", PAGE, re.MULTILINE))
        assert drawn == {name: str(constants[name]) for name in drawn}
        assert drawn.keys() == {"PUSH_SIZE_BYTES_MAX", "PUSHED_MAX"}

    def test_a_bag_is_none_of_it(self) -> None:
        """
        What a push has beside a bag, and a bag beside a push.
        """
        ours, theirs = set(Push.__struct_fields__), set(Bag.__struct_fields__)
        assert (ours - theirs, theirs - ours) == ({"answer_key", "challenge"}, {"number"})
        assert bag().number == 1
