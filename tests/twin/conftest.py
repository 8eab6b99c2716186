# SPDX-License-Identifier: Apache-2.0

from collections.abc import Iterator

import pytest

from tests.twin import cast


@pytest.fixture(scope="session", autouse=True)
def nodes_to_start_from() -> Iterator[None]:
    """
    Made when they are needed, and cleared away in the end.
    """
    yield
    cast.clear_away()
