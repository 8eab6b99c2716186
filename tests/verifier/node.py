# SPDX-License-Identifier: Apache-2.0
"""
The second verifier, as a process that answers: one Node, fed with JSON lines.
"""

import json
import subprocess
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from playwright._impl._driver import compute_driver_executable

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "verifier" / "verify.js"
RUNNER = Path(__file__).with_name("runner.mjs")
NODE = compute_driver_executable()[0]


class VerifierFaultError(Exception):
    """The verifier itself went wrong: it raised what it never should."""


class Verifier:
    """
    One process of Node with the verifier in it; every question is answered by a mapping.

    An answer holds ``value``, or ``family`` and ``message`` of a refusal.
    """

    def __init__(self, module: Path = MODULE, *options: str) -> None:
        self._process = subprocess.Popen(
            [NODE, "--no-warnings", str(RUNNER), str(module), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()
        assert kind is not None or self._process.returncode == 0

    def ask(self, what: str, **question: Any) -> Mapping[str, Any]:
        """Ask one thing; bytes are written as base64."""
        (answer,) = self.ask_all([{"ask": what, **question}])
        return answer

    def ask_all(self, questions: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Ask many things, one after another."""
        sender, answerer = self._process.stdin, self._process.stdout
        assert sender is not None
        assert answerer is not None
        answers = []
        for question in questions:
            sender.write(json.dumps(question, default=_base64).encode() + b"\n")
            sender.flush()
            answer = json.loads(answerer.readline())
            if answer.get("family") == "fault":
                raise VerifierFaultError(answer["message"])
            answers.append(answer)
        return answers

    def card(self, data: bytes) -> int:
        """Have a card read; gives the number that names it from now on."""
        place = self.ask("card", data=data)["value"]["place"]
        assert isinstance(place, int)
        return place


def _base64(value: bytes) -> str:
    return b64encode(value).decode("ascii")
