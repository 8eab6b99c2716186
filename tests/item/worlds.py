# SPDX-License-Identifier: Apache-2.0
"""
What the tests of items share: documents made up, drafts, authors, and draws for two worlds.

A ``Document`` (``handmade``) is the truth. ``signed`` has it signed by the program, ``handmade.item``
by the other signer. ``LEGATION_SEARCH=10`` in the environment makes every search ten times longer.
"""

import os
import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from hashlib import sha256, shake_256
from itertools import combinations
from random import Random
from typing import Any, cast

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from legation.encoding import encode
from legation.errors import LegationError, MalformedError, ProofError, SignatureError
from legation.item import Contents, Draft, Draws, Kind, Layer, View, inspect, parts, sign, verify, view
from legation.item import draft as drafts
from legation.item.draws import SecretDraws, first_free
from legation.item.portion import FormName, Portion, Status
from legation.keys.card import Card, Cards, KeyState, PolicyReference, read
from legation.keys.sign import Ed25519Signer
from legation.labels import Category, Label
from legation.merkle import Hash, leaf_hash
from tests.item import handmade, naive
from tests.item.handmade import Document, Json, seed
from tests.keys.office import Keys

SEARCH = int(os.environ.get("LEGATION_SEARCH", "1"))
LANGUAGES = ("en", "ko", "fr")


def examples(count: int) -> settings:
    """Settings for a search through *count* examples, or as many times more as one wants."""
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=count * SEARCH, deadline=None, suppress_health_check=checks)


# Authors.

SIGNER = Ed25519Signer(handmade.AUTHOR)
AUTHOR_ID = bytes(SIGNER.public_key.key_id)
KNOWN = {AUTHOR_ID: SIGNER.public_key.key}


@cache
def card() -> Card:
    """The card of KOR@NATO, whose item key signs here."""
    return read(Keys.of("KOR@NATO").card())


@cache
def cards() -> Cards:
    """The pinned cards."""
    return Cards([card()])


@cache
def later_card(state: KeyState) -> Card:
    """The card of KOR@NATO on which that key is no more current."""
    keys = Keys.of("KOR@NATO").with_new_item_key(state)
    return read(keys.card(number=1, previous=card().digest))


# From documents to drafts.


@dataclass(frozen=True)
class FreePortion:
    """A portion under its label, whatever it stands for."""

    label: Label
    portion: Portion


@dataclass(frozen=True)
class FreeDraft:
    """
    What signing reads of a draft, with any relation at all.

    A ``Draft`` can only express groups of variants that follow one another. What is signed may be
    any preorder, and so may what other programs sign.
    """

    kind: str
    portions: tuple[FreePortion, ...]
    references: dict[str, PolicyReference]
    fuller: tuple[tuple[int, int], ...]
    digest: bytes


def label_of(fields: Json) -> Label:
    """The label that a layer with these fields carries."""
    categories = tuple(msgspec.convert(each, Category) for each in fields.get("categories", []))
    return Label(
        classification=fields["classification"], policy_id=fields["policy"]["id"], categories=categories
    )


def reference_of(fields: Json) -> PolicyReference:
    """The policy reference of a layer with these fields."""
    return msgspec.json.decode(naive.encode(fields["policy"]), type=PolicyReference)


_PORTIONS: msgspec.json.Decoder[Portion] = msgspec.json.Decoder(Portion)


def draft_of(document: Document) -> Draft:
    """A draft that says what *document* says; a stand-in, since a ``Draft`` cannot say all of it."""
    labels = [label_of(fields) for fields in document.labels]
    portions = tuple(
        FreePortion(label=labels[label], portion=_PORTIONS.decode(naive.encode(portion)))
        for label, portion in document.portions
    )
    references = {fields["policy"]["id"]: reference_of(fields) for fields in document.labels}
    digest = sha256(repr(document).encode()).digest()
    fuller = tuple(sorted(document.full if document.declared is None else document.declared))
    return cast("Draft", FreeDraft(document.kind, portions, references, fuller, digest))


def key_of(fields: Json) -> bytes:
    """What signing calls the layer with these fields, where it asks for draws."""
    return sha256(encode((label_of(fields), reference_of(fields)))).digest()


