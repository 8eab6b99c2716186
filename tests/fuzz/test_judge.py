# SPDX-License-Identifier: Apache-2.0

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from legation.errors import LegationError, MalformedError, SealError
from tests.fuzz.judge import CANARY, Decoder, judge
from tests.fuzz.mutation import Syntax


def decoder(read: Callable[[bytes], Any], syntax: Syntax = Syntax.LINES, **more: Any) -> Decoder:
    """
    A decoder that reads so.
    """
    return Decoder(name="some", doors=(), read=read, corpus=(b"x",), syntax=syntax, **more)


def refusing(error: Exception) -> Callable[[bytes], Any]:
    """
    A reader that always raises this.
    """

    def read(_: bytes) -> None:
        raise error

    return read


def what(found: Decoder, data: bytes = b"x") -> str:
    """
    What is found, if anything.
    """
    finding = judge(found, data).finding
    return finding.what if finding is not None else ""


class TestErrors:
    @pytest.mark.parametrize("error", [MalformedError("no"), SealError("no")])
    def test_an_error_that_a_decoder_may_raise_is_none(self, error: LegationError) -> None:
        """
        Of the errors of the house each decoder may raise its own, and no other.
        """
        assert what(decoder(refusing(error), raises=(type(error),))) == ""
        assert what(decoder(refusing(error), raises=())) == "error"

    def test_a_piece_of_the_canary_is_enough(self) -> None:
        """
        Part of a word, in any case, in a message, hint, fault, or an error behind, is a word said.
        """
        piece = CANARY[2:8].upper()
        assert what(decoder(refusing(MalformedError(f"no {piece}")))) == "said"
        assert what(decoder(refusing(MalformedError("no", hint=piece)))) == "said"
        assert what(decoder(refusing(MalformedError("no", faults=["line 1", piece])))) == "said"
        behind = MalformedError("no")
        behind.__cause__ = ValueError(piece)
        assert what(decoder(refusing(behind))) == "said"
        assert what(decoder(refusing(MalformedError(CANARY[:4])))) == ""

    def test_an_error_that_is_cut_off_is_not_said(self) -> None:
        """
        What ``from None`` leaves out of the trace is printed by nobody.
        """

        def read(_: bytes) -> None:
            try:
                raise ValueError(CANARY)
            except ValueError:
                raise MalformedError("no") from None

        assert what(decoder(read)) == ""

    def test_names_of_elements_may_be_repeated(self) -> None:
        """
        A message may name an element, an attribute or a key; the same word as content it may not say.
        """
        reader = refusing(MalformedError(f"{CANARY} is not expected here"))
        for data in (f"<{CANARY}/>", f"<a {CANARY}='b'/>", f"<s:{CANARY} />"):
            assert what(decoder(reader, Syntax.XML), data.encode()) == ""
            assert what(decoder(reader, Syntax.JSON), data.encode()) == "said"
        for data in (f"<a>{CANARY}</a>", f"<a b='{CANARY}'/>"):
            assert what(decoder(reader, Syntax.XML), data.encode()) == "said"


class TestValues:
    def test_what_is_written_otherwise_is_found(self) -> None:
        """
        The bytes that are read are the ones that are written, or there is a second form.
        """
        strict = decoder(bytes.strip, again=lambda value: value)
        assert what(strict, b"a") == ""
        assert what(strict, b"a ") == "form"

    def test_what_reads_otherwise_is_found(self) -> None:
        """
        A value that was written reads as itself, or is refused in writing.
        """
        assert what(decoder(bytes.upper, back=lambda value: value)) == ""
        assert what(decoder(bytes.upper, back=bytes.lower)) == "form"
        assert what(decoder(bytes.upper, back=lambda _: refusing(MalformedError("no"))(b""))) == ""
        assert what(decoder(bytes.upper, back=lambda _: refusing(KeyError("no"))(b""))) == "form"

    def test_time_is_allowed_by_size(self) -> None:
        """
        A long input may take longer than a short one.
        """
        found = replace(decoder(len), cpu_s_max=0.1, cpu_s_per_mb_max=2)
        assert found.cpu_s(b"") == 0.1
        assert found.cpu_s(bytes(500_000)) == 1.1
