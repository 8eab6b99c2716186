# SPDX-License-Identifier: Apache-2.0
"""
Change the source of ``labels`` in small ways, and see whether a test notices.

``python -m tests.mutate --count 300 --seed SEED --output docs/evidence/mutation-labels.json``

Each mutant is tried in a process of its own, forked from one that has imported what is not ours, with
limits of time and memory. The changed module is put in place of the written one while it is imported;
no file is changed. First come the module's own tests, then the others of the room, up to the first that
fails; those of versions of policies (``CHAINS``) and the rest stay apart. A survivor is a mutant that no
test notices.
"""

import argparse
import ast
import importlib.abc
import importlib.machinery
import importlib.util
import os
import random
import resource
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any

import hypothesis
import lxml.etree  # noqa: F401  # imported here once, for every mutant
import msgspec  # noqa: F401
import pytest

from tests.evidence import FOLDER, ROOT, write_evidence
from tests.mutate.mutants import Mutant, mutants, mutated

ROOM = "src/legation/labels"
TESTS = "tests/labels"
OUTPUT = FOLDER / "mutation-labels.json"
WHAT = "small changes of the source of labels, each of which a test of the room ought to notice"
MEMORY_BYTES_MAX = 4 << 30
TIME_S_MAX = 240  # of one mutant; the tests of the room take about thirty seconds
PROCESSES_MAX = 2
KILLED, SURVIVED, TIMED_OUT = "killed", "survived", "timed out"

CHAINS = ("chain", "policy_")
"""Modules about versions of policies, which decide nothing that the others ask."""
OF_CHAINS = ("test_chain", "test_policy_")

QUIET = ("-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist", "--assert=plain")

UNCHANGED = Mutant(module="label", number=-1, line=0, kind="none", before="", after="")
"""No change at all, which no test may notice."""

# Which tests are about a module, where they have another name.
OWN_TESTS = {
    "label": ["test_label", "test_decision"],
    "policy": ["test_validity", "test_decision", "test_policy_diff", "test_chain"],
    "policy_change": ["test_policy_diff"],
    "policy_change_marks": ["test_policy_change_marks", "test_policy_diff"],
    "policy_change_rules": ["test_policy_change_rules", "test_policy_diff"],
    "policies": ["test_reader"],
    "equivalence": ["test_translation"],
    "dominant": ["test_dominant"],
    "phrases": ["test_marking", "test_nato"],
    "typed": ["test_typed", "test_marking"],
    "nearest": ["test_typed"],
    "marking": ["test_marking", "test_nato"],
}


