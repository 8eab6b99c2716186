# SPDX-License-Identifier: Apache-2.0

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.federation.stage import Stage, set_up, stage_in


@pytest.fixture(scope="session")
def lived_three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    The folders of three nodes that have exchanged for a while; they stay as they are.
    """
    folder = tmp_path_factory.mktemp("three")
    set_up(folder)
    return folder


@pytest.fixture
def stage(lived_three: Path, tmp_path: Path) -> Iterator[Stage]:
    """
    Copies of the three.
    """
    with stage_in(lived_three, tmp_path) as made:
        yield made
