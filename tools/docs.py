# SPDX-License-Identifier: Apache-2.0
"""Redraw the generated parts of the documents; ``make docs`` runs it, the tests compare."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.federation import states  # noqa: E402 - the path is set first
from tests.federation import weaknesses as planted  # noqa: E402
from tests.sdk import weaknesses  # noqa: E402
from tests.test_rooms import table  # noqa: E402


def redraw(path: Path, name: str, text: str) -> None:
    """Put *text* between the markers called *name*."""
    page = path.read_text()
    begin = f"<!-- {name} -->\n"
    assert begin in page, f"{path.name} has no marker called {name}"
    pattern = re.escape(begin) + r".*?(?=<!-- /" + re.escape(name) + " -->)"
    path.write_text(re.sub(pattern, lambda _: f"{begin}{text}\n", page, flags=re.DOTALL))


if __name__ == "__main__":
    redraw(ROOT / "docs" / "architecture.md", "rooms", table())
    redraw(ROOT / "docs" / "security.md", "weaknesses", weaknesses.table())
    redraw(ROOT / "docs" / "reliability.md", "planted", planted.table())
    for name, text in states.tables().items():
        redraw(ROOT / "docs" / "states.md", name, text)
    for name, text in states.drawings().items():
        (ROOT / "docs" / "states" / name).write_text(text)
