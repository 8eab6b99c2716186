# SPDX-License-Identifier: Apache-2.0
"""
Evidence of the long runs: what was tried, of which commit, and what was found.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "evidence"


def write_evidence(path: Path, what: str, found: Mapping[str, Any]) -> None:
    """Write what came of a run, with what it was made with."""
    document = {
        "what": what,
        "commit": commit_of_tree(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        **found,
        "processors": processors(),
        "python": sys.version.split()[0],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n")


def commit_of_tree() -> str:
    """The commit that is checked out, with a mark if there is more than it in the tree."""
    git = ["git", "-C", str(ROOT)]
    head = subprocess.run(
        [*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    changed = subprocess.run(
        [*git, "status", "--porcelain"], capture_output=True, text=True, check=False
    ).stdout
    return f"{head}, changed" if changed.strip() else head


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))
