# SPDX-License-Identifier: Apache-2.0

from pathlib import Path

import pytest

from tests.cli.offices import offices
from tests.stories.cast import Desk, lay_out

__all__ = ["offices"]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """
    The author's desk: keys, card, the report of story A, everybody's clearance.
    """
    return lay_out(tmp_path)
