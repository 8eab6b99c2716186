# SPDX-License-Identifier: Apache-2.0
"""
The operator's log: one JSON document a line on stderr, of fields on a list, and never content.

An error of Legation is logged with its message, which names identifiers, sizes and offices and nothing
else. Of any other exception only the type is: its message may quote what it choked on.
"""

import sys
from collections.abc import Callable
from typing import Any

import structlog

from legation.errors import LegationError

FIELDS = frozenset({"event", "level", "timestamp", "where", "error", "message", "hint"})


def journal() -> Callable[[str, BaseException], None]:
    """Make the function that reports failures."""
    logger = structlog.wrap_logger(
        structlog.WriteLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _allow_listed,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
    )

    def report(where: str, error: BaseException) -> None:
        told = {"message": error.message, "hint": error.hint} if isinstance(error, LegationError) else {}
        logger.warning("failed", where=where, error=type(error).__name__, **told)

    return report


def _allow_listed(
    _logger: Any, _name: str, event: "structlog.typing.EventDict"
) -> "structlog.typing.EventDict":
    """Let nothing through that is not on the list."""
    return {name: value for name, value in event.items() if name in FIELDS and value != ""}
