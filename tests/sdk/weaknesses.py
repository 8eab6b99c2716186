# SPDX-License-Identifier: Apache-2.0
"""
Weaknesses that are planted in what signs, cuts and verifies, and what comes upon each.

Each is one check or one part that somebody might forget, taken out of the program's own source while it
runs: a function gets the code of its changed text, wherever it is called from. ``tests/verifier/weaknesses.py``
has those of the other verifier. ``docs/security.md`` lists both; ``python -m tools.docs`` draws the table.
"""

import ast
import importlib
import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from types import CodeType, FunctionType

from tests import test_merkle
from tests.item import test_attachment, test_draws, test_view
from tests.log import test_proof, test_verifier
from tests.sdk import test_comparing, test_verifying
from tests.sdk.given import KOR
from tests.sdk.judging import vectors_hold

Change = tuple[str, str, str]
"""Which function, as ``module:name``; what stands in it, once; what is put in its place."""


@dataclass(frozen=True, kw_only=True)
class Weakness:
    """What is changed, and what finds it: it fails while the change stands, and does not before."""

    changes: tuple[Change, ...]
    finds: Callable[[], object] = vectors_hold

    @property
    def found_by(self) -> str:
        """Where that stands, as a path of the repository."""
        if self.finds is vectors_hold:
            return "vectors/"
        found = self.finds.func if isinstance(self.finds, partial) else self.finds
        return found.__module__.replace(".", "/") + ".py"


def weak(*change: str, finds: Callable[[], object] = vectors_hold) -> Weakness:
    """One change, or several one after the other."""
    parts = iter(change)
    return Weakness(changes=tuple(zip(parts, parts, parts, strict=True)), finds=finds)


ITEM, LOG = "legation.item", "legation.log"
SALTS = test_draws.TestSecretDraws().test_a_salt_is_not_moved_by_other_labels
FRESH = test_draws.TestSecretDraws().test_two_signatures_have_no_draw_in_common
CLONED = test_draws.TestSecretDraws().test_a_cloned_generator_repeats_nothing_for_another_draft
WITHHELD = test_view.TestCut().test_a_salt_of_a_withheld_leaf_is_never_there
CONSISTENCY = test_comparing.TestCompare().test_between_two_sizes_nothing_is_taken_on_trust

