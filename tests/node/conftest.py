# SPDX-License-Identifier: Apache-2.0

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.node.damages import Opened, live
from tests.node.pair import Village


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    """
    An empty village, closed in the end.
    """
    with Village(tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    The folders of two nodes that have exchanged everything there is; they stay as they are.
    """
    folder = tmp_path_factory.mktemp("lived")
    live(folder)
    return folder


@pytest.fixture
def opened(lived: Path, tmp_path: Path) -> Iterator[Opened]:
    """
    Copies of these nodes, to be damaged; what was opened is closed in the end.
    """
    found = Opened(lived, tmp_path)
    yield found
    found.close()
