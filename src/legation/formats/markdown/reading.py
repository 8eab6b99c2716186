# SPDX-License-Identifier: Apache-2.0
"""
Read portion-marked Markdown into a draft; every fault is named with its line, none with its text.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from operator import itemgetter
from typing import Any, NoReturn, TypeVar

from legation.errors import MalformedError
from legation.formats.markdown.grammar import (
    ATTACHMENT_QUALIFIERS,
    DESK_BY,
    FLAGS,
    HEADER,
    LINE_QUALIFIERS,
    MARK,
    MARKED_HEADERS,
    PLAIN_HEADERS,
    QUALIFIER,
    REPEATABLE,
    REPORT_SIZE_BYTES_MAX,
    UNMARKED_ALLOWED,
    VARIANTS,
    split_list,
    unescape,
    unescape_line,
)
from legation.formats.media_type import media_type_of
from legation.item.attachment import Measured
from legation.item.draft import (
    PORTIONS_MAX,
    Draft,
    DraftPortion,
    Precedence,
    Slip,
    Variant,
    VariantKind,
)
from legation.item.portion import (
    Addressees,
    Attachment,
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
    check_file_name,
)
from legation.labels import (
    Label,
    Policies,
    Policy,
    lists_without,
    parse_mark,
    reference_to,
    roll_up,
    validate,
)

FAULTS_MAX = 100  # more say nothing new to the person who mends them
_QUALIFIERS = frozenset({*LINE_QUALIFIERS, *ATTACHMENT_QUALIFIERS, *FLAGS, *VARIANTS})

Made = TypeVar("Made")

Measure = Callable[[str], Measured]
"""Says size and root of the file of this name, which is a plain one, or raises ``MalformedError``."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One header line: its number in the file, its name and its value."""

    number: int
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class _Piece:
    """One portion as read; without a label it takes the roll-up."""

    line: int
    label: Label | None
    portion: Portion
    variant: Variant | None = None


@dataclass(slots=True)
class _Reading:
    """A report while it is read: its policy, its author's party, its files, the faults so far."""

    policy: Policy
    party: str | None
    measure: Measure
    faults: list[tuple[int, str]] = field(default_factory=list)
    hint: str = ""  # of the first fault that has one
    labels: dict[str, Label] = field(default_factory=dict)  # of the marks so far: few, and often again

    def fault(self, line: int, message: str) -> None:
        """Note what is wrong with a line; with the last one that is told, the reading ends."""
        self.faults.append((line, message))
        if len(self.faults) == FAULTS_MAX:
            self.refuse()

    def refuse(self) -> NoReturn:
        """Give up, with every fault so far in the order of the lines."""
        told = sorted(self.faults, key=itemgetter(0))
        _refuse([f"line {line}: {message}" for line, message in told], self.hint)

    def attempt(self, line: int, make: Callable[[], Made]) -> Made | None:
        """Make a value; what is wrong with it becomes a fault of the line."""
        try:
            return make()
        except MalformedError as error:
            self.hint = self.hint or error.hint
            self.fault(line, error.message)
        except ValueError:
            self.fault(line, "the value is not one that is known here")
        return None


def no_files(name: str) -> NoReturn:
    """
    Measure no file: where a report is read without what belongs to it.

    Raises:
        MalformedError: Always.
    """
    raise MalformedError("there are no files here to attach")


def read(data: bytes, policies: Policies, *, party: str | None, measure: Measure = no_files) -> Draft:
    """
    Read a report.

    Args:
        data: UTF-8 text, at most ``REPORT_SIZE_BYTES_MAX``.
        policies: The policies that can be named; of one name the highest version is used.
        party: The author's own party; a list that leaves it out is refused, save on a quotation.
            None where nobody is the author yet: then it is not asked.
        measure: Measures the files that the report names; each name once.

    Raises:
        MalformedError: ``faults`` names every line that is wrong. No message repeats the text.
    """
    lines = _lines(data)
    headers = _headers(lines)
    policy = _policy(headers, policies)
    reading = _Reading(policy=policy, party=party, measure=cache(measure))
    kind = reading.attempt(_number(headers, "kind"), lambda: Kind(_value(headers, "kind")))
    slips = _slips(reading, headers)
    pieces = [*_head(reading, headers), *_body(reading, lines, len(headers))]
    portions = _labelled(reading, pieces)
    if reading.faults or kind is None:
        reading.refuse()
    return Draft(kind=kind, policies=(reference_to(policy),), portions=portions, slips=slips)