WEAKNESSES: dict[str, Weakness] = {
    # Signing.
    "a salt is used again": weak(
        f"{ITEM}.draws:SecretDraws.leaves", "shake_256(purpose + key)", "shake_256(purpose)", finds=SALTS
    ),
    "a draw depends on what is hidden": weak(
        f"{ITEM}.draws:SecretDraws.leaves",
        "shake_256(purpose + key)",
        "shake_256(purpose + b'%d' % len(keys) + key)",
        finds=SALTS,
    ),
    "two signatures draw the same": weak(
        f"{ITEM}.draws:SecretDraws.__init__", "fresh + digest", "digest", finds=FRESH
    ),
    "a cloned generator draws the same for another draft": weak(
        f"{ITEM}.draws:SecretDraws.__init__", "fresh + digest", "fresh", finds=CLONED
    ),
    "a free place is left empty": weak(
        f"{ITEM}.draws:SecretDraws.decoys",
        'shake_256(self._seed + b"decoys\\n").digest(HASH_SIZE_BYTES * leaf_count)',
        "bytes(HASH_SIZE_BYTES * leaf_count)",
        finds=FRESH,
    ),
    "signatures have no purpose": weak(
        "legation.keys.sign:Purpose.prefix",
        'return value if value.endswith(b"/") else value + b"\\n"',
        'return b""',
    ),
    "a signature of one purpose holds for another": weak(
        "legation.keys.sign:PublicKey.verify", "purpose.prefix + message", "Purpose.ITEM.prefix + message"
    ),
    "a leaf is hashed without its domain": weak(f"{ITEM}.shape:leaf_entry", "LEAF_DOMAIN + nonce", "nonce"),
    "a leaf is not bound to its place": weak(f"{ITEM}.shape:leaf_entry", "place.to_bytes", "(0).to_bytes"),
    "a leaf is not bound to its item": weak(f"{ITEM}.shape:leaf_entry", "+ nonce +", "+ bytes(16) +"),
    "a leaf is hashed without its salt": weak(f"{ITEM}.shape:leaf_entry", "+ salt +", "+ bytes(32) +"),
    "a leaf and a node are hashed alike": weak("legation.merkle:leaf_hash", 'b"\\x00" + entry', "entry"),
    # Cutting.
    "a seam goes to who may see one of its layers": weak(
        f"{ITEM}.parts:Parts.cut",
        "left in kept and right in kept",
        "left in kept or right in kept",
        finds=WITHHELD,
    ),
    "every seam goes to every reader": weak(
        f"{ITEM}.parts:Parts.cut", " if left in kept and right in kept]", "]", finds=WITHHELD
    ),
    # Reading bytes.
    "other spellings of JSON and base64 are read": weak(
        "legation.encoding:Codec.decode", "_ENCODER.encode(value) != data", "False"
    ),
    "base64 of a note has loose bits": weak(
        f"{LOG}.note:decode_base64", 'b64encode(data).decode("ascii") != text', "False"
    ),
    "base64 of a note has other characters in it": weak(
        f"{LOG}.note:decode_base64",
        "validate=True)",
        "validate=False)",
        f"{LOG}.note:decode_base64",
        'b64encode(data).decode("ascii") != text',
        "False",
    ),
    # Verifying a view.
    "two layers have one label": weak(f"{ITEM}.view:_check_layers", "!= len(layers):", "> len(layers):"),
    "layers are of two documents": weak(
        f"{ITEM}.view:_check_layers",
        "(layer.kind, layer.document, layer.time) != (first.kind, first.document, first.time)",
        "(layer.kind, layer.time) != (first.kind, first.time)",
    ),
    "a place is used twice": weak(
        f"{ITEM}.view:_check_places", "len({*layers, *seams}) != len(layers) + len(seams)", "False"
    ),
    "seams form no order": weak(f"{ITEM}.view:_total_order", "if order[rank] is not None:", "if False:"),
    "a pair stands in the wrong leaf": weak(
        f"{ITEM}.view:_relation", "if joint[x][0] == joint[y][0]:", "if False:"
    ),
    "a hash is left over": weak(
        "legation.merkle:rebuild",
        "if len(needed) != len(proof):",
        "if len(needed) > len(proof):",
        "legation.merkle:rebuild",
        "dict(zip(needed, proof, strict=True))",
        "dict(zip(needed, proof, strict=False))",
    ),
    "variants are not closed": weak(f"{ITEM}.view:inspect", "if not is_closed(fuller):", "if False:"),
    "the root of a view is not compared": weak(
        f"{ITEM}.view:_hash_up", "if nodes[1] != header.root:", "if False:"
    ),
    "the signature of an item is not checked": weak(
        f"{ITEM}.view:authenticate",
        "    author.public_key.verify(Purpose.ITEM, encode(contents.wire.header), contents.wire.signature)\n",
        "",
    ),
    "a revoked key signs items": weak(
        f"{ITEM}.view:authenticate",
        "if author.state is KeyState.REVOKED and not trusts_revoked:",
        "if False:",
    ),
    # Notes, checkpoints and receipts.
    "the second line of a checkpoint is not checked": weak(
        f"{LOG}.checkpoint:_verify", "for line in lines:", "for line in lines[:1]:"
    ),
    "one good line excuses a bad one": weak(
        f"{LOG}.verifier:open_note",
        "            _verify(key, note.text, line.signature)\n            verified.append(line)",
        "            try:\n                _verify(key, note.text, line.signature)\n"
        "            except SignatureError:\n                continue\n            verified.append(line)",
        finds=test_verifier.TestNotes().test_one_bad_line_of_a_known_key_refuses_the_whole,
    ),
    "a note needs no known key": weak(
        f"{LOG}.verifier:open_note",
        "if not verified:",
        "if False:",
        finds=test_verifier.TestNotes().test_without_a_known_key_it_is_refused,
    ),
    "a signature line is stripped": weak(
        f"{LOG}.checkpoint:_read",
        "len(note.signatures) != len(types)",
        "len(note.signatures) > len(types)",
        f"{LOG}.checkpoint:_one_time",
        "if len(times) != 1:\n        raise",
        "if not times:\n        return least\n    if len(times) != 1:\n        raise",
    ),
    "a checkpoint is of another stream": weak(
        f"{LOG}.checkpoint:_check_origin", "checkpoint.origin != origin", "False"
    ),
    "a checkpoint is read with the card of another office": weak(
        f"{LOG}.checkpoint:open_checkpoint",
        'claimed.origin.split("/")[3] != office',
        "False",
        finds=partial(test_proof.TestCheckpointsByCard().test_a_stream_of_another_office_is_refused, KOR),
    ),
    "the times of a receipt differ": weak(
        f"{LOG}.checkpoint:_one_time",
        "if len(times) != 1:",
        "if not times:",
        f"{LOG}.checkpoint:_one_time",
        "[time] = times",
        "time = max(times)",
    ),
    "a cosignature does not cover its time": weak(
        f"{LOG}.signing:timed_text", 'b"time %d\\n%b" % (time, text)', "text"
    ),
    "ML-DSA-44 does not cover the root": weak(f"{LOG}.signing:subtree", "        root,\n", ""),
    "the second line of a statement is not checked": weak(
        f"{LOG}.statement:verify_statement",
        "    for (algorithm, type_), line in zip(_TYPES, note.signatures, strict=True):",
        "    for (algorithm, type_), line in zip(_TYPES[:1], note.signatures, strict=False):",
    ),
    # Proofs.
    "the root of a proof is not compared": weak(
        "legation.merkle:verify_inclusion", "if found != root:", "if False:"
    ),
    "a proof is too short": weak(
        "legation.merkle:verify_inclusion",
        "if last != 0:",
        "if False:",
        finds=test_merkle.TestVerifyInclusion().test_refuses_every_altered_claim,
    ),
    "the old root of a proof of growth is not compared": weak(
        "legation.merkle:verify_consistency",
        "old_found != old_root or new_found != new_root",
        "new_found != new_root",
        finds=CONSISTENCY,
    ),
    "of two sizes the smaller is taken on trust": weak(
        "legation.sdk.comparing:compare",
        "if old.size != new.size and proof is None:",
        "if old.size != new.size:\n        return\n    if False:",
        finds=CONSISTENCY,
    ),
    "a fork is overlooked": weak(
        "legation.sdk.comparing:compare",
        "if old.size == new.size and old.root != new.root:",
        "if False:",
        finds=test_comparing.TestCompare().test_two_histories_of_one_size_are_told_with_both_notes,
    ),
    "an entry stands under another number": weak(
        "legation.sdk.verifying:_entry",
        "if header.number != proof.index:",
        "if False:",
        finds=test_verifying.TestProofs().test_an_entry_that_says_another_number_is_refused,
    ),
    "a payload is another": weak(
        "legation.sdk.verifying:_brought", "sha256(payload).digest() != entry.payload_hash", "False"
    ),
    "a copy for another office is shown": weak(
        "legation.sdk.verifying:_brought",
        "if slip.addressee != _claimed(note.data).receiver:",
        "if False:",
        finds=test_verifying.TestProofs().test_the_slip_is_the_receivers,
    ),
    "a false proof of growth counts": weak(
        "legation.sdk.comparing:_grown",
        "state=HistoryState.BROKEN",
        "state=HistoryState.GREW",
        finds=test_comparing.TestHistories().test_a_false_proof_is_told,
    ),
    "a withdrawal by another office counts": weak(
        "legation.sdk.comparing:is_withdrawn",
        "(each.item_id, each.author) == (view.item_id, view.author)",
        "each.item_id == view.item_id",
        finds=test_comparing.TestWithdrawn().test_another_office_s_word_does_not,
    ),
    # Attachments.
    "a chunk is hashed without its domain": weak(
        f"{ITEM}.attachment:chunk_hash",
        'b"\\x00" + CHUNK_DOMAIN',
        'b"\\x00"',
        finds=partial(test_attachment.TestTree().test_root_is_that_of_the_page, 1),
    ),
    "the root of an attachment is not compared": weak(
        f"{ITEM}.attachment:verified",
        " or hashing.root() != portion.root",
        "",
        finds=partial(test_attachment.TestStream().test_what_was_not_raises_before_the_last_piece, "swapped"),
    ),
    "the end of an attachment is given out before it holds": weak(
        f"{ITEM}.attachment:verified",
        "        if held:\n            yield held\n        held = piece",
        "        yield piece",
        finds=partial(test_attachment.TestStream().test_what_was_not_raises_before_the_last_piece, "other"),
    ),
    "more of an attachment is read than was signed": weak(
        f"{ITEM}.attachment:verified",
        "hashing.size + len(piece) > portion.size",
        "False",
        finds=test_verifying.TestAttachments().test_no_more_is_read_than_the_portion_says,
    ),
    # Withdrawals.
    "a retired key withdraws": weak(
        f"{ITEM}.withdrawal:verify_withdrawal", "if author.state is not KeyState.CURRENT:", "if False:"
    ),
    "a retired key certifies": weak(
        f"{ITEM}.destruction:verify_destruction",
        "if not (key.state is KeyState.CURRENT or (trusts_retired and key.state is KeyState.RETIRED)):",
        "if key.state is KeyState.REVOKED:",
    ),
    "anybody certifies for another office": weak(
        f"{ITEM}.destruction:verify_destruction", "if str(key.office) != found.office:", "if False:"
    ),
    "a certificate is not signed": weak(
        f"{ITEM}.destruction:verify_destruction",
        "    key.public_key.verify(Purpose.DESTRUCTION, found.signed_bytes, found.signature)",
        "    pass",
    ),
    "a withdrawal is not signed": weak(
        f"{ITEM}.withdrawal:verify_withdrawal",
        "    author.public_key.verify(Purpose.WITHDRAWAL, found.item, found.signature)",
        "    pass",
    ),
}


