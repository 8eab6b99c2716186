# SPDX-License-Identifier: Apache-2.0

from collections.abc import Iterator
from pathlib import Path

import pytest

from legation.errors import StoreError, UnreachableError
from legation.node.home import Home, open_home
from legation.node.service import serving
from legation.node.service.serving import PullLoop
from legation.node.surroundings import HERE
from legation.store.sqlite.database import Database
from tests.kill.nodes import RECEIVING, TIME_S, furnish, wait_until
from tests.kill.texts import SENDER


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[tuple[Home, str]]:
    """
    A receiver whose sender is dead, and the sender's address.
    """
    port = furnish(tmp_path).port
    with open_home(tmp_path / RECEIVING, HERE) as home:
        yield home, f"127.0.0.1:{port}"


def test_a_busy_store_does_not_end_the_pulling(
    receiver: tuple[Home, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    While the sender is dead and the store is held by another process, the receiver goes on asking.
    """

    def busy(*_: object) -> None:
        raise StoreError("the store is busy")

    home, address = receiver
    monkeypatch.setattr(serving, "RETRY_S_MIN", 0.01)
    told: list[BaseException] = []
    loop = PullLoop(home, SENDER, address, HERE, lambda _, error: told.append(error))
    with monkeypatch.context() as patch:
        patch.setattr(Database, "write", busy)
        loop.start()
        wait_until(lambda: len(told) > 3 or not loop.is_alive(), "it asks again")
    assert loop.is_alive()
    loop.stop()
    loop.join(TIME_S)
    assert {type(error) for error in told} == {UnreachableError, StoreError}
