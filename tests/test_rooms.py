# SPDX-License-Identifier: Apache-2.0
"""
The rooms of the house and the doors between them.

``ROOMS`` is the only statement of the architecture; the table in ``docs/architecture.md`` is
generated from it. A room may import itself and the rooms named here; a pure room may import from
outside only harmless standard modules and the few packages lent to it, and may not reach the world
by any call. Only the standard library is used here, so that nothing needs to be installed to ask.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "legation"

GROUND = {"errors", "encoding", "merkle", "keys"}
ROOMS: dict[str, set[str]] = {
    "errors": set(),
    "encoding": {"errors"},
    "merkle": {"errors"},
    "keys": {"errors", "encoding"},
    "labels": GROUND,
    "item": GROUND | {"labels"},
    "log": GROUND,
    "release": GROUND | {"labels", "item"},
    "exchange": GROUND | {"item", "log"},
    "projections": GROUND | {"labels", "item"},
    "records": GROUND | {"labels", "item"},
    "words": GROUND | {"labels", "records"},
    "formats": GROUND | {"labels", "item"},
    "intake": GROUND | {"labels", "item", "formats"},
    "transports": GROUND | {"exchange"},
    "store": GROUND | {"labels", "item", "log", "release", "exchange", "projections"},
    "sdk": GROUND | {"labels", "item", "log", "exchange", "records"},
}
ROOMS["node"] = set(ROOMS) - {"sdk"}
DOOR = GROUND | {"labels", "item", "log", "records", "words", "node"}
ROOMS |= {"api": DOOR, "web": DOOR, "demo": set(), "cli": DOOR | {"sdk", "api", "web", "demo"}}

PURE = GROUND | {"labels", "item", "log", "release", "exchange", "projections", "records", "words"}

# Standard modules that compute and never reach the clock, the dice, the disk or the network.
HARMLESS = frozenset(
    [
        "abc",
        "base64",
        "binascii",
        "bisect",
        "collections",
        "contextlib",
        "dataclasses",
        "datetime",
        "difflib",
        "enum",
        "functools",
        "hashlib",
        "heapq",
        "hmac",
        "itertools",
        "json",
        "math",
        "operator",
        "re",
        "string",
        "struct",
        "textwrap",
        "types",
        "typing",
        "unicodedata",
    ]
)
# Outside packages lent to a pure room because they compute and do not reach out.
LENT = {room: {"msgspec"} for room in PURE - {"errors", "merkle"}} | {"keys": {"msgspec", "cryptography"}}

# What would bring the world in by another way: names of builtins, and names on whatever they stand.
FORBIDDEN_NAMES = frozenset(
    [
        "open",
        "eval",
        "exec",
        "compile",
        "input",
        "print",
        "globals",
        "vars",
        "setattr",
        "delattr",
        "__import__",
        "breakpoint",
    ]
)
FORBIDDEN_ATTRIBUTES = frozenset(
    [
        "open",
        "now",
        "utcnow",
        "today",
        "import_module",
        "__import__",
        "urandom",
        "token_bytes",
        "generate",
        "generate_key",
        "getenv",
        "system",
        "popen",
        "read_text",
        "read_bytes",
        "write_text",
        "write_bytes",
    ]
)


def room_of(path: Path) -> str:
    """Name the room of a module."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(tree: ast.Module) -> set[str]:
    """List every dotted name the module imports, wherever the statement stands."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import: write the room's name"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def named(tree: ast.Module) -> set[str]:
    """List what the module names, called or handed on, that may not be named in a pure room."""
    nodes = list(ast.walk(tree))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    taken = {alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return (names & FORBIDDEN_NAMES) | (taken | attributes) & FORBIDDEN_ATTRIBUTES


def doors_not_there(room: str, tree: ast.Module) -> set[str]:
    """Name the rooms that the module enters without a door."""
    inside = {name.split(".")[1] for name in imported(tree) if name.startswith("legation.")}
    return inside - {"__version__"} - ROOMS[room] - {room}


def reaching_out(room: str, tree: ast.Module) -> set[str]:
    """Name what a module of a pure room imports or calls that computes not only."""
    outside = {name.split(".")[0] for name in imported(tree)} - {"legation", "__future__"}
    return (outside - HARMLESS - LENT.get(room, set())) | named(tree)


def doors() -> Iterator[Path]:
    """Every module that stands in a room."""
    for path in sorted(SOURCE.rglob("*.py")):
        if path.parent != SOURCE or path.stem not in {"__init__", "__main__"}:
            yield path


MODULES = list(doors())
PURE_MODULES = [path for path in MODULES if room_of(path) in PURE]


def _name(path: Path) -> str:
    return str(path.relative_to(SOURCE))


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_imports_only_through_doors(path: Path) -> None:
    """
    A module imports only from its own room and the rooms it has a door to.
    """
    assert not doors_not_there(room_of(path), ast.parse(path.read_text()))


@pytest.mark.parametrize("path", PURE_MODULES, ids=_name)
def test_pure_rooms_are_told_everything(path: Path) -> None:
    """
    A pure module imports only harmless and lent modules, and names nothing that reaches out.
    """
    assert not reaching_out(room_of(path), ast.parse(path.read_text()))


def test_rooms_form_no_cycle() -> None:
    """
    Following doors downward always ends; there is no way back up.
    """
    left = dict(ROOMS)
    while left:
        free = {room for room, ways in left.items() if not ways & (left.keys() - {room})}
        assert free, f"cycle among {sorted(left)}"
        left = {room: ways for room, ways in left.items() if room not in free}


def test_every_room_is_declared() -> None:
    """
    A new folder is a new room: it is declared before it is furnished.
    """
    assert {room_of(path) for path in MODULES} <= set(ROOMS)


def test_modules_of_a_room_form_no_cycle() -> None:
    """
    Inside a room too, a module never imports one that imports it.
    """
    imports = {module_of(path): modules_named(path) - {module_of(path)} for path in MODULES}
    while imports:
        free = {name for name, wanted in imports.items() if not wanted & imports.keys()}
        assert free, f"cycle among {sorted(imports)}"
        imports = {name: wanted for name, wanted in imports.items() if name not in free}


def module_of(path: Path) -> str:
    """Spell a module's dotted name; a package is its ``__init__``."""
    return ".".join(("legation", *path.relative_to(SOURCE).with_suffix("").parts))