def found(path: str) -> FunctionType:
    """Find a function, or that behind a property, by its module and name."""
    module, _, names = path.partition(":")
    here: object = importlib.import_module(module)
    for name in names.split("."):
        here = inspect.getattr_static(here, name)
    function = here.fget if isinstance(here, property) else here
    assert isinstance(function, FunctionType), path
    return function


@contextmanager
def planted(weakness: Weakness) -> Iterator[None]:
    """Let the program have a weakness."""
    sources: dict[str, str] = {}
    for path, old, new in weakness.changes:
        source = sources.get(path) or textwrap.dedent(inspect.getsource(found(path)))
        assert source.count(old) == 1, f"{path}: {old}"
        sources[path] = source.replace(old, new)
    with ExitStack() as stack:
        for path, source in sources.items():
            function = found(path)
            stack.callback(setattr, function, "__code__", function.__code__)
            function.__code__ = _compiled(source, function)
        yield


def _compiled(source: str, function: FunctionType) -> CodeType:
    """Compile a function alone, without what decorates it, among the names that it knows."""
    tree = ast.parse(source)
    [definition] = tree.body
    assert isinstance(definition, ast.FunctionDef)
    definition.decorator_list = []
    names = dict(function.__globals__)
    exec(compile(tree, function.__code__.co_filename, "exec"), names)  # noqa: S102  # it is our own source
    made = names[function.__name__]
    assert isinstance(made, FunctionType)
    return made.__code__


def table() -> str:
    """Draw the table of ``docs/security.md``."""
    rows = [f"| {name} | `{each.found_by}` |" for name, each in WEAKNESSES.items()]
    return "\n".join(["| weakness | found by |", "|---|---|", *rows])