def _refuse(faults: list[str], hint: str = "") -> NoReturn:
    if any(fault.endswith("no portion mark") for fault in faults):
        hint = "each block begins with its mark in parentheses, such as (O)"
    raise MalformedError(faults[0], hint=hint, faults=faults)


def _lines(data: bytes) -> list[str]:
    if len(data) > REPORT_SIZE_BYTES_MAX:
        raise MalformedError(f"report has {len(data)} bytes, expected at most {REPORT_SIZE_BYTES_MAX}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise MalformedError(f"line {line}: not UTF-8 text") from None
    return text.replace("\r\n", "\n").split("\n")


def _headers(lines: list[str]) -> list[_Line]:
    """Read the lines up to the first blank one."""
    headers: list[_Line] = []
    names: set[str] = set()
    faults: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or len(faults) == FAULTS_MAX:
            break
        found = HEADER.fullmatch(line.rstrip())
        name = found.group(1) if found else ""
        if name not in MARKED_HEADERS + PLAIN_HEADERS:
            faults.append(f"line {number}: this is not a header line of a report")
        elif name not in REPEATABLE and name in names:
            faults.append(f"line {number}: `{name}` is there twice")
        names.add(name)
        headers.append(_Line(number, name, (found.group(2) or "").strip() if found else ""))
    faults.extend(f"line 1: the header has no `{name}`" for name in ("kind", "policy") if name not in names)
    if faults:
        _refuse(faults[:FAULTS_MAX])
    return headers


def _policy(headers: list[_Line], policies: Policies) -> Policy:
    policy = policies.named(_value(headers, "policy"))
    if policy is None:
        raise MalformedError(
            f"line {_number(headers, 'policy')}: the policy is not known here",
            hint="name a shipped policy, or give its SPIF with --policy",
        )
    return policy


def _value(headers: list[_Line], name: str) -> str:
    return next((line.value for line in headers if line.name == name), "")


def _number(headers: list[_Line], name: str) -> int:
    return next((line.number for line in headers if line.name == name), 1)


def _slips(reading: _Reading, headers: list[_Line]) -> tuple[Slip, ...]:
    """Read who must act and who is kept aware, how soon, and for whose attention."""
    precedence = reading.attempt(
        _number(headers, "precedence"), lambda: Precedence(_value(headers, "precedence") or "routine")
    )
    desk_by = reading.attempt(_number(headers, "desk-by"), lambda: _desk_by(_value(headers, "desk-by")))
    attention = _attention(reading, headers)
    slips: dict[str, Slip] = {}
    for name in ("action", "info"):
        line = _number(headers, name)
        for office in split_list(_value(headers, name)):
            make = partial(
                Slip,
                addressee=office,
                action=name == "action",
                precedence=precedence or Precedence.ROUTINE,
                desk_by=desk_by,
                attention=attention.pop(office, (0, ""))[1],
            )
            slip = reading.attempt(line, make)
            if slip is not None and slip.addressee in slips:
                reading.fault(line, "an addressee is there twice")
            slips |= {slip.addressee: slip} if slip is not None else {}
    for line, _ in attention.values():
        reading.fault(line, "attention is for an office that is not an addressee")
    for name in ("precedence", "desk-by"):
        if _value(headers, name) and not (_value(headers, "action") or _value(headers, "info")):
            reading.fault(_number(headers, name), f"`{name}` is for addressees, and there are none")
    return tuple(slips.values())


def _desk_by(value: str) -> int | None:
    if not value:
        return None
    return int(datetime.strptime(value, DESK_BY).replace(tzinfo=UTC).timestamp())


def _attention(reading: _Reading, headers: list[_Line]) -> dict[str, tuple[int, str]]:
    found: dict[str, tuple[int, str]] = {}
    for line in headers:
        if line.name == "attention":
            office, colon, text = line.value.partition(":")
            if not colon or not text.strip() or office.strip() in found:
                reading.fault(line.number, "attention is written once for each office, as `OFFICE: text`")
            else:
                found[office.strip()] = (line.number, text.strip())
    return found


def _head(reading: _Reading, headers: list[_Line]) -> Iterator[_Piece]:
    """Read the marked header lines, in the one order that drafts have."""
    for name in MARKED_HEADERS:
        for line in headers:
            if line.name == name:
                label, text = _marked(reading, line)
                portion = reading.attempt(line.number, partial(_head_portion, name, text))
                if portion is not None:
                    _check_own_party(reading, line.number, label, portion)
                    yield _Piece(line.number, label, portion)


def _marked(reading: _Reading, line: _Line) -> tuple[Label | None, str]:
    mark = MARK.match(line.value)
    if mark is None:
        if line.name not in UNMARKED_ALLOWED:
            reading.fault(line.number, "no portion mark")
        return None, line.value
    return _label(reading, line.number, mark.group()), line.value[mark.end() :].strip()


def _label(reading: _Reading, line: int, mark: str) -> Label | None:
    label = reading.labels.get(mark) or reading.attempt(line, lambda: _parse_new(reading.policy, mark))
    if label is not None:
        reading.labels[mark] = label
    return label


def _parse_new(policy: Policy, mark: str) -> Label:
    label = parse_mark(policy, mark)
    if validate(policy, label, new=True) != validate(policy, label):
        raise MalformedError("the mark uses a name that is obsolete for new labels")
    return label


def _check_own_party(reading: _Reading, line: int, label: Label | None, portion: Portion) -> None:
    """A list without the author's own party is a slip of the pen, save on another office's words."""
    if label is None or reading.party is None or (isinstance(portion, Text) and portion.origin):
        return
    for tag in lists_without(reading.policy, label, reading.party):
        reading.fault(line, f"the list `{tag}` leaves out {reading.party}, the author's own party")


def _head_portion(name: str, text: str) -> Portion:
    if name == "title":
        return Title(text=text)
    if name == "form":
        return Form(form=FormName(text))
    if name == "topics":
        return Topics(topics=split_list(text))
    if name == "addressees":
        return _addressees(text)
    return Link(item=bytes.fromhex(text))


def _addressees(text: str) -> Addressees:
    """Read ``action KOR; information NATO, JPN@NATO``, either part alone or both."""
    parts: dict[str, tuple[str, ...]] = {}
    for part in text.split(";"):
        word, _, offices = part.strip().partition(" ")
        if word not in {"action", "information"} or word in parts:
            raise MalformedError("addressees are written as `action OFFICES; information OFFICES`")
        parts[word] = split_list(offices)
    return Addressees(**parts)


def _body(reading: _Reading, lines: list[str], start: int) -> Iterator[_Piece]:
    """Read the blocks: runs of lines between blank ones."""
    group = 0  # how many portions of the present group were read
    for count, (number, block) in enumerate(_blocks(lines, start), start=1):
        if count > PORTIONS_MAX:
            reading.fault(number, f"more than {PORTIONS_MAX} portions")
            return
        piece = _block(reading, number, block)
        if piece is None:
            continue
        if piece.variant is None:
            group = 0
        elif not 1 <= piece.variant.of <= group:
            reading.fault(number, "a variant does not follow the paragraph it stands for")
        group += not isinstance(piece.portion, Attachment)
        yield piece


def _blocks(lines: list[str], start: int) -> Iterator[tuple[int, list[str]]]:
    block: list[str] = []
    for index in range(start, len(lines)):
        if lines[index].strip():
            block.append(lines[index])
        elif block:
            yield index - len(block) + 1, block
            block = []
    if block:
        yield len(lines) - len(block) + 1, block


def _block(reading: _Reading, number: int, block: list[str]) -> _Piece | None:
    mark = MARK.match(block[0])
    if mark is None:
        reading.fault(number, "no portion mark")
        return None
    label = _label(reading, number, mark.group())
    found: dict[str, str] = {}
    rest = _qualifiers(reading, number, block[0][mark.end() :].lstrip(), found)
    text = "\n".join(unescape_line(line) for line in [rest, *block[1:]]).strip()
    variant = reading.attempt(number, lambda: _variant(found))
    portion = reading.attempt(number, lambda: _block_portion(found, text, reading.measure))
    if portion is None:
        return None
    _check_own_party(reading, number, label, portion)
    return _Piece(number, label, portion, variant)


def _qualifiers(reading: _Reading, number: int, rest: str, found: dict[str, str]) -> str:
    """Take the qualifiers off the start of a block; what follows them is returned."""
    while rest.startswith("{"):
        part = QUALIFIER.match(rest)
        name = part.group(1) if part else ""
        if part is None or name not in _QUALIFIERS or name in found:
            reading.fault(number, "a brace opens no qualifier that is known, or one that was there already")
            return rest
        found[name] = unescape(part.group(2) or "").strip()
        rest = rest[part.end() :]
    return rest


def _variant(found: dict[str, str]) -> Variant | None:
    names = [name for name in VARIANTS if name in found]
    if not names:
        return None
    if len(names) > 1:
        raise MalformedError("a block is one kind of variant")
    kind = VariantKind(names[0])
    if kind is VariantKind.TRANSLATION:
        if found.get("language"):
            raise MalformedError("a translation says its language once, as `{translation: LANGUAGE}`")
        language, _, of = found["translation"].partition(",")
        if not language.strip():
            raise MalformedError("a translation says its language, as `{translation: LANGUAGE}`")
        found["language"] = language.strip()
    else:
        of = found[names[0]]
    if of.strip() and not (of.strip().isascii() and of.strip().isdigit() and len(of.strip()) < 6):
        raise MalformedError("a variant names the block it stands for by a number")
    return Variant(kind=kind, of=int(of) if of.strip() else 1)


def _block_portion(found: dict[str, str], text: str, measure: Measure) -> Portion:
    if "withheld" in found:
        if any(name in found for name in _QUALIFIERS.difference(VARIANTS)):
            raise MalformedError("a withheld line has no qualifiers")
        return Withheld(reason=text)
    if any((name in FLAGS) is bool(value) for name, value in found.items() if name not in VARIANTS):
        raise MalformedError("a qualifier has no value, or has one where none is wanted")
    if found.keys() & ATTACHMENT_QUALIFIERS:
        return _attachment(found, text, measure)
    values: dict[str, Any] = {name: found[name] for name in LINE_QUALIFIERS if name in found}
    if "status" in values:
        values["status"] = Status(values["status"])
    values |= {name: True for flag, name in FLAGS.items() if flag in found}
    return Text(text=text, **values)


def _attachment(found: dict[str, str], text: str, measure: Measure) -> Attachment:
    if text or "attachment" not in found or not found.keys() <= {*ATTACHMENT_QUALIFIERS, *FLAGS}:
        raise MalformedError("an attachment is a name and at most its media type and originator control")
    name = found["attachment"]
    # Nothing that is no plain name is ever looked for on a disk.
    check_file_name(name)
    measured = measure(name)
    return Attachment(
        name=name,
        media_type=found.get("media-type") or media_type_of(name),
        size=measured.size,
        root=measured.root,
        **{field: True for flag, field in FLAGS.items() if flag in found},
    )


def _labelled(reading: _Reading, pieces: list[_Piece]) -> tuple[DraftPortion, ...]:
    """Give the roll-up to what may go unmarked, and make the portions of the draft."""
    if reading.faults:
        return ()
    labels = {piece.label for piece in pieces if piece.label is not None}
    rolled = roll_up(reading.policy, labels).label
    if not labels:
        reading.fault(1, "there is no portion with a mark")
    portions: list[DraftPortion] = []
    for piece in pieces:
        label = piece.label or rolled
        if label is None:
            reading.fault(piece.line, "needs a mark: the marks of the rest have no common one")
            continue
        make = partial(DraftPortion, label=label, portion=piece.portion, variant=piece.variant)
        portion = reading.attempt(piece.line, make)
        portions.extend([portion] if portion is not None else [])
    return tuple(portions)
