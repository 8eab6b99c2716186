# SPDX-License-Identifier: Apache-2.0
"""
The long search: very many bent inputs for both verifiers, and write down where they differ.

``python -m tests.verifier --mutations 500000 --splices 100000 --seed SEED --output docs/evidence/verifiers.json``
"""

import argparse
import secrets
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.evidence import FOLDER, write_evidence
from tests.verifier.agreement import Tally, compare, is_documented, with_cards
from tests.verifier.node import NODE, Verifier

OUTPUT = FOLDER / "verifiers.json"
WHAT = "bent and spliced cards, views, withdrawals, statements, checkpoints, receipts, proofs and growths, judged by both verifiers"
IN_PART = 20_000  # then one line is printed


def main(arguments: list[str] | None = None) -> int:
    """Search; 0 if the two agree."""
    parser = argparse.ArgumentParser(prog="python -m tests.verifier", description="Compare both verifiers.")
    parser.add_argument("--mutations", type=int, default=500_000, help="default: 500000")
    parser.add_argument("--splices", type=int, default=100_000, help="default: 100000")
    parser.add_argument("--seed", default=secrets.token_hex(4), help="default: another each time")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where the evidence goes")
    options = parser.parse_args(arguments)
    started, tally, differing = time.monotonic(), Tally(), 0
    total = options.mutations + options.splices
    parts = -(-total // IN_PART)
    with Verifier() as verifier:
        with_cards(verifier)
        for part in range(parts):
            mutations, splices = (
                count // parts + (part < count % parts) for count in (options.mutations, options.splices)
            )
            tally.add(compare(verifier, f"{options.seed}/{part}", mutations, splices))
            for each in tally.differences[differing:]:
                if not is_documented(each):
                    _say(f"FOUND {each}")
            differing = len(tally.differences)
            _say(f"{tally.inputs.total()} inputs in {time.monotonic() - started:.0f} s")
    write_evidence(options.output, WHAT, _evidence(tally, options, time.monotonic() - started))
    return int(any(not is_documented(each) for each in tally.differences))


def _evidence(tally: Tally, options: argparse.Namespace, seconds: float) -> dict[str, Any]:
    grave = [each for each in tally.differences if each.is_grave]
    rest = Counter(is_documented(each) for each in tally.differences if not each.is_grave)
    node = subprocess.run([NODE, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return {
        "seed": options.seed,
        "mutations": options.mutations,
        "splices": options.splices,
        "inputs": {
            name: {"judged": count, "accepted by both": tally.accepted[name]}
            for name, count in sorted(tally.inputs.items())
        },
        "found": {
            "accepted by the program alone": sum(
                each.here.accepted and not each.there.accepted for each in grave
            ),
            "accepted by the second verifier alone": sum(
                each.there.accepted and not each.here.accepted for each in grave
            ),
            "accepted by both and read differently": sum(
                each.here.accepted and each.there.accepted for each in grave
            ),
            "refused by both as of other families, which the specification allows": rest[True],
            "refused by both as of other families": rest[False],
        },
        "seconds": round(seconds),
        "inputs a minute": round(60 * tally.inputs.total() / seconds),
        "node": node,
    }


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