def secret_draws(number: int = 0, digest: bytes = bytes(32)) -> SecretDraws:
    """The draws of a node, for the signature of this number."""
    return SecretDraws(seed("node secret"), seed(f"fresh {number}"), digest)


def signed(document: Document, draws: Any = None) -> bytes:
    """Have *document* signed by the program."""
    return sign(
        draft_of(document),
        document=document.document,
        time=document.time,
        signer=SIGNER,
        draws=draws or secret_draws(digest=sha256(repr(document).encode()).digest()),
    )


def by_hand(document: Document, draws: Draws) -> bytes:
    """Have *document* signed by the other signer, with the draws of the program."""
    labels = [key_of(document.labels[label]) for label in document.used]
    keys = labels + [left + right for left, right in combinations(labels, 2)]
    size = 64 if len(labels) <= 10 else 1024
    leaves = handmade.leaves(document, draws.leaves(keys, size, 0))
    return naive.encode(handmade.seal(*leaves, size=size, nonce=draws.nonce(), free=draws.decoys(size)))


def a_view() -> Json:
    """Any view, small, with variants and a seam."""
    return naive.parse(handmade.item(a_document()))


def a_document() -> Document:
    """A report of three paragraphs under two labels, the last a tearline of the second."""
    return Document(
        labels=(plain_label(0), plain_label(8)),
        portions=(
            (0, {"type": "text", "text": "canary one", "language": "en"}),
            (1, {"type": "text", "text": "canary two", "grade": "B2", "originator_control": True}),
            (0, {"type": "text", "text": "canary three"}),
        ),
        full=frozenset({(1, 2)}),
    )


@st.composite
def garbled(draw: st.DrawFn, data: bytes) -> bytes:
    """Bytes that were a view before something happened to some of them."""
    garbled_ = bytearray(data)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(garbled_)))
        length = draw(st.integers(0, 40))
        garbled_[start : start + length] = draw(
            st.binary(max_size=20)
            | st.sampled_from([b"", b"null", b"0", b"1e3", b"-1", b"{}", b"[]", b"true", b'"x"', b'"",'])
            | st.builds(lambda at, size: data[at : at + size], st.integers(0, len(data)), st.integers(0, 60))
        )
    return bytes(garbled_)


def error_of(step: int) -> type[LegationError]:
    """The error that is due where a step of the specification does not hold."""
    return {7: ProofError, 8: SignatureError}.get(step, MalformedError)


def refused(data: bytes, step: int) -> LegationError:
    """
    See *data* refused by both implementations at this step, and nothing else happen.

    The message holds no word of the content; every content here has the word ``canary``.
    """
    before = bytes(data)
    with pytest.raises(LegationError) as caught:
        verify(data, cards())
    assert type(caught.value) is error_of(step), caught.value
    assert "canary" not in caught.value.message + caught.value.hint
    assert data == before
    with pytest.raises(naive.RefusedViewError) as caught_too:
        naive.verify(data, KNOWN)
    assert caught_too.value.step == step
    return caught.value


def keep(labels: Collection[Label]) -> Any:
    """A function that keeps the layers under *labels*."""
    return lambda layer: layer.label in labels


def cut_to(document: Document, contents: Contents, labels: Collection[int]) -> bytes:
    """Cut to these labels of the document."""
    return view.cut(contents, keep({label_of(document.labels[label]) for label in labels}))


def texts(portions: Sequence[Any]) -> list[Json]:
    """Portions of a view as the dictionaries of a document."""
    return [msgspec.json.decode(encode(each.portion)) for each in portions]


def layers_of(data: bytes) -> tuple[Layer, ...]:
    """The layers in a view that verifies."""
    return verified(data).layers


def verified(data: bytes) -> View:
    """Verify against the pinned cards."""
    return verify(data, cards())


def subsets(labels: Sequence[int]) -> Iterator[set[int]]:
    """All choices of labels but the empty one."""
    for count in range(1, len(labels) + 1):
        for chosen in combinations(labels, count):
            yield set(chosen)


# Documents made up from a seeded generator: fast, and any order and preorder.


