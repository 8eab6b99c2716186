# SPDX-License-Identifier: Apache-2.0
"""
How much memory it takes to refuse what means harm, measured in a process of its own.

``python -m tests.formats.costs`` prints what each reader took for its worst document, in bytes.
"""

import json
import sys
from collections.abc import Callable
from functools import partial
from itertools import islice

from lxml import etree

from legation.formats import spif, stanag4774, stanag4778, xml
from tests.formats.hostile import HOSTILE, refusal
from tests.fuzz.memory import grown_bytes

READERS: dict[str, Callable[[bytes], object]] = {
    "policy": spif.read,
    "policy, lenient": lambda data: spif.read(data, lenient=True),
    "label": stanag4774.read_label,
    "clearance": stanag4774.read_clearance,
    "binding": stanag4778.read,
}


def careless(data: bytes) -> object:
    """A reader that keeps the names of elements, each spelled out with its namespace, whatever its length."""
    root = etree.fromstring(data)
    return [xml.names_of(element) for element in islice(root.iter(), 200)]


def main() -> None:
    """Measure every reader, and at last one that is careless."""
    found = {
        name: max(grown_bytes(partial(refusal, read, data)) for data in HOSTILE.values())
        for name, read in READERS.items()
    }
    found["careless"] = grown_bytes(partial(careless, HOSTILE["long namespace of many"]))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
