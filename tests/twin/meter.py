# SPDX-License-Identifier: Apache-2.0
"""
A meter for the work of the store: the steps of its virtual machine, statement by statement.

Steps and not time: they are the same in every run, and a difference of one step is a difference.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import apsw

from legation.store.sqlite import connection as connections


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that ran, and its steps."""

    sql: str
    steps: int


@dataclass
class Meter:
    """What ran since it was last read, by the office in whose store it ran."""

    ran: dict[str, list[Statement]] = field(default_factory=dict)

    def read(self, office: str) -> list[Statement]:
        """What ran in an office's store; from now on it counts anew."""
        found = self.ran.pop(office, [])
        self.ran.clear()
        return found


@contextmanager
def metered() -> Iterator[Meter]:
    """Count the steps of every connection that is opened meanwhile."""
    meter = Meter()
    true = connections._set_up

    def set_up(connection: apsw.Connection, *given: Any) -> None:
        true(connection, *given)
        office = Path(connection.filename).parent.name

        def note(event: dict[str, Any]) -> None:
            steps = event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"]
            meter.ran.setdefault(office, []).append(Statement(event["sql"], steps))

        connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, note)

    with patch.object(connections, "_set_up", set_up):
        yield meter


def steps_of(ran: list[Statement]) -> int:
    """All steps together."""
    return sum(each.steps for each in ran)
