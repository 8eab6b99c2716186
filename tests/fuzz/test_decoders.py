# SPDX-License-Identifier: Apache-2.0
"""
That no decoder is forgotten: what looks like one in the program is tried, or there is a reason why not.
"""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import legation
from tests.fuzz.decoders import decoders
from tests.fuzz.judge import CANARY, judge

SOURCE = Path(legation.__file__).parent

# What says by its name that it reads what others wrote.
VERBS = (
    *("read", "decode", "parse", "inspect", "verify", "open", "from", "find", "load", "check", "typed"),
    *("instant", "originator", "accept", "take", "is", "may", "show", "cut", "cosign", "judge", "uris"),
)

# Why a function that looks like a decoder is not tried by itself.
EXCEPTIONS: dict[str, dict[str, str]] = {
    "checks one value: constructors call it, and every decoder makes values": {
        "legation.item.shape": "check_placed check_size",
        "legation.exchange.letter": "check_entries check_note",
        "legation.labels.label": "check_name",
        "legation.keys.sign": "PublicKey.verify PublicKey.verify_bare",
        "legation.log.signing": "check_signing_name verify_by_one",
    },
    "makes bytes or a name of what the node itself has": {
        "legation.exchange.entry": "header_of write_view",
        "legation.exchange.parts": "write_cards write_offer",
        "legation.formats.stanag4778_sidecar": "write_sidecar",
        "legation.item.signing": "sign",
        "legation.labels.phrases": "check_place",
        "legation.log.checkpoint": "key_name log_origin stream_origin",
        "legation.log.signing": "subtree",
        "legation.log.statement": "authority_name",
        "legation.node.keys.keyring": "RootKey.check_party",
        "legation.node.labelling": "bind write_label",
        "legation.node.streams.numbering": "Cutter.cut",
    },
    "reads what is installed with the program": {
        "legation.formats.shipped": "shipped shipped_bytes",
        "legation.node.peers.policies": "shipped_text",
    },
    "looks for a name among what is at hand, and reads a file by a decoder that is tried": {
        "legation.node.files": "find_policy",
        "legation.node.labelling": "policy_of",
        "legation.node.peers.policies": "policy_to_see",
    },
    "only hashes the bytes, and holds them against what was read": {
        "legation.item.attachment": "measured verify_chunk",
        "legation.node.courier.enclosing": "Enclosures.take",
        "legation.node.streams.receipting": "is_new",
        "legation.sdk.verifying": "verify_attachment",
        "legation.formats.stanag4778_sidecar": "check",
    },
    "hands its bytes, as they are, to decoders that are tried": {
        "legation.cli.verified": "verify_files",
        "legation.log.checkpoint": "is_receipt names_key",
        "legation.node.peers.accepting": "add_policy",
        "legation.node.streams.answering": "Answering.open",
        "legation.node.streams.asking": "Asking.ask",
        "legation.node.checking.log": "check_checkpoint",
        "legation.node.desk.drafting": "preview_draft store_draft store_version",
        "legation.node.peers.gaining": "gain",
        "legation.node.files": "check_policy compose cut_item format_report policies_with view_in",
        "legation.node.home": "create_home",
        "legation.node.peers.introducing": "take_cards",
        "legation.node.streams.judging": "judge",
        "legation.node.streams.letterbox": "Letterbox.open Letterbox.read_again",
        "legation.node.streams.pushed": "TakingPushes.take",
        "legation.node.labelling": "check_labels is_carrier",
        "legation.node.peers.offering": "offer_policy take_offer",
        "legation.node.peers.policies": "read_as_found",
        "legation.node.peers.peering": "add_peer confirm_peer grant",
        "legation.node.keys.renewing": "install_card vouch_renewal",
        "legation.node.streams.receipting": "judge_receipt take_receipt",
        "legation.node.rules": "read_policy",
        "legation.node.withdrawal.certifying": "accept_certificate judge_certificate",
        "legation.node.withdrawal.noticing": "take_notice",
        "legation.node.withdrawal.withdrawing": "accept_withdrawal judge_withdrawal",
        "legation.sdk.verifying": "read_card verify_destruction verify_view verify_withdrawal",
    },
    "looks up by a reference that a person typed; the store compares it and does not read it": {
        "legation.node.peers.cards": "read_peer_cards",
        "legation.node.withdrawal.destroying": "Destroying.destroy Destroying.preview",
        "legation.node.peers.offering": "offered_file",
        "legation.node.peers.peering": "add_without_node drop_card",
        "legation.node.desk.printing": "print_item",
        "legation.node.peers.admitting": "admit preview_admission",
        "legation.node.peers.given": "read_given",
        "legation.node.desk.passing": "pass_on",
        "legation.node.desk.previewing_passing": "preview_passing",
        "legation.node.desk.reading": "show_item show_report verify_item",
        "legation.node.desk.reissuing": "reissue_item",
        "legation.node.desk.saving": "open_attachment",
        "legation.node.desk.proving": "prove_receipt",
        "legation.node.desk.releasing": "release",
        "legation.node.streams.restoring": "declare",
        "legation.node.peers.speaking": "lower",
        "legation.node.peers.stopping": "exclude_peer pause_peer resume_peer",
        "legation.node.withdrawal.withdrawing": "withdraw_item",
        "legation.store.sqlite.checks": "is_released",
        "legation.store.sqlite.deliveries": "is_released",
        "legation.store.sqlite.destructions": "is_destroyed is_listed",
        "legation.store.sqlite.drafts": "is_released",
    },
    "is the port of what is tried": {
        "legation.keys.seal": "Opener.open_secret",
        "legation.formats.markdown.reading": "no_files",
    },
    "opens what this node has sealed, by a library, or not at all": {
        "legation.keys.rest": "open_at_rest",
    },
    "makes the pages of the node; requests are starlette's to read": {
        "legation.web.plain": "plain_pages",
    },
}

