# SPDX-License-Identifier: Apache-2.0
"""
Portions: what an item is made of, each under one label.

A title, a form, topics, addressees and links are portions like a paragraph is: what says
something about the whole can give as much away as the text. What qualifies a statement (its
source, grade, status, caveats) is a field of its portion, so that no cut can part them.

A portion never says that it is a tearline or a translation of something. Only a withheld line
declares itself.
"""

import re
import unicodedata
from enum import StrEnum

from legation.encoding import Canonical
from legation.errors import MalformedError
from legation.keys.card import Office

TEXT_LENGTH_MAX = 100_000  # characters of one portion; a long report is many portions
LINE_LENGTH_MAX = 1_000  # characters of a title, a source, a caveat: what prints on a few lines
LIST_MAX = 1_000  # topics or addressees of one item
ITEM_ID_SIZE_BYTES = 32  # an item id is a SHA-256
ROOT_SIZE_BYTES = 32  # likewise
ATTACHMENT_SIZE_BYTES_MAX = 16 << 30  # a film of some hours; its chunk hashes still fit in memory
FILE_NAME_SIZE_BYTES_MAX = 255  # what common file systems take

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")  # and half characters
_CONTROL_BYTES = bytes([*range(0x09), *range(0x0B, 0x20), 0x7F])  # those of ASCII; twice as fast to find
_GRADE = re.compile("[A-F][1-6]")
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")  # RFC 6838
_NOT_IN_FILE_NAME = re.compile('[/\\\\:*?"<>|]')
_DEVICES = {
    "CON",
    "PRN",
    "AUX",
    "NUL",
    *(f"{kind}{place}" for kind in ("COM", "LPT") for place in "123456789"),
}
_LANGUAGE = re.compile("[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")


class Kind(StrEnum):
    """What an item is; in every layer, unmarked."""

    REPORT = "report"
    MESSAGE = "message"
    NOTE = "note"
    REQUEST = "request"
    ANSWER = "answer"
    CLAIMS = "claims"
    MEETING = "meeting"
    RECORD = "record"


class FormName(StrEnum):
    """The form in which a report or message is written; a marked portion."""

    TELEGRAM = "telegram"
    CONTACT_REPORT = "contact report"
    SITUATION_REPORT = "situation report"
    NOTE_VERBALE = "note verbale"
    AIDE_MEMOIRE = "aide-memoire"
    NON_PAPER = "non-paper"
    SPEAKING_POINTS = "speaking points"
    INSTRUCTION = "instruction"
    MINUTES = "minutes"


class Status(StrEnum):
    """How far a stated fact has come."""

    PLANNED = "planned"
    ANNOUNCED = "announced"
    EXPECTED = "expected"
    CONFIRMED = "confirmed"
    DENIED = "denied"
    ENDED = "ended"
    UNCLEAR = "unclear"


def check_text(text: str, what: str, *, length_max: int = TEXT_LENGTH_MAX) -> None:
    """
    Refuse text that cannot be shown as it stands: empty, padded, too long, with control characters.

    Line feeds and tabs may stand inside; every script and direction is welcome.
    """
    if not 0 < len(text) <= length_max:
        raise MalformedError(f"{what} has {len(text)} characters, expected 1 to {length_max}")
    if text.isascii():
        has_control = len(text.encode().translate(None, _CONTROL_BYTES)) != len(text)
    else:
        has_control = not text.isprintable() and _CONTROLS.search(text) is not None
    if has_control or text[0].isspace() or text[-1].isspace():
        raise MalformedError(f"{what} has space around it or a control character")


def check_line(text: str, what: str) -> None:
    """Refuse what is not one short line of text; nothing at all is allowed."""
    if text:
        check_text(text, what, length_max=LINE_LENGTH_MAX)
        if "\n" in text or "\t" in text:
            raise MalformedError(f"{what} is more than one line")


def check_file_name(name: str) -> None:
    """
    Refuse what is not the plain name of a file on every system that it may be saved on.

    No path, no reserved character or device of Windows, no dot or space at the end, no invisible or
    direction-changing character, in NFC, and short enough with any script (255 bytes in UTF-8).
    """
    check_line(name, "name of an attachment")
    stem = name.partition(".")[0].upper()
    if (
        not name
        or len(name.encode()) > FILE_NAME_SIZE_BYTES_MAX
        or _NOT_IN_FILE_NAME.search(name)
        or name.startswith(".")
        or name.endswith((".", " "))
        or stem in _DEVICES
        or not unicodedata.is_normalized("NFC", name)
        or visible_text(name) != name
    ):
        raise MalformedError("name of an attachment is not the plain name of a file")


def check_office(office: str) -> None:
    """Refuse what does not name an office: ``KOR``, ``KOR@NATO``."""
    Office.parse(office)


