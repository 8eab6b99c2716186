# SPDX-License-Identifier: Apache-2.0
"""
Drafts as people may write them, at random: every type of portion, qualifier and variant.
"""

from hypothesis import strategies as st

from legation.formats.shipped import shipped
from legation.item.draft import Draft, DraftPortion, Precedence, Slip, Variant, VariantKind
from legation.item.portion import (
    Addressees,
    Form,
    FormName,
    Kind,
    Link,
    Portion,
    Status,
    Text,
    Title,
    Topics,
    Withheld,
)
from legation.keys.card import TIME_MAX
from legation.labels import Label, Policies, TagType, category, gathered, parse_mark, reference_to

EXERCISE = shipped("exercise-1")
POLICIES = Policies([EXERCISE])
PARTIES = ("KOR", "JPN", "AUS", "NATO", "EU")

# What a reader of Markdown could trip over, beside any character at all.
PIECES = (
    *("{", "}", "\\", "\\\\", "{tearline}", "{source: x}", "\\{", "(S)", "(S//REL KOR) ", "(", ")"),
    *("kind: report", ":", ": ", ",", ", ", ";", "#", "*", "---", "<b>", "&amp;", "`", "|"),
    *(" ", "  ", "\u00a0", "\u3000", "\u200b", "\ufeff", "\u202e", "\u200f", "\u2066", "\u0301"),
    *("대한민국", "שלום", "السلام", "Ünïté", "\U0001f1f0\U0001f1f7", "e\u0301", "seating", "Madrid"),
)
PIECES_OF_TEXTS = (
    *PIECES,
    "\n",
    "\n\n",
    "\n \n",
    "\n\u3000\n",
    "\t",
    "\n\t\n",
    "\n{",
    "\n\\",
    "\n(O) ",
    " \n",
)
_CHARACTERS = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])


def _words(pieces: tuple[str, ...], length_max: int) -> st.SearchStrategy[str]:
    parts = st.lists(st.sampled_from(pieces) | st.text(_CHARACTERS, max_size=8), min_size=1, max_size=10)
    return parts.map(lambda found: "".join(found)[:length_max].strip()).filter(bool)


lines = _words(PIECES, 200)
texts = _words(PIECES_OF_TEXTS, 400)
parties = st.sampled_from(PARTIES)
offices = st.sampled_from(
    [*PARTIES, *(f"{party}@{host}" for party in PARTIES for host in PARTIES if host != party)]
)
languages = st.sampled_from(["en", "ko", "fr", "pt-BR", "zh-Hans-CN"])


@st.composite
def labels(draw: st.DrawFn) -> Label:
    """Any valid label of EXERCISE, in its normal form."""
    level = draw(st.sampled_from("OLCS"))
    notes = draw(st.sampled_from(["", "", "", "//STAFF"]))
    if level == "O":
        return parse_mark(EXERCISE, f"(O{notes})")
    caveats = "/".join(sorted(draw(st.sets(st.sampled_from(["HERON", "LANTERN", "MAPLE"]), max_size=1))))
    mark = f"{level}{'//' * bool(caveats)}{caveats}"
    listed = sorted(draw(st.sets(parties)))
    if listed:
        mark += f"//REL {', '.join(listed)}"
        only = sorted(draw(st.sets(parties, max_size=2)))
        mark += f"//ONLY {', '.join(only)}" if only else ""
    label = parse_mark(EXERCISE, f"({mark}{notes})")
    if listed and draw(st.sampled_from([False, False, False, True])):
        # Not even for one's own people: what no plain mark says, and is printed in brackets.
        kept = [part for part in label.categories if part.tag != "Context"]
        context = category("Context", TagType.PERMISSIVE, ["Releasable"])
        label = Label(
            policy_id=label.policy_id,
            classification=label.classification,
            categories=gathered([*kept, context]),
        )
    return label


def _optional(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.just("") | values


paragraphs = st.builds(
    Text,
    text=texts,
    language=_optional(languages),
    source=_optional(lines),
    grade=_optional(st.from_regex("[A-F][1-6]", fullmatch=True)),
    status=st.none() | st.sampled_from(Status),
    caveat=_optional(lines),
    handling=_optional(lines),
    originator_control=st.booleans(),
    origin=_optional(offices),
)
translations = st.builds(Text, text=texts, language=languages, source=_optional(lines))
topics = st.lists(lines, min_size=1, max_size=4, unique=True).map(lambda found: Topics(topics=tuple(found)))


@st.composite
def addressees(draw: st.DrawFn) -> Addressees:
    """An open list of those who are to see each other."""
    named = draw(st.lists(offices, min_size=1, max_size=5, unique=True))
    split = draw(st.integers(0, len(named)))
    return Addressees(action=tuple(named[:split]), information=tuple(named[split:]))


@st.composite
def groups(draw: st.DrawFn) -> list[DraftPortion]:
    """A paragraph and the variants that follow it."""
    found = [DraftPortion(label=draw(labels()), portion=draw(paragraphs))]
    for kind in draw(st.lists(st.sampled_from(VariantKind), max_size=3)):
        of = draw(st.integers(1, len(found)))
        portion: Text | Withheld
        if kind is VariantKind.WITHHELD:
            portion = Withheld(reason=draw(_optional(lines)))
        else:
            portion = draw(paragraphs if kind is VariantKind.TEARLINE else translations)
        found.append(DraftPortion(label=draw(labels()), portion=portion, variant=Variant(kind=kind, of=of)))
    return found


@st.composite
def slips(draw: st.DrawFn) -> tuple[Slip, ...]:
    """Slips as a report can say them: action first, one precedence and one desk-by for all."""
    named = draw(st.lists(offices, max_size=5, unique=True))
    split = draw(st.integers(0, len(named)))
    precedence = draw(st.sampled_from(Precedence))
    desk_by = draw(st.none() | st.integers(0, TIME_MAX // 60).map(lambda minutes: 60 * minutes))
    return tuple(
        Slip(
            addressee=office,
            action=number < split,
            precedence=precedence,
            desk_by=desk_by,
            attention=draw(_optional(lines)),
        )
        for number, office in enumerate(named)
    )


@st.composite
def drafts(draw: st.DrawFn, *, has_body: bool = False) -> Draft:
    """Any draft that Markdown can say."""
    heads: list[st.SearchStrategy[Portion]] = [
        st.builds(Title, text=lines),
        st.builds(Form, form=st.sampled_from(FormName)),
        topics,
        addressees(),
    ]
    portions = [
        DraftPortion(label=draw(labels()), portion=draw(head)) for head in heads if draw(st.booleans())
    ]
    links = draw(st.lists(st.binary(min_size=32, max_size=32), max_size=2))
    portions += [DraftPortion(label=draw(labels()), portion=Link(item=item)) for item in links]
    bodies = draw(st.lists(groups(), min_size=1 if has_body or not portions else 0, max_size=4))
    portions += [each for group in bodies for each in group]
    return Draft(
        kind=draw(st.sampled_from(Kind)),
        policies=(reference_to(EXERCISE),),
        portions=tuple(portions),
        slips=draw(slips()),
    )
