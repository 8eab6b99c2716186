# SPDX-License-Identifier: Apache-2.0
"""
The grammar that reading and writing share: names, patterns, escapes.

Three escapes, each undone by taking one backslash away: at the start of a line of a block (for a
blank line inside a portion, a brace that opens no qualifier, a backslash), before a brace or a
backslash in the value of a qualifier, and before a comma or a backslash in a topic.
"""

import re
from collections.abc import Iterable

REPORT_SIZE_BYTES_MAX = 16 << 20  # the longest report in plain text; it is held in memory whole
DESK_BY = "%Y-%m-%dT%H:%MZ"

MARK = re.compile(r"\([^()\n]*\)")
# Possessive: whatever follows a brace, it is looked at once.
QUALIFIER = re.compile(r"\{([a-z-]++)(?::((?:\\.|[^\\{}\n])*+))?\}[ \t]*")
HEADER = re.compile(r"([a-z-]+):(?:[ \t]+(.*))?")

# In the order in which a formatted report has them.
PLAIN_HEADERS = ("kind", "policy", "action", "info", "precedence", "desk-by", "attention")
MARKED_HEADERS = ("title", "form", "topics", "addressees", "link")
REPEATABLE = frozenset({"attention", "link"})
UNMARKED_ALLOWED = frozenset({"topics", "link"})  # these take the roll-up of the rest

LINE_QUALIFIERS = ("language", "source", "grade", "status", "caveat", "handling", "origin")
ATTACHMENT_QUALIFIERS = frozenset({"attachment", "media-type"})
FLAGS = {"originator-control": "originator_control"}
VARIANTS = ("tearline", "translation", "withheld")


def unescape(text: str) -> str:
    """Take the backslash away before each character that it protects."""
    return re.sub(r"\\(.)", r"\1", text)


def escape(text: str, characters: str) -> str:
    """Protect each of *characters*, and every backslash."""
    return re.sub(f"([{re.escape(characters)}\\\\])", r"\\\1", text)


def split_list(text: str) -> tuple[str, ...]:
    """Split at commas that are not protected; the parts are stripped and unescaped."""
    parts = re.findall(r"(?:\\.|[^,])++", text)
    return tuple(unescape(part.strip()) for part in parts if part.strip())


def join_list(values: Iterable[str]) -> str:
    """The inverse of ``split_list``."""
    return ", ".join(escape(value, ",") for value in values)


def unescape_line(line: str) -> str:
    """Undo ``escape_line``: one backslash at the start of a line is taken away."""
    return line.removeprefix("\\")


def escape_line(line: str, *, first: bool) -> str:
    """Protect a line of a block that would be read as something else."""
    needs = line.startswith("\\") or (line.startswith("{") if first else not line.strip())
    return "\\" + line if needs else line