def plain_label(number: int) -> Json:
    """A label that differs from that of every other number."""
    policy = {"id": f"2.25.{1001 + number % 2}", "version": 1, "digest": handmade.b64(seed("policy"))}
    fields: Json = {"policy": policy, "classification": ("OPEN", "GUARDED", "CLOSED")[number // 2 % 3]}
    if number >= 6:
        values = [f"P{number // 6:02}"]
        fields["categories"] = [{"tag": "Parties", "type": "permissive", "values": values}]
    return fields


def random_portion(random: Random, index: int) -> Json:
    """Mostly paragraphs, in some language; sometimes another type."""
    match random.randrange(10):
        case 0:
            return {"type": "title", "text": f"Title {index}"}
        case 1:
            return {"type": "withheld"} if random.random() < 0.5 else {"type": "withheld", "reason": "x"}
        case 2:
            return {"type": "topics", "topics": [f"topic {index}"]}
        case _:
            portion: Json = {"type": "text", "text": f"Paragraph {index}"}
            language = random.choice(["", *LANGUAGES])
            return {**portion, "language": language} if language else portion


def random_relation(random: Random, count: int) -> frozenset[tuple[int, int]]:
    """Pairs of a preorder, from none at all to many chains and translations."""
    pairs: set[tuple[int, int]] = set()
    for _ in range(random.choice([0, 1, 2, count // 2, count])):
        x, y = random.randrange(count), random.randrange(count)
        if x != y:
            pairs.add((x, y))
            if random.random() < 0.3:
                pairs.add((y, x))
    return frozenset(pairs)


def random_document(random: Random, *, labels_max: int = 5, portions_max: int = 10) -> Document:
    """A document of a few portions under a few labels."""
    label_count = random.randint(1, labels_max)
    count = random.randint(1, portions_max)
    portions = tuple((random.randrange(label_count), random_portion(random, index)) for index in range(count))
    declared = random_relation(random, count)
    return Document(
        labels=tuple(plain_label(number) for number in range(label_count)),
        portions=portions,
        full=handmade.closure({*declared}, count),
        declared=declared,
        kind=random.choice(naive.KINDS),
        document=random.randbytes(16),
        time=random.randrange(253_402_300_800),
    )


def nodes_of(value: Any) -> list[tuple[Any, Any]]:
    """List every container in a value with every key or index in it."""
    found: list[tuple[Any, Any]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found.append((value, key))
        found += nodes_of(inner)
    return found


def bend(random: Random, value: Any) -> None:
    """Change one thing in a value: exchange, leave out, double or swap."""
    container, key = random.choice(nodes_of(value))
    here = container[key]
    match random.randrange(5):
        case 0 if isinstance(here, int):
            container[key] = random.choice([here + 1, here - 1, 0, 1, here ^ 1, 2**53, True])
        case 1 if isinstance(container, list):
            container.insert(key, deepcopy(here))
        case 2 if isinstance(container, list):
            other = random.randrange(len(container))
            container[key], container[other] = container[other], container[key]
        case 3:
            del container[key]
        case _:
            others = [each[name] for each, name in nodes_of(value)]
            alike = [each for each in others if type(each) is type(here)]
            container[key] = deepcopy(random.choice(alike if random.random() < 0.9 else others))


def rejoin(random: Random, leaf: Json) -> None:
    """Have a seam join its layers in another way, or relate others of their portions."""
    sizes = sum(leaf["order"][::2]), sum(leaf["order"][1::2])
    if random.random() < 0.5:
        sides = [0] * sizes[0] + [1] * sizes[1]
        random.shuffle(sides)
        order = [0]
        for side in sides:
            if side != (len(order) + 1) % 2:
                order.append(0)
            order[-1] += 1
        leaf["order"] = order
    pairs = {tuple(pair) for pair in leaf.pop("fuller", [])}
    pairs ^= {
        (random.randrange(sum(sizes)), random.randrange(sum(sizes))) for _ in range(random.randrange(3))
    }
    if pairs:
        leaf["fuller"] = sorted(map(list, pairs))


def bent_view(random: Random, document: Document) -> bytes:
    """A view in which things were changed, before it was signed or after."""
    if random.random() < 0.4:
        view_ = naive.parse(handmade.item(document))
        bend(random, view_)
        return naive.encode(view_)
    layers, seams = handmade.leaves(document)
    if seams and random.random() < 0.4:
        rejoin(random, random.choice(seams)["leaf"])
        sealed = handmade.seal(layers, seams, key=random.choice([handmade.AUTHOR, seed("somebody")]))
        return naive.encode(sealed)
    for _ in range(random.choice([0, 1, 1, 1, 2])):
        bend(random, layers if random.random() < 0.5 or not seams else seams)
        if not layers:
            break
    try:
        return naive.encode(handmade.seal(layers, seams))
    except (naive.RefusedViewError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        # Bent so far that it cannot be hashed. Then what is signed is something else.
        view_ = naive.parse(handmade.item(document))
        return naive.encode(view_ | {"layers": layers, "seams": seams})


# Documents and drafts made up by Hypothesis: any text, any label, all types with all their fields.


_CHARACTERS = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029")
lines = st.text(_CHARACTERS, min_size=1, max_size=30).map(str.strip).filter(bool)
paragraphs = st.lists(lines, min_size=1, max_size=3).map("\n\t".join)
_VISIBLE = st.characters(exclude_categories=("C", "Zl", "Zp"))
names = st.sampled_from(["OPEN", "SECRET", "비밀", "Très secret"]) | st.text(
    _VISIBLE, min_size=1, max_size=12
).map(lambda text: unicodedata.normalize("NFC", text).strip()).filter(bool)
offices = st.sampled_from(["KOR", "JPN", "KOR@NATO", "JPN@EU", "A-1@B-2"])


@st.composite
def categories(draw: st.DrawFn) -> tuple[Category, ...]:
    """Categories of a label in normal form."""
    types = st.sampled_from(["restrictive", "permissive", "informative"])
    keys = draw(st.sets(st.tuples(names, types), max_size=3))
    return tuple(
        msgspec.convert(
            {"tag": tag, "type": type_, "values": sorted(draw(st.sets(names, min_size=1, max_size=3)))},
            Category,
        )
        for tag, type_ in sorted(keys)
    )


policy_references = st.builds(
    PolicyReference,
    id=st.sampled_from(["2.25.1001", "2.25.1002", "1.3.6.1.4.1.31778.1.1", "0.0"]),
    version=st.integers(0, 2**53 - 1),
    digest=st.binary(min_size=32, max_size=32),
)

text_portions = st.fixed_dictionaries(
    {"type": st.just("text"), "text": paragraphs},
    optional={
        "language": st.sampled_from([*LANGUAGES, "pt-BR", "zh-Hant-TW"]),
        "source": lines,
        "grade": st.from_regex("[A-F][1-6]", fullmatch=True),
        "status": st.sampled_from([each.value for each in Status]),
        "caveat": lines,
        "handling": lines,
        "originator_control": st.just(True),
        "origin": offices,
    },
)

withheld_portions = st.fixed_dictionaries({"type": st.just("withheld")}, optional={"reason": lines})

other_portions = (
    st.fixed_dictionaries({"type": st.just("title"), "text": lines})
    | st.fixed_dictionaries(
        {"type": st.just("form"), "form": st.sampled_from([each.value for each in FormName])}
    )
    | st.fixed_dictionaries(
        {"type": st.just("topics"), "topics": st.lists(lines, min_size=1, max_size=4, unique=True)}
    )
    | st.lists(offices, min_size=1, max_size=4, unique=True).map(
        lambda named: (
            {"type": "addressees", "action": named[:2]} | ({"information": named[2:]} if named[2:] else {})
        )
    )
    | st.fixed_dictionaries(
        {"type": st.just("link"), "item": st.binary(min_size=32, max_size=32).map(handmade.b64)}
    )
    | st.fixed_dictionaries(
        {
            "type": st.just("attachment"),
            "name": st.sampled_from(["Annex A.pdf", "\ubd80\ub85d 1.odt", "photo.jpeg"]),
            "media_type": st.sampled_from(["application/pdf", "image/jpeg"]),
            "size": st.integers(0, 16 << 30),
            "root": st.binary(min_size=32, max_size=32).map(handmade.b64),
        },
        optional={"originator_control": st.just(True)},
    )
)

portions_of_any_type = text_portions | withheld_portions | other_portions


@st.composite
def draft_portions(draw: st.DrawFn, labels: Sequence[Label], count_max: int) -> list[drafts.DraftPortion]:
    """Portions under *labels*, in groups of variants."""
    found: list[drafts.DraftPortion] = []
    group = 0
    for _ in range(draw(st.integers(1, count_max))):
        kinds = [None, None, *drafts.VariantKind] if group else [None]
        kind = draw(st.sampled_from(kinds))
        portion: Any
        if kind is None:
            portion = draw(text_portions | other_portions)
            group = 1 if portion["type"] == "text" else 0
            variant = None
        else:
            is_line = kind is drafts.VariantKind.WITHHELD
            portion = draw(withheld_portions if is_line else text_portions)
            variant = drafts.Variant(kind=kind, of=draw(st.integers(1, group)))
            group += 1
        found.append(
            drafts.DraftPortion(
                label=draw(st.sampled_from(labels)),
                portion=_PORTIONS.decode(naive.encode(portion)),
                variant=variant,
            )
        )
    return found


@st.composite
def labels(draw: st.DrawFn, references: Sequence[PolicyReference]) -> Label:
    """A label in normal form under one of these policies."""
    policy = draw(st.sampled_from(references))
    return Label(classification=draw(names), categories=draw(categories()), policy_id=policy.id)


@st.composite
def written(draw: st.DrawFn, labels_max: int = 5, portions_max: int = 12) -> Draft:
    """A draft as a writer could make it."""
    references = draw(st.lists(policy_references, min_size=1, max_size=3, unique_by=lambda each: each.id))
    under = draw(st.lists(labels(references), min_size=1, max_size=labels_max, unique=True))
    return Draft(
        kind=draw(st.sampled_from(list(Kind))),
        policies=tuple(references),
        portions=tuple(draw(draft_portions(under, portions_max))),
    )


def document_of(draft: Draft, *, document: bytes, time: int) -> Document:
    """The document that a draft says, with its declared relation closed."""
    found = list(dict.fromkeys(each.label for each in draft.portions))
    fields = []
    for label in found:
        field: Json = {
            "policy": msgspec.json.decode(encode(draft.references[label.policy_id])),
            "classification": label.classification,
        }
        if label.categories:
            field["categories"] = msgspec.json.decode(encode(label.categories))
        fields.append(field)
    return Document(
        labels=tuple(fields),
        portions=tuple(
            (found.index(each.label), msgspec.json.decode(encode(each.portion))) for each in draft.portions
        ),
        full=handmade.closure(set(draft.fuller), len(draft.portions)),
        kind=draft.kind.value,
        document=document,
        time=time,
    )


# Two worlds.

_PLACE = slice(32, 34)  # of a leaf's entry: after the domain and the nonce, 16 bytes each


class ObserverDraws:
    """
    Draws for two worlds that differ only in what an observer may not see.

    A node's own draws follow from the draft's digest, so two drafts have nothing in common. Here:

    1. Nonce, salts and wishes for places follow from *name* and the key of a leaf, not from the draft.
    2. The leaves that the observer sees choose their places first, among themselves and in the order
       of their keys; the hidden ones choose among what is left. That is a lawful outcome of a node's
       draws too: every place of every leaf is equally likely there, whoever chooses first.
    3. A hidden leaf's hash is drawn from *name* and its place, like a decoy's. So all places that
       the observer does not see have the same hash in both worlds, and the root is one. With
       ``true_hashes`` hidden leaves are hashed as they are: then hashes, root and signature differ,
       and nothing else may.
    4. If paragraph codes collide, a hidden leaf draws anew at each attempt, a visible one at every
       eighth: a collision with a hidden code must not move what the observer sees. (A node redraws
       all leaves. Then an observer's salts come from another attempt, which looks the same.)

    Both worlds must be of one class of leaves: more than ten labels are a declared exception.
    """

    def __init__(self, name: str, sees: Collection[bytes], *, true_hashes: bool = False) -> None:
        self._name = name.encode()
        self._sees = {*sees, *(left + right for left in sees for right in sees)}
        self._true_hashes = true_hashes

    def _draw(self, what: bytes, size: int) -> bytes:
        return shake_256(b"two worlds\n" + self._name + b"\n" + what).digest(size)

    def nonce(self) -> bytes:
        """The nonce of both worlds."""
        return self._draw(b"nonce", 16)

    def leaves(self, keys: Sequence[bytes], leaf_count: int, attempt: int) -> list[tuple[int, bytes]]:
        """Places and salts, those of the leaves in sight first."""
        found: dict[bytes, tuple[int, bytes]] = {}
        taken: set[int] = set()
        for key in sorted(keys, key=lambda key: (key not in self._sees, key)):
            number = attempt // 8 if key in self._sees else attempt
            what = b"leaf %d\n" % number + key
            drawn = self._draw(what, 160)
            place = first_free(drawn, leaf_count, taken)
            if place is None:
                # Mostly the first wishes are enough, and to draw them all costs a hundred times as much.
                place = first_free(self._draw(what, 1 << 16), leaf_count, taken)
            assert place is not None, "no wish is left"
            taken.add(place)
            found[key] = (place, drawn[:32])
        return [found[key] for key in keys]

    def decoys(self, leaf_count: int) -> list[Hash]:
        """A hash for every place that the observer does not see."""
        return [self._unseen(place.to_bytes(2, "big")) for place in range(leaf_count)]

    def leaf_hash(self, key: bytes, entry: bytes) -> Hash:
        """The true hash of what the observer sees."""
        if self._true_hashes or key in self._sees:
            return leaf_hash(entry)
        return self._unseen(entry[_PLACE])

    def _unseen(self, place: bytes) -> Hash:
        return Hash(self._draw(b"hash" + place, 32))


@contextmanager
def hashed_by(draws: ObserverDraws, seen_places: Collection[int]) -> Iterator[None]:
    """
    Let the reading side hash hidden leaves as *draws* does.

    An author reads their own item before they cut it, and in a world of twins its hidden leaves do
    not have their true hashes. This is the one place where the program is patched to be tested.
    """

    def hashed(entry: bytes) -> Hash:
        place = int.from_bytes(entry[_PLACE], "big")
        return draws.leaf_hash(b"", entry) if place not in seen_places else leaf_hash(entry)

    with _reading_with(hashed):
        yield


@contextmanager
def _reading_with(hashed: Callable[[bytes], Hash]) -> Iterator[None]:
    """Let all that reads an item hash its leaves in another way."""
    with pytest.MonkeyPatch.context() as patch:
        for reading in (view, parts):
            patch.setattr(reading, "leaf_hash", hashed)
        yield


class HiddenLeaves:
    """
    The leaves that one observer of a world does not see, by their bytes.

    Where whole nodes are compared, items are signed and read again by several of them. What signs draws
    with ``draws``; while ``standing`` lasts, whoever reads a hidden leaf gets the hash that stands for it.
    """

    def __init__(self) -> None:
        self._hashes: dict[bytes, Hash] = {}

    def draws(self, name: str, sees: Collection[bytes]) -> ObserverDraws:
        """Draws for one item whose hidden leaves are remembered here; see ``ObserverDraws``."""
        return _RememberedDraws(name, sees, self._hashes)

    @contextmanager
    def standing(self) -> Iterator[None]:
        """Let everybody hash hidden leaves as they were drawn, and all others as they are."""
        # Those of another world may be standing already.
        others: Callable[[bytes], Hash] = vars(view)["leaf_hash"]

        def hashed(entry: bytes) -> Hash:
            return self._hashes.get(sha256(entry).digest()) or others(entry)

        with _reading_with(hashed):
            yield


class _RememberedDraws(ObserverDraws):
    def __init__(self, name: str, sees: Collection[bytes], hashes: dict[bytes, Hash]) -> None:
        super().__init__(name, sees)
        self._hashes = hashes

    def leaf_hash(self, key: bytes, entry: bytes) -> Hash:
        found = super().leaf_hash(key, entry)
        if key not in self._sees:
            self._hashes[sha256(entry).digest()] = found
        return found


def read_whole(data: bytes, draws: ObserverDraws, sees: Collection[Label]) -> Contents:
    """Read an item of a world of twins as its author does."""
    parsed = naive.parse(data)
    layers_ = [each["place"] for each in parsed["layers"] if label_of(each["leaf"]) in sees]
    seams = [each["place"] for each in parsed["seams"] if set(each["leaf"]["layers"]) <= set(layers_)]
    with hashed_by(draws, {*layers_, *seams}):
        return inspect(data)