def main(arguments: list[str] | None = None) -> int:
    """Try a sample of mutants; 0 if it could be done."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutate", description=__doc__.splitlines()[1])
    parser.add_argument("--count", type=int, default=300, help="how many to try; default: 300")
    parser.add_argument(
        "--seed", default=secrets.token_hex(4), help="of the sample; default: another each time"
    )
    parser.add_argument("--module", action="append", help="only this module of the room; may be repeated")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where the evidence goes")
    options = parser.parse_args(arguments)
    known = [each for path in sources(options.module) for each in mutants(path.stem, path.read_text("utf-8"))]
    chosen = random.Random(options.seed).sample(known, min(options.count, len(known)))
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="legation-mutate-") as folder:
        checkout = copied(Path(folder))
        if try_all([UNCHANGED], checkout) != [SURVIVED]:
            sys.stderr.write("the tests fail without any change\n")
            return 1
        outcomes = try_all(chosen, checkout)
    found = _evidence(known, chosen, outcomes, options.seed, time.monotonic() - started)
    write_evidence(options.output, WHAT, found)
    return 0


def copied(folder: Path) -> Path:
    """Copy what is tried, so that nobody who writes at it meanwhile is tried as well."""
    checkout = folder / "checkout"
    for name in ("src", "tests", "docs"):
        shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", checkout)
    beside = ROOT.parent / "shared"
    if beside.is_dir():
        (folder / "shared").symlink_to(beside)
    return checkout


def sources(names: Sequence[str] | None) -> Iterator[Path]:
    """The modules of the room that are tried, by name."""
    for path in sorted((ROOT / ROOM).glob("*.py")):
        if path.stem != "__init__" and (not names or path.stem in names):
            yield path


def try_all(chosen: Sequence[Mutant], checkout: Path) -> list[str]:
    """Run the tests against each mutant in a process of its own, a few at a time."""
    outcomes: dict[int, str] = {}
    running: dict[int, tuple[int, float]] = {}
    waiting = list(range(len(chosen)))[::-1]
    while waiting or running:
        while waiting and len(running) < PROCESSES_MAX:
            number = waiting.pop()
            running[_begun(chosen[number], checkout)] = (number, time.monotonic() + TIME_S_MAX)
        for child, (number, deadline) in list(running.items()):
            outcome = _outcome(child, deadline)
            if outcome is not None:
                del running[child]
                outcomes[number] = outcome
                _say(f"{len(outcomes)}/{len(chosen)} {outcome}", chosen[number])
        time.sleep(0.02)
    return [outcomes[number] for number in range(len(chosen))]


def _say(outcome: str, mutant: Mutant) -> None:
    where = f"{mutant.module}:{mutant.line} {mutant.kind}"
    sys.stderr.write(f"{outcome}: {where}: {mutant.before!r} -> {mutant.after!r}\n")


def _begun(mutant: Mutant, checkout: Path) -> int:
    child = os.fork()
    if child == 0:
        _be_the_child(mutant, checkout)
    return child


def _outcome(child: int, deadline: float) -> str | None:
    """What came of a mutant; None while its tests run."""
    done, status = os.waitpid(child, os.WNOHANG)
    if done:
        return SURVIVED if os.waitstatus_to_exitcode(status) == 0 else KILLED
    if time.monotonic() < deadline:
        return None
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return TIMED_OUT


def _be_the_child(mutant: Mutant, checkout: Path) -> None:
    """Put the mutant in place, run the tests, and end with what they say."""
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
        resource.setrlimit(resource.RLIMIT_CPU, (TIME_S_MAX, TIME_S_MAX))
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        os.chdir(checkout)
        sys.path[:0] = [str(checkout / "src"), str(checkout)]
        # What the parent knows of these is from the checkout that was copied.
        for name in [name for name in sys.modules if name.partition(".")[0] in {"legation", "tests"}]:
            del sys.modules[name]
        source = (checkout / ROOM / f"{mutant.module}.py").read_text("utf-8")
        sys.meta_path.insert(0, Finder(checkout, mutant.module, mutated(source, mutant.number)))
        hypothesis.settings.register_profile(
            "mutate", derandomize=True, deadline=None, max_examples=50, database=None
        )
        hypothesis.settings.load_profile("mutate")
        for files in tests_of(mutant.module, checkout):
            code = int(pytest.main([*QUIET, f"--rootdir={checkout}", *map(str, files)])) if files else 0
            if code:
                break
    finally:
        os._exit(code)


def tests_of(module: str, checkout: Path) -> tuple[list[Path], list[Path]]:
    """The tests of a module, and then the others that could notice a change of it."""
    own = [checkout / TESTS / f"{name}.py" for name in OWN_TESTS.get(module, [f"test_{module}"])]
    own = [path for path in own if path.is_file()]
    others = [
        path
        for path in sorted((checkout / TESTS).glob("test_*.py"))
        if path not in own and path.stem.startswith(OF_CHAINS) is module.startswith(CHAINS)
    ]
    return own, others


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module with a changed tree in place of the written one."""

    def __init__(self, checkout: Path, module: str, tree: ast.Module) -> None:
        self._name, self._tree = f"legation.labels.{module}", tree
        self._where = str(checkout / ROOM / f"{module}.py")

    def find_spec(
        self, name: str, path: object, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Say that this one module is ours."""
        if name != self._name:
            return None
        return importlib.util.spec_from_file_location(name, self._where, loader=self)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        """Let a module be made as usual."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the changed tree."""
        exec(compile(self._tree, self._where, "exec"), module.__dict__)  # noqa: S102  # it is our own source


def _evidence(
    known: Sequence[Mutant], chosen: Sequence[Mutant], outcomes: Sequence[str], seed: str, seconds: float
) -> dict[str, Any]:
    counts = Counter(outcomes)
    survivors = [
        asdict(mutant) for mutant, outcome in zip(chosen, outcomes, strict=True) if outcome == SURVIVED
    ]
    by_module = Counter(mutant.module for mutant in chosen)
    return {
        "seed": seed,
        "mutants": len(known),
        "tried": len(chosen),
        "killed": counts[KILLED],
        "timed out": counts[TIMED_OUT],
        "survived": counts[SURVIVED],
        "killed of a hundred": round(100 * (len(chosen) - counts[SURVIVED]) / max(len(chosen), 1), 1),
        "by module": dict(sorted(by_module.items())),
        "survivors": sorted(survivors, key=lambda each: (each["module"], each["line"], each["number"])),
        "seconds": round(seconds),
    }


if __name__ == "__main__":
    sys.exit(main())