# What holds no content, so that no canary can stand in it.
WITHOUT_CONTENT = {
    *("office", "base64", "date", "instant", "digest", "number that may be called", "statement on a policy"),
    *("public key", "seal key", "key file", "root key file", "log entry", "stored frontier"),
    *(
        "proof of inclusion",
        "proof of consistency",
        "sealed secret",
        "sealed secret of the twin",
        "sealed chunks",
    ),
    *("payload of start", "payload of void", "payload of refused", "receipt", "checkpoint of anyone"),
    *("certificate of destruction", "certificate of destruction, signed whatever it says"),
    *("withdrawal", "withdrawal, signed whatever it says", "note, by cards alone", "proof, by cards alone"),
    "growth, by cards alone",
    *("incarnation that a receipt claims", "start of another incarnation"),
    *("checkpoint, signed whatever it says", "pull, signed whatever it says"),
    "answer to a push, signed whatever it says",
    *(
        "envelope of a pull",
        "envelope of an answer",
        "envelope of a bag",
        "clearance as a claim",
        "label of a policy",
    ),
}


def public_functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Every public function and method of a module, by its name."""
    waiting: list[tuple[str, ast.stmt]] = [("", each) for each in tree.body]
    while waiting:
        prefix, node = waiting.pop(0)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            waiting += [(f"{prefix}{node.name}.", each) for each in node.body]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield f"{prefix}{node.name}", node


def takes_bytes(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function takes bytes, or text and says that it may be malformed."""
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    types = [ast.unparse(each.annotation) for each in arguments if each.annotation is not None]
    if any("bytes" in each for each in types):
        return True
    is_reader = types[:1] == ["str"] or node.name.partition("_")[0] in {"read", "parse", "decode"}
    return "str" in types and is_reader and "MalformedError" in (ast.get_docstring(node) or "")


