# SPDX-License-Identifier: Apache-2.0
"""
That it makes no difference which way an entry came: by bag, by pull, by push, or all in any order.

The same entries: what was taken back after it was packed has left whole in the bag, and goes as its leaf on the wire.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.errors import GapError
from legation.exchange import EntryKind, write_offer
from legation.node.streams import taking_in
from legation.store.sqlite.database import Row
from tests.cli.toy import TOY
from tests.node.courier.test_packing import JPN, KOR, SECRET, attaches
from tests.node.pair import Node, Village
from tests.node.renewals import renews
from tests.node.streams.test_pulling import hands_over, item_of

SHOWN = "(C//REL KOR, JPN)"
BAGS = 6
PULL, PUSH = -1, -2

# What is of one way alone, or drawn, or a time.
LEFT_OUT = {
    "peer": {"heard_at", "reached_at", "failed_at", "failure", "protocol"},
    "attachment": {"attachment_key", "file", "key", "kept_at"},
    "outgoing": {"incarnation", "started_at", "told_size"},
    "opened_bag": None,
    "packed_bag": None,
    "incoming_receipt": None,  # one for each size at which something ended; the highest is compared
    "epoch": None,
    "log_state": None,
    "log_subtree": None,
}


@dataclass(frozen=True)
class Stage:
    """
    Two nodes as they were when everything had been packed and nothing had come.
    """

    village: Village
    kor: Node
    jpn: Node
    backups: tuple[Path, Path]
    bags: tuple[Path, ...]

    def begins_anew(self) -> None:
        """
        Put both nodes back.
        """
        for node, backup in zip((self.kor, self.jpn), self.backups, strict=True):
            self.village.restores(node, backup)

    def comes(self, steps: list[int]) -> tuple[int, dict[str, list[Row]]]:
        """
        Let things come: the bag of each number, for -1 what one pull brings, for -2 what one push does; and then the
        rest by bag and pull.
        Gives how often a bag came too early, and what is held in the end.
        """
        self.begins_anew()
        early = 0
        for step in [*steps, *range(BAGS), *[-1] * 9]:
            if step == PULL:
                self.jpn.pulls(self.kor)
                continue
            if step == PUSH:
                self.kor.pushes(self.jpn)
                continue
            try:
                self.jpn.unpacks(self.bags[step])
            except GapError:
                early += 1
        assert self.jpn.faults() == ()
        return early, dump(self.jpn)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """
    A sender with all kinds of entries, packed in bags of a few.
    """
    with Village(tmp_path_factory.mktemp("ways")) as village, pytest.MonkeyPatch.context() as patch:
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} A", f"{SHOWN} B", to=[JPN])
        kor.releases(f"{SHOWN} {'long ' * 20_000}", to=[JPN])
        kor.answering.work_ahead(JPN)
        kor.grants(JPN, "CONFIDENTIAL")
        list(kor.answers([jpn.asks(kor)]))  # takes the first back
        kor.grants(JPN, "SECRET")
        attaches(kor)
        attaches(kor, "The same once more.")
        first = kor.releases(f"{SHOWN} Nine.", to=[JPN])
        gone = kor.releases(f"{SHOWN} Gone.", to=[JPN])
        kor.answering.work_ahead(JPN)
        kor.corrects(first, f"{SHOWN} Ten.", to=[JPN])
        kor.withdraws(gone)
        kor.appends(JPN, (EntryKind.POLICY, write_offer(TOY)))
        renews(kor, item=True, seal=True)
        kor.answering.work_ahead(JPN)
        hands_over(kor, item_of(kor, ("(S//REL KOR)", "Ours.")))
        patch.setattr("legation.node.streams.handing_over.ENTRIES_MAX", 3)
        bags = kor.packs(jpn)
        kor.releases(f"{SHOWN} Last.", to=[JPN])
        bags += kor.packs(jpn)
        assert kor.rows("SELECT count(*) FROM outgoing_entry WHERE is_taken_back = 1") == [(2,)]
        for kind in ("withdrawal", "policy", "key"):
            assert kor.rows("SELECT count(*) FROM outgoing_entry WHERE kind = ?", (kind,)) == [(1,)]
        assert len(bags) == BAGS
        yield Stage(village, kor, jpn, (village.copies(kor), village.copies(jpn)), tuple(bags))


def dump(node: Node) -> dict[str, list[Row]]:
    """
    Everything that a node holds, row by row; but what is left out, and times.
    """
    tables = [
        name
        for (name,) in node.rows(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
    ]
    found = {}
    for table in tables:
        left_out = LEFT_OUT.get(table, set[str]())
        if left_out is None:
            continue
        columns = [name for (name,) in node.rows("SELECT name FROM pragma_table_info(?)", [table])]
        kept = ", ".join(name for name in columns if name not in left_out and not name.endswith("_at"))
        found[table] = sorted(node.rows(f"SELECT {kept} FROM {table}"), key=repr)  # noqa: S608 - tables of ours
    found["log_entry"] = node.rows(
        "SELECT kind, hash FROM log_entry WHERE kind <> 'receipted' ORDER BY number"
    )
    found["receipted"] = node.rows("SELECT stream_id, max(size) FROM incoming_receipt GROUP BY stream_id")
    blobs = (node.folder / "blobs").rglob("*.blob")
    found["blobs"] = sorted((path.name, path.read_bytes()) for path in blobs)
    found["inbox as read"] = [(each.item, each.title, each.banner) for each in node.inbox()]
    return found


def differing(one: dict[str, list[Row]], other: dict[str, list[Row]]) -> list[str]:
    """
    The tables in which two stores differ.
    """
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


@pytest.fixture(scope="module")
def by_wire(stage: Stage) -> dict[str, list[Row]]:
    """
    What is held when everything came on the wire; bags are opened afterwards, and bring nothing.
    """
    stage.begins_anew()
    stage.jpn.catches_up(stage.kor)
    assert len(stage.jpn.inbox()) >= 5
    return dump(stage.jpn)


class TestBagEqualsWire:
    def test_all_by_bag_is_all_by_wire(self, stage: Stage, by_wire: dict[str, list[Row]]) -> None:
        """
        Row by row, blob by blob.
        """
        early, by_bag = stage.comes([*range(BAGS)])
        assert early == 0
        assert differing(by_bag, by_wire) == []

    def test_all_by_push_is_all_by_wire(self, stage: Stage, by_wire: dict[str, list[Row]]) -> None:
        """
        Row by row, blob by blob; and nothing is left for bags and pulls to bring.
        """
        stage.begins_anew()
        assert stage.kor.pushes_all(stage.jpn).held > BAGS
        assert differing(dump(stage.jpn), by_wire) == []

    @settings(deadline=None, max_examples=40)
    @given(steps=st.lists(st.integers(PUSH, BAGS - 1), max_size=12))
    def test_all_orders_and_mixtures_are_alike(
        self, stage: Stage, by_wire: dict[str, list[Row]], steps: list[int]
    ) -> None:
        """
        Bags too early, twice, between pulls and pushes, behind them: in the end there is no difference.
        """
        _, mixed = stage.comes(steps)
        assert differing(mixed, by_wire) == []

    def test_a_difference_would_be_seen(
        self, stage: Stage, by_wire: dict[str, list[Row]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Of a bag whose withdrawals had no effect, the withdrawal itself would be missing.
        """
        monkeypatch.setattr(taking_in.TakingIn, "_let_have_effect", lambda *_: {})
        with suppress(AssertionError):
            stage.comes([*range(BAGS)])
        assert "withdrawal" in differing(dump(stage.jpn), by_wire)