class Title(Canonical, frozen=True, tag="title"):
    """What the item is called, to those who may see it."""

    text: str

    def __post_init__(self) -> None:
        check_text(self.text, "title", length_max=LINE_LENGTH_MAX)
        check_line(self.text, "title")


class Form(Canonical, frozen=True, tag="form"):
    """The form the item is written in."""

    form: FormName


class Topics(Canonical, frozen=True, tag="topics"):
    """What the item is about, for trays and search."""

    topics: tuple[str, ...]

    def __post_init__(self) -> None:
        check_list(self.topics, "topics")
        for topic in self.topics:
            check_line(topic, "topic")


class Addressees(Canonical, frozen=True, tag="addressees"):
    """Who else receives the item, for those who are to see each other."""

    action: tuple[str, ...] = ()
    information: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_list((*self.action, *self.information), "addressees")
        for office in (*self.action, *self.information):
            check_office(office)


class Link(Canonical, frozen=True, tag="link"):
    """Another item that this one refers to, by its id."""

    item: bytes

    def __post_init__(self) -> None:
        if len(self.item) != ITEM_ID_SIZE_BYTES:
            raise MalformedError(f"item id has {len(self.item)} bytes, expected {ITEM_ID_SIZE_BYTES}")


class Text(Canonical, frozen=True, tag="text"):
    """
    A paragraph, with everything that qualifies it.

    ``language`` is a BCP 47 tag. ``source`` is how the source is described; ``grade`` its
    reliability A-F and credibility 1-6 (AJP-2.1). ``caveat`` and ``handling`` are words for
    people. ``originator_control`` asks that nobody passes the portion on without the originator's
    consent. ``origin`` is the office whose words a quotation repeats.
    """

    text: str
    language: str = ""
    source: str = ""
    grade: str = ""
    status: Status | None = None
    caveat: str = ""
    handling: str = ""
    originator_control: bool = False
    origin: str = ""

    def __post_init__(self) -> None:
        check_text(self.text, "paragraph")
        if self.language and not _LANGUAGE.fullmatch(self.language):
            raise MalformedError("language is not a tag such as en or pt-BR")
        if self.grade and not _GRADE.fullmatch(self.grade):
            raise MalformedError("grade is not a letter A to F and a digit 1 to 6")
        if self.origin:
            check_office(self.origin)
        if self.source or self.caveat or self.handling:
            check_line(self.source, "source")
            check_line(self.caveat, "caveat")
            check_line(self.handling, "handling")


class Withheld(Canonical, frozen=True, tag="withheld"):
    """A line that says something is withheld here, with or without a reason."""

    reason: str = ""

    def __post_init__(self) -> None:
        check_line(self.reason, "reason for withholding")


class Attachment(Canonical, frozen=True, tag="attachment"):
    """
    A file that belongs to the item; its bytes travel beside it (``attachment``).

    ``name`` is what people call it, never a path. ``media_type`` is what its author says it is.
    ``root`` is the root over its chunks, which ``size`` counts the bytes of. ``originator_control``
    as of a paragraph.
    """

    name: str
    media_type: str
    size: int
    root: bytes
    originator_control: bool = False

    def __post_init__(self) -> None:
        check_file_name(self.name)
        if not _MEDIA_TYPE.fullmatch(self.media_type):
            raise MalformedError("media type is not one such as application/pdf")
        if not 0 <= self.size <= ATTACHMENT_SIZE_BYTES_MAX:
            raise MalformedError(f"size of an attachment is not between 0 and {ATTACHMENT_SIZE_BYTES_MAX}")
        if len(self.root) != ROOT_SIZE_BYTES:
            raise MalformedError(f"root has {len(self.root)} bytes, expected {ROOT_SIZE_BYTES}")


Portion = Title | Form | Topics | Addressees | Link | Text | Withheld | Attachment

BODY = (Text, Withheld, Attachment)  # a cut without one of these is empty and is not sent


def is_controlled(portion: Portion) -> bool:
    """Whether nobody but its originator may pass a portion on without the originator's consent."""
    return isinstance(portion, Text | Attachment) and portion.originator_control


def check_list(values: tuple[str, ...], what: str) -> None:
    """Refuse an empty, overlong or repetitive list, and entries of nothing."""
    if not 0 < len(values) <= LIST_MAX:
        raise MalformedError(f"{len(values)} {what}, expected 1 to {LIST_MAX}")
    if len(set(values)) != len(values) or "" in values:
        raise MalformedError(f"{what} repeat or are empty")


def visible_text(text: str) -> str:
    """Spell out invisible and direction-changing characters, so that what is shown is all there is."""
    return "".join(
        f"<U+{ord(character):04X}>"
        if unicodedata.category(character) in {"Cc", "Cf", "Co", "Cn"} and character not in "\n\t"
        else character
        for character in text
    )
