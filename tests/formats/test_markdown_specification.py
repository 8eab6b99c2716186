# SPDX-License-Identifier: Apache-2.0

import re
from pathlib import Path

import pytest

from legation.errors import MalformedError
from legation.formats.markdown import grammar, read, write
from legation.formats.markdown.reading import FAULTS_MAX
from legation.item import draft, portion
from legation.item.draft import Precedence, VariantKind
from legation.item.portion import FormName, Kind, Status
from legation.labels import roll_up
from legation.labels.marking import MARK_LENGTH_MAX
from tests.formats.drafts import EXERCISE, POLICIES

PAGE = (Path(__file__).parents[2] / "docs" / "spec" / "markdown.md").read_text(encoding="utf-8")
EXAMPLE = PAGE.split("```text\n")[1].split("```")[0].encode()


def section(title: str) -> str:
    """One section of the page."""
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(title: str) -> dict[str, str]:
    """The table of a section: first column, second column."""
    found = re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|$", section(title), re.MULTILINE)
    return dict(found[1:])


def quoted(text: str) -> list[str]:
    """Whatever stands between backquotes."""
    return re.findall(r"`([^`]+)`", text)


def test_the_example_is_read_and_is_in_its_one_form() -> None:
    """
    The report that the page begins with is one, and formatting it changes nothing.
    """
    found = read(EXAMPLE, POLICIES, party="KOR")
    assert write(found, EXERCISE) == EXAMPLE
    assert len(found.portions) == 10
    assert len(found.slips) == 4


def test_the_example_shows_every_variant_and_most_qualifiers() -> None:
    """
    A drafter finds in the example what the tables explain.
    """
    text = EXAMPLE.decode()
    assert all(f"{{{kind.value}" in text for kind in VariantKind)
    shown = [name for name in (*grammar.LINE_QUALIFIERS, *grammar.FLAGS) if f"{{{name}" in text]
    assert {*grammar.LINE_QUALIFIERS, *grammar.FLAGS} - set(shown) == {"caveat", "handling"}


def test_the_page_is_short() -> None:
    """
    Somebody who wants to write a reader of their own reads less than 200 lines.
    """
    assert len(PAGE.splitlines()) < 200


def test_every_header_line_is_on_the_page() -> None:
    """
    The table has each header line that is read, and no other; those that repeat or need no mark say so.
    """
    table = {quoted(name)[0]: value for name, value in rows("Header lines").items()}
    assert set(table) == {*grammar.PLAIN_HEADERS, *grammar.MARKED_HEADERS}
    assert {name for name, value in table.items() if "any number" in value} == grammar.REPEATABLE
    assert {name for name, value in table.items() if "mark or none" in value} == grammar.UNMARKED_ALLOWED
    marked = {name for name, value in table.items() if re.search(r"\bmark(,| or none)", value)}
    assert marked == set(grammar.MARKED_HEADERS)


def test_every_qualifier_and_variant_is_on_the_page() -> None:
    """
    The tables have each qualifier and each variant that is read, and no other.
    """
    assert {quoted(name)[0] for name in rows("Blocks")} == {*grammar.LINE_QUALIFIERS, *grammar.FLAGS}
    assert [quoted(name)[0].split(":")[0] for name in rows("Variants")] == list(grammar.VARIANTS)


@pytest.mark.parametrize("words", [Kind, FormName, Status, Precedence])
def test_every_fixed_word_is_on_the_page(words: type[Kind | FormName | Status | Precedence]) -> None:
    """
    What a header line or a qualifier may say by a fixed word is listed.
    """
    assert [word.value for word in words if f"`{word.value}`" not in PAGE] == []


def test_the_limits_are_those_of_the_code() -> None:
    """
    Each row of the table of limits is the constant that enforces it.
    """
    assert rows("Limits") == {
        "bytes of a report": f"{grammar.REPORT_SIZE_BYTES_MAX:,}",
        "portions": f"{draft.PORTIONS_MAX:,}",
        "addressees of a report": f"{draft.SLIPS_MAX:,}",
        "characters of a mark": f"{MARK_LENGTH_MAX:,}",
        "characters of a text": f"{portion.TEXT_LENGTH_MAX:,}",
        "characters of a title, a topic, a value of a qualifier, a reason, an attention": (
            f"{portion.LINE_LENGTH_MAX:,}"
        ),
        "topics, or offices of `addressees`": f"{portion.LIST_MAX:,}",
        "faults that are named": f"{FAULTS_MAX:,}",
    }


def test_the_formatter_has_the_order_that_the_page_gives() -> None:
    """
    Header lines come out in the order of the page.
    """
    ordered = quoted(section("Formatter").split("in this order")[0])
    shuffled = EXAMPLE.decode().split("\n\n")[0].split("\n")[::-1]
    report = "\n".join([*shuffled, "link: (O) " + "0" * 64, "addressees: (O) action KOR"])
    body = EXAMPLE.decode().split("\n\n", 1)[1]
    written = write(read(f"{report}\n\n{body}".encode(), POLICIES, party="KOR"), EXERCISE).decode()
    assert [line.split(":")[0] for line in written.split("\n\n")[0].split("\n")] == ordered


def test_unmarked_topics_roll_up_as_the_page_says() -> None:
    """
    In the example without its marks on topics, they take what is common to all the rest.
    """
    found = read(
        EXAMPLE.replace(b"topics: (O)", b"topics:").split(b"\n\n(C//REL JPN")[0], POLICIES, party="KOR"
    )
    rolled = roll_up(EXERCISE, [each.label for each in found.portions]).label
    assert found.portions[2].label == rolled


def test_the_error_that_the_page_shows_is_one() -> None:
    """
    The fault that the page quotes is what a drafter reads.
    """
    report = EXAMPLE.split(b"\n\n")[0] + b"\n\nunmarked\n"
    with pytest.raises(MalformedError) as refused:
        read(report, POLICIES, party="KOR")
    line, _, fault = quoted(section("Errors"))[0].partition(": ")
    assert re.fullmatch(r"line \d+", line)
    assert refused.value.message == f"line 12: {fault}"
