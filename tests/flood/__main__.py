# SPDX-License-Identifier: Apache-2.0
"""
Measures every attack and writes ``docs/evidence/flood.json``; run as ``python -m tests.flood``.
"""

import tempfile
from pathlib import Path

from tests.evidence import FOLDER, write_evidence
from tests.flood.run import THREADS, flooded


def main() -> None:
    """Measure, and write it down."""
    with tempfile.TemporaryDirectory() as folder, flooded(Path(folder)) as found:
        rows = {name: found.measured(attack) for name, attack in found.attacks().items()}
        peak = found.peak_size_bytes()
    write_evidence(
        FOLDER / "flood.json",
        "How long a pull takes while others flood the node, medians in milliseconds, attack by attack",
        {"threads": THREADS, "attacks": rows, "peak_size_bytes": peak},
    )
    for name, row in rows.items():
        print(f"{name:10} {row}")  # noqa: T201 - it is run by hand


if __name__ == "__main__":
    main()
