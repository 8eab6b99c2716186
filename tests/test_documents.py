# SPDX-License-Identifier: Apache-2.0
"""
The documents say what is there: paths exist, limits are the code's, examples run.
"""

import random
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from legation.cli import COMMANDS
from legation.cli.tables import preview_text
from legation.item import draft, portion, shape, variants
from legation.keys import card
from legation.labels import label
from legation.node.files import compose, policies_with, preview_report
from legation.node.keys.keyring import draw_office_keys, draw_root_key, make_card
from legation.node.surroundings import Surroundings

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]
DEMO = ROOT / "src" / "legation" / "demo"
DICE = random.Random(2022)
STEADY = Surroundings(now=lambda: datetime(2026, 11, 1, tzinfo=UTC), random=DICE.randbytes)


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_path_that_is_named_exists(page: Path) -> None:
    """
    A path of the repository that a document names is there.
    """
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    named = re.findall(r"`((?:docs|src|tests|tools|vectors|bench|requirements)/[A-Za-z0-9_./-]+)`", text)
    missing = [path for path in named if not (ROOT / path).exists()]
    assert missing == []


def test_the_readme_is_short() -> None:
    """
    A newcomer reads the README in one go: it has fewer than 150 lines.
    """
    assert len((ROOT / "README.md").read_text().splitlines()) < 150


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "spec").glob("*.md")), ids=_name)
def test_a_specification_is_short_and_begins_with_an_example(page: Path) -> None:
    """
    A specification has fewer than 300 lines, and its first section is an example.
    """
    text = page.read_text()
    assert len(text.splitlines()) < 300
    sections = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert sections[0] == "Example"


def test_the_limits_of_the_item_are_those_of_the_code() -> None:
    """
    Each row of the specification's table of limits is the constant that enforces it.
    """
    text = (ROOT / "docs" / "spec" / "item.md").read_text()
    table = text.split("## Limits")[1].split("##")[0]
    rows = dict(re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|$", table, re.MULTILINE))
    assert rows == {
        "what": "at most",
        "bytes of a view": f"{shape.VIEW_SIZE_BYTES_MAX:,}",
        "portions of an item": f"{draft.PORTIONS_MAX:,}",
        "labels in 64 leaves / in 1,024": " / ".join(map(str, shape.LAYERS_MAX.values())),
        "pairs in all `fuller` of an item": f"{variants.PAIRS_MAX:,}",
        "characters of a text": f"{portion.TEXT_LENGTH_MAX:,}",
        "characters of a line (title, topic, source, caveat, handling, reason)": f"{portion.LINE_LENGTH_MAX:,}",
        "bytes of an attachment": f"{portion.ATTACHMENT_SIZE_BYTES_MAX:,}",
        "topics, or addressees": f"{portion.LIST_MAX:,}",
        "categories of a label / values of a category": f"{label.CATEGORIES_MAX:,} / {label.VALUES_MAX:,}",
        "characters of a name in a label": f"{label.NAME_LENGTH_MAX:,}",
        "time": f"{card.TIME_MAX:,} (the end of 9999)",
    }


def test_the_specification_names_every_kind_form_and_status() -> None:
    """
    What an item may say by a fixed word is on the page.
    """
    text = (ROOT / "docs" / "spec" / "item.md").read_text()
    words = [*portion.Kind, *portion.FormName, *portion.Status]
    assert [word.value for word in words if f"`{word.value}`" not in text] == []


def test_every_command_is_in_the_readme() -> None:
    """
    A newcomer meets each command in the README.
    """
    text = (ROOT / "README.md").read_text()
    assert [name for name in COMMANDS if f"legation {name}" not in text and f"make {name}" not in text] == []


def test_the_table_in_the_readme_is_what_the_program_prints() -> None:
    """
    The preview that the README shows is the demonstration's own, line by line.
    """
    names = ("KOR", "JPN@NATO", "NATO", "AUS@NATO")
    addressees = [(name, (DEMO / "clearances" / f"{name}.xml").read_bytes()) for name in names]
    found = preview_report((DEMO / "report.md").read_bytes(), addressees, policies_with([]), STEADY)
    printed = preview_text(found).splitlines()
    shown = (ROOT / "README.md").read_text().split("```text\n")[1].split("```")[0]
    assert [line for line in shown.splitlines() if line not in printed] == []


def test_the_report_in_the_readme_can_be_signed() -> None:
    """
    The report that the README gives as an example is read and signed.
    """
    report = (ROOT / "README.md").read_text().split("```text\n")[3].split("```")[0]
    keys = draw_office_keys(card.Office.parse("KOR@NATO"), STEADY)
    assert len(compose(report.encode(), keys, policies_with([]), STEADY).draft.portions) == 4


def test_the_program_in_the_developers_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """
    The example for developers, run as it stands, prints what AUS@NATO is shown.
    """
    program = (ROOT / "docs" / "developers.md").read_text().split("```python\n")[1].split("```")[0]
    keys = draw_office_keys(card.Office.parse("KOR@NATO"), STEADY)
    composed = compose((DEMO / "report.md").read_bytes(), keys, policies_with([]), STEADY)
    given = {
        "item_bytes": composed.item,
        "card_bytes": make_card(keys, draw_root_key("KOR", STEADY), policies_with([]), STEADY),
        "xml": (DEMO / "clearances" / "AUS@NATO.xml").read_bytes(),
        "now": STEADY.now(),
    }
    exec(compile(program, "docs/developers.md", "exec"), given)  # noqa: S102 - our own page
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 3
    assert "announced" in printed[2]


def test_every_decision_says_how_it_stands_and_what_it_costs() -> None:
    """
    A decision has a status and names its price.
    """
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert pages
    for page in pages:
        text = page.read_text()
        assert re.search(r"^Status: ", text, re.MULTILINE), page.name
        assert re.search(r"what it costs", text, re.IGNORECASE), page.name


def test_words_stand_in_order_and_once() -> None:
    """
    The glossary is sorted and has each word once.
    """
    rows = re.findall(r"^\| ([^|]+?) \|", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
    words = [row.lower() for row in rows if row not in {"word", "---"} and not set(row) <= {"-"}]
    assert words == sorted(set(words), key=lambda word: re.sub("[^a-z ]", "", word))