def modules_named(path: Path) -> set[str]:
    """List the modules that a module imports at its top level, as ``module_of`` spells them."""
    tree = ast.parse(path.read_text())
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("legation"):
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {
                node.module or "",
                f"{node.module}.__init__",
            }
    return found & {module_of(each) for each in MODULES}


# Each planted module breaks one rule; the tests above must notice it.
PLANTED = [
    ("labels", "from legation.item import sign", "item"),
    ("labels", "def f() -> None:\n    from legation.store import save", "store"),
    ("errors", "import legation.keys.sign", "keys"),
    ("demo", "from legation.node import files", "node"),
]
PLANTED_PURE = [
    ("labels", "import http.client", "http"),
    ("item", "import ctypes", "ctypes"),
    ("item", "open('x')", "open"),
    ("keys", "from importlib import import_module", "importlib"),
    ("keys", "import functools\nfunctools.import_module('os')", "import_module"),
    ("labels", "from datetime import datetime\ndatetime.now()", "now"),
    ("labels", "from datetime import datetime\nclock = datetime.now", "now"),
    ("merkle", "import msgspec", "msgspec"),
    ("keys", "from cryptography.hazmat.primitives.asymmetric import x25519\nx25519.generate()", "generate"),
    ("release", "import os", "os"),
    ("words", "f = eval", "eval"),
    ("records", "from pathlib import Path\nPath('x').read_text()", "read_text"),
]


@pytest.mark.parametrize(("room", "source", "found"), PLANTED)
def test_a_planted_door_is_found(room: str, source: str, found: str) -> None:
    """
    An import without a door is found, also inside a function.
    """
    assert doors_not_there(room, ast.parse(source)) == {found}


@pytest.mark.parametrize(("room", "source", "found"), PLANTED_PURE)
def test_a_planted_reach_is_found(room: str, source: str, found: str) -> None:
    """
    What reaches out of a pure room is found, called or only named.
    """
    assert found in reaching_out(room, ast.parse(source))


def table() -> str:
    """Draw the table of rooms as it stands in ``docs/architecture.md``."""
    built = {room_of(path) for path in MODULES}
    lines = ["| room | may import | pure | built |", "|---|---|---|---|"]
    for room, ways in ROOMS.items():
        named = "ground, " * (ways >= GROUND) + ", ".join(
            other for other in ROOMS if other in (ways - GROUND if ways >= GROUND else ways)
        )
        pure = "yes" if room in PURE else ""
        lines.append(f"| `{room}` | {named.strip(', ') or '-'} | {pure} | {'yes' if room in built else ''} |")
    return "\n".join(lines)


def test_the_documented_table_is_this_one() -> None:
    """
    The architecture page shows exactly the rooms and doors that are held here.
    """
    page = (ROOT / "docs" / "architecture.md").read_text()
    shown = re.search(r"<!-- rooms -->\n(.*?)\n<!-- /rooms -->", page, re.DOTALL)
    assert shown is not None
    assert shown.group(1) == table()
