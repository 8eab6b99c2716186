# SPDX-License-Identifier: Apache-2.0

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.node.pair import Village


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    """
    An empty village, closed in the end.
    """
    with Village(tmp_path) as made:
        yield made
