# SPDX-License-Identifier: Apache-2.0
"""
``docs/spec/exchange.md`` says what the code does.
"""

import re
from pathlib import Path
from typing import get_args

from legation.exchange import ACTIONS, Action, Answer, EntryKind, Pull, RefusalCode, Standing
from legation.exchange import entry as entry_module
from legation.exchange import envelope as envelope_module
from legation.exchange import letter as letter_module
from legation.exchange import receiving as receiving_module
from legation.exchange.envelope import Front, LetterPurpose
from legation.exchange.letter import PROTOCOL

PAGE = (Path(__file__).parents[2] / "docs" / "spec" / "exchange.md").read_text(encoding="utf-8")


def section(name: str) -> str:
    """
    The text of a section.
    """
    return PAGE.split(f"\n## {name}\n")[1].split("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """
    The rows of all tables in a text, without heads.
    """
    found = [line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in found]


def test_version_is_that_of_the_code() -> None:
    """
    The page describes the version that is spoken.
    """
    assert re.findall(r"^# The exchange \(protocol version (\d+)\)$", PAGE, re.MULTILINE) == [str(PROTOCOL)]


def test_state_table_is_that_of_the_code() -> None:
    """
    Every standing is drawn once, with what the code does about it, and every action is explained.
    """
    drawn = rows(section("Positions"))
    standings = [(row[0], row[2]) for row in drawn if len(row) == 3 and row[0].startswith("`")]
    assert len(standings) == len(ACTIONS)
    assert dict(standings) == {f"`{standing}`": f"`{action}`" for standing, action in ACTIONS.items()}
    assert [row[0] for row in drawn if len(row) == 2 and row[0].startswith("`")] == [
        f"`{action}`" for action in Action
    ]
    assert len(Standing) == len(standings)


def test_limits_are_those_of_the_code() -> None:
    """
    Each row of the table of limits is the constant of that name.
    """
    modules = (entry_module, envelope_module, letter_module, receiving_module)
    constants = {name: value for module in modules for name, value in vars(module).items()}
    drawn = {name.strip("`"): value for name, value, *_ in rows(section("Limits")) if name.startswith("`")}
    assert drawn == {name: str(constants[name]) for name in drawn}
    limits = {
        name
        for module in modules
        for name in vars(module)
        if name.endswith("_MAX") and not name.startswith("_")
    }
    # Those of other rooms stand in their own specifications.
    others = {"VIEW_SIZE_BYTES_MAX", "INTEGER_MAX", "CHECKPOINT_SIZE_BYTES_MAX", "RECEIPT_SIZE_BYTES_MAX"}
    others |= {"OLD_MAX", "LOST_MAX"}
    others |= {"BAG_SIZE_BYTES_MAX", "BAG_LETTER_SIZE_BYTES_MAX", "PUSH_SIZE_BYTES_MAX", "PROTOCOL_MAX"}
    assert drawn.keys() == limits - others | {"BATCH_SIZE_BYTES"}


def test_every_field_kind_and_code_is_named() -> None:
    """
    Whatever may stand in a letter is on the page.
    """
    words = {*Pull.__struct_fields__, *Answer.__struct_fields__}
    drawn = " ".join(row[0] for row in rows(section("Letters")))
    assert [word for word in words if f"`{word}`" not in drawn] == []
    kinds = " ".join(row[0] for row in rows(section("Entries")))
    assert [kind.value for kind in EntryKind if f"`{kind}`" not in kinds] == []
    assert [code.value for code in RefusalCode if f"`{code}`" not in section("Entries")] == []
    envelope = section("Envelope")
    named = {*Front.__struct_fields__, *get_args(LetterPurpose)}
    assert [word for word in named if f"`{word}`" not in envelope] == []


def test_sizes_in_the_envelope_are_those_of_the_code() -> None:
    """
    The head is as long as the page says.
    """
    sizes = [
        int(row[0].replace(",", "")) for row in rows(section("Envelope")) if row[0].replace(",", "").isdigit()
    ][:3]
    assert sizes == [21, 32, 1168]
    assert sum(sizes) == envelope_module.HEAD_SIZE_BYTES
