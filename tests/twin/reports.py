# SPDX-License-Identifier: Apache-2.0
"""
Reports for two worlds: one visible part, and any hidden part between, before and behind it.

A ``Visible`` is what the observer sees of a report. ``filled`` completes it to a report in Markdown, the
way officers write it; every completion gives the observer the same cut. What is hidden differs in number,
place, length and marks, and in what stands for what: a hidden paragraph may be fuller than a visible one,
a hidden translation may follow it, a visible withheld line has something hidden before it.

Every hidden text, and every hidden file, begins with ``CANARY``, which must turn up nowhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

CANARY = "Zq7hidden"
LABELS_MAX = 10  # of one item; more are of another class, which is a declared exception
FORMS = ("telegram", "contact report", "situation report", "non-paper")
KINDS = ("report", "message", "note", "request", "answer")
PRECEDENCES = ("routine", "priority", "immediate", "flash")


@dataclass(frozen=True)
class Block:
    """
    One visible portion of the body.

    ``variant`` is empty, ``tearline``, ``translation`` or ``withheld``; ``of`` names the block that it
    stands for by its place in its group. ``behind_hidden`` needs a hidden fuller paragraph before it,
    ``free`` may have one.
    """

    mark: str
    text: str
    variant: str = ""
    of: int = 0
    is_free: bool = False
    is_behind_hidden: bool = False


@dataclass(frozen=True)
class Visible:
    """What the observer sees of a report; without blocks it is hidden wholly."""

    kind: str = "report"
    header: tuple[tuple[str, str, str], ...] = ()  # name, mark, value
    groups: tuple[tuple[Block, ...], ...] = ()
    addressee: str = ""
    role: str = "action"
    attention: str = ""
    precedence: str = "routine"
    desk_by: str = ""

    @property
    def marks(self) -> set[str]:
        """The marks of what is visible."""
        return {mark for _, mark, _ in self.header} | {each.mark for group in self.groups for each in group}


@dataclass(frozen=True)
class Hiding:
    """With what a report may be completed: marks, other addressees, and which header lines it may have."""

    marks: Sequence[str]
    addressees: Sequence[str] = ()  # any of them, or everybody
    everybody: bool = False
    header: Sequence[str] = ("title", "form", "topics", "addressees")
    long: bool = False
    hides: bool = True


def visible_report(
    random: Random, marks: Sequence[str], addressee: str, *, is_whole: bool = False
) -> Visible:
    """Make up what an observer sees of a report that is addressed to them; of a whole one there is no more."""
    used = random.sample(marks, random.randint(1, min(3, len(marks))))
    groups = tuple(_visible_group(random, used, is_whole=is_whole) for _ in range(random.randint(1, 3)))
    header = [
        (name, random.choice(used), _header_value(random, name, "Seen"))
        for name, share in (("title", 0.6), ("form", 0.4), ("topics", 0.3), ("addressees", 0.2))
        if random.random() < share
    ]
    return Visible(
        kind=random.choice(KINDS),
        header=tuple(header),
        groups=groups,
        addressee=addressee,
        role=random.choice(("action", "info")),
        attention=random.choice(("", "", "the registry")),
        precedence=random.choice(PRECEDENCES),
        desk_by=random.choice(("", "", "2026-06-25T09:00Z")),
    )


def _visible_group(random: Random, marks: Sequence[str], *, is_whole: bool) -> tuple[Block, ...]:
    match random.randrange(8):
        case 0:
            return (
                Block(random.choice(marks), "The full text."),
                Block(random.choice(marks), "The short text.", variant="tearline"),
            )
        case 1:
            return (
                Block(random.choice(marks), "In one language."),
                Block(random.choice(marks), "In another language.", variant="translation"),
            )
        case 2 if not is_whole:
            return (Block(random.choice(marks), "", variant="withheld", is_behind_hidden=True),)
        case 3:
            return (Block(random.choice(marks), "For all who may see it.", is_free=True),)
        case 4 if random.random() < 0.3:
            return (Block(random.choice(marks), "Seen and long. " * random.choice((300, 5_000))),)
        case _:
            return (
                Block(random.choice(marks), f"Seen {random.randrange(1000)}.", is_free=random.random() < 0.3),
            )


def _header_value(random: Random, name: str, word: str) -> str:
    match name:
        case "form":
            return random.choice(FORMS)
        case "topics":
            return ", ".join(f"{word} {number}" for number in range(random.randint(1, 3)))
        case "addressees":
            return f"action {random.choice(('KOR', 'JPN@NATO', 'EU'))}"
    return f"{word} {random.randrange(1000)}"


@dataclass
class _Filling:
    """A report that is being completed."""

    random: Random
    visible: Visible
    hiding: Hiding
    marks: list[str] = field(default_factory=list)
    hides: bool = True

    def __post_init__(self) -> None:
        room = min(LABELS_MAX - len(self.visible.marks), len(self.hiding.marks))
        self.marks = self.random.sample(self.hiding.marks, min(room, self.random.randint(1, 6)))
        blocks = [each for group in self.visible.groups for each in group]
        needs = not blocks or any(each.is_behind_hidden for each in blocks)
        self.hides = self.hiding.hides and (needs or self.random.random() < 0.85)

    def happens(self, share: float) -> bool:
        """Whether something hidden comes about here; never in a report that hides nothing."""
        return self.hides and self.random.random() < share

    def text(self) -> str:
        """Something hidden, short or long."""
        length = self.random.choice((0, 1, 10, 100, 5_000 if self.hiding.long else 300))
        return f"{CANARY}{self.random.randrange(10**6)} " + "and so on " * length

    def mark(self) -> str:
        """A mark that the observer does not see."""
        return self.random.choice(self.marks)

    def header(self) -> list[str]:
        """The marked header lines: those that are seen, and some others."""
        lines = {name: f"{name}: {mark} {value}" for name, mark, value in self.visible.header}
        for name in self.hiding.header:
            if name not in lines and self.happens(0.4):
                value = _header_value(self.random, name, CANARY)
                lines[name] = f"{name}: {self.mark()} {value}"
        return list(lines.values())

    def paragraphs(self) -> list[str]:
        """Hidden paragraphs between two groups: mostly none or one."""
        count = self.random.choice((0, 0, 1, 1, 2, 5)) if self.hides else 0
        return [f"{self.mark()} {_or_attached(self.text())}" for _ in range(count)]

    def group(self, blocks: Sequence[Block]) -> list[str]:
        """A group that is seen, with hidden portions in it."""
        first = blocks[0]
        lines: list[str] = []
        if first.is_behind_hidden or (first.is_free and self.happens(0.5)):
            lines += [f"{self.mark()} {self.text()}"]
            while self.happens(0.3):
                lines.append(f"{self.mark()} {{tearline}} {self.text()}")
        places: list[int] = []
        for block in blocks:
            variant = block.variant or ("tearline" if lines else "")
            of = len(lines) - places[block.of] if places else 1
            places.append(len(lines))
            lines.append(f"{block.mark} {_qualifier(variant, of)}{block.text}".rstrip())
            while block.variant != "withheld" and self.happens(0.2):
                lines.append(self.variant(len(lines) - places[-1]))
        return lines

    def variant(self, of: int) -> str:
        """A hidden tearline or translation of the portion so many places before it."""
        name = self.random.choice(("tearline", "translation"))
        return f"{self.mark()} {_qualifier(name, of)}{self.text()}"

    def addressees(self) -> list[str]:
        """The addressees: the observer in its role, and others that it must not learn of."""
        named = {"action": [], "info": []}  # type: dict[str, list[str]]
        others = [each for each in self.hiding.addressees if each != self.visible.addressee]
        count = len(others) if self.hiding.everybody else self.random.randint(0, len(others))
        for office in self.random.sample(others, count):
            named[self.random.choice(("action", "info"))].append(office)
        if self.visible.addressee:
            place = self.random.randint(0, len(named[self.visible.role]))
            named[self.visible.role].insert(place, self.visible.addressee)
        lines = [f"{role}: {', '.join(offices)}" for role, offices in named.items() if offices]
        if lines and self.visible.precedence != "routine":
            lines.append(f"precedence: {self.visible.precedence}")
        if lines and self.visible.desk_by:
            lines.append(f"desk-by: {self.visible.desk_by}")
        if self.visible.attention and self.visible.addressee:
            lines.append(f"attention: {self.visible.addressee}: {self.visible.attention}")
        lines += [
            f"attention: {office}: {CANARY}"
            for office in (*named["action"], *named["info"])
            if office != self.visible.addressee and self.random.random() < 0.3
        ]
        return lines


def _or_attached(text: str) -> str:
    """A hidden text, or now and then a file instead, whose name and bytes are as hidden."""
    return f"{{attachment: {text.split(maxsplit=1)[0]}.bin}}" if Random(text).random() < 0.15 else text


def _attached_to(group: Sequence[Block]) -> list[str]:
    """A file behind a group that is seen, now and then: in both worlds, for it follows from what is seen."""
    block = group[-1]
    is_attached = block.text and Random(block.text).random() < 0.15
    return (
        [f"{block.mark} {{attachment: {block.text.split()[0]} {len(block.text)}.bin}}"] if is_attached else []
    )


def _qualifier(variant: str, of: int) -> str:
    match variant:
        case "":
            return ""
        case "translation":
            return f"{{translation: ko, {of}}} "
    return f"{{{variant}: {of}}} "


def filled(random: Random, visible: Visible, hiding: Hiding) -> str:
    """Complete a report; an observer who sees the visible part sees no difference."""
    filling = _Filling(random, visible, hiding)
    head = [f"kind: {visible.kind}", "policy: EXERCISE", *filling.addressees(), *filling.header()]
    blocks = filling.paragraphs()
    for group in visible.groups:
        blocks += [*filling.group(group), *_attached_to(group), *filling.paragraphs()]
    if not blocks:
        blocks = [f"{filling.mark()} {filling.text()}"]
    return "\n".join(head) + "\n\n" + "\n\n".join(blocks) + "\n"