def looks_like_a_decoder(name: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function reads what somebody else wrote, as far as can be seen from outside."""
    verb = name.rpartition(".")[2].partition("_")[0]
    says = "MalformedError" in (ast.get_docstring(node) or "")
    return takes_bytes(node) and (says or verb in VERBS)


def codecs(tree: ast.Module) -> Iterator[str]:
    """The names of all codecs that a module makes."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            made = node.value.func
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(made, ast.Name) and made.id == "Codec" and isinstance(target, ast.Name):
                yield target.id


def doors_of(path: Path) -> Iterator[str]:
    """The dotted names of what looks like a decoder in a module."""
    tree = ast.parse(path.read_text())
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    for name, node in public_functions(tree):
        if looks_like_a_decoder(name, node):
            yield f"{module}.{name}"
    yield from (f"{module}.{name}" for name in codecs(tree))


FOUND = sorted(door for path in SOURCE.rglob("*.py") for door in doors_of(path))
TRIED = {door for each in decoders().values() for door in each.doors}
EXCEPTED = {
    f"{module}.{name}"
    for rows in EXCEPTIONS.values()
    for module, names in rows.items()
    for name in names.split()
}


class TestNoDecoderIsForgotten:
    def test_what_looks_like_a_decoder_is_tried_or_excepted(self) -> None:
        """
        A new decoder is entered among those that are tried, or among the exceptions with its reason.
        """
        assert sorted(set(FOUND) - TRIED - EXCEPTED) == []

    def test_no_exception_outlives_its_reason(self) -> None:
        """
        An exception is for something that is there, and that is not tried after all.
        """
        assert sorted(EXCEPTED - set(FOUND)) == []
        assert sorted(EXCEPTED & TRIED) == []

    @pytest.mark.parametrize("door", sorted(TRIED))
    def test_what_is_tried_is_there(self, door: str) -> None:
        """
        Every door that is said to be tried is one of the program.
        """
        module, attribute = door.rpartition(".")[::2]
        while True:
            try:
                found = importlib.import_module(module)
                break
            except ModuleNotFoundError:
                module, _, owner = module.rpartition(".")
                attribute = f"{owner}.{attribute}"
        for name in attribute.split("."):
            found = getattr(found, name)

    def test_most_of_what_is_found_is_tried(self) -> None:
        """
        The search sees the decoders that are known, in their number.
        """
        assert len(set(FOUND) & TRIED) > 50

    @pytest.mark.parametrize(
        ("source", "is_found"),
        [
            ("def read(data: bytes) -> int: ...", True),
            ("def guess(data: bytes) -> int:\n    'May raise ``MalformedError``.'", True),
            (
                "class A:\n    @classmethod\n    def parse(cls, text: str) -> 'A':\n        'Or MalformedError.'",
                True,
            ),
            ("def parse_mark(policy: P, text: str) -> L:\n    'Or MalformedError.'", True),
            ("async def take(pieces: Iterable[bytes]) -> int: ...", True),
            ("A = Codec(int, size_bytes_max=1, what='a')", True),
            ("A: Codec[int] = Codec(int, size_bytes_max=1, what='a')", True),
            ("def _read(data: bytes) -> int: ...", False),
            ("def write(data: bytes) -> int: ...", False),
            ("def read(count: int) -> int: ...", False),
            ("def named(text: str) -> int: ...", False),
        ],
    )
    def test_a_planted_decoder_is_found(self, tmp_path: Path, source: str, is_found: bool) -> None:
        """
        Whatever the form of a decoder, it is found; what is none, is not.
        """
        tree = ast.parse(source)
        named = [name for name, node in public_functions(tree) if looks_like_a_decoder(name, node)]
        assert bool([*named, *codecs(tree)]) is is_found


@pytest.mark.parametrize("name", decoders())
class TestEachDecoder:
    def test_whole_inputs_are_read(self, name: str) -> None:
        """
        What mutations begin with is whole: some is read, and nothing is found in what is not.
        """
        decoder = decoders()[name]
        verdicts = [judge(decoder, data) for data in decoder.corpus]
        assert [each.finding for each in verdicts if each.finding is not None] == []
        assert any(not each.refused_at for each in verdicts)

    def test_content_holds_the_canary(self, name: str) -> None:
        """
        Where there is content, a word of it would be noticed in a message.
        """
        holds = any(CANARY.encode() in data for data in decoders()[name].corpus)
        assert holds is (name not in WITHOUT_CONTENT)
