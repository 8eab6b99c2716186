# SPDX-License-Identifier: Apache-2.0

from pathlib import Path

import pytest

from tests.stories.cast import Desk, lay_out


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """
    The author's desk: keys, card, the report of story A, everybody's clearance.
    """
    return lay_out(tmp_path)
