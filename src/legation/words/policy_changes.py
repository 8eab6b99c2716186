# SPDX-License-Identifier: Apache-2.0
"""
What changes between two versions of a policy, said to people in English: what, and for whom.

Use::

    for change in differences(old, new, at=now):
        policy_changes.say(change)  # "of PARTNERS on Releasable To: FIN; who holds only FIN gains ..."

Said are names of the policy and nothing else. What is said of somebody's gain is about new labels: one that is
written already never gains.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec.structs import replace

from legation.labels.label import TagType
from legation.labels.policy import Operation
from legation.labels.policy_change import ChangeCode, Effect, PolicyChange

NAMES_SAID_MAX = 12  # of one list; a policy may have hundreds of parties, and a line is read

HEADINGS: Mapping[Effect, str] = {
    Effect.WIDENS: "widens",
    Effect.NARROWS: "narrows",
    Effect.SHOWS: "shows differently",
}

_REFUSED = "is refused to everybody until it is labelled anew"

# One template for each code; the effect or the type of the list chooses where there are several.
_ONE: Mapping[ChangeCode, str] = {
    ChangeCode.POLICY_RENAMED: "the policy is called {after}, not {before}; labels and clearances that give its "
    "name alone are refused",
    ChangeCode.VERSION_NOT_ABOVE: "version {after} is not above {before}; no node takes it after that one",
    ChangeCode.CLASS_ADDED: "new: {names}; who is granted {one} sees what will be so marked",
    ChangeCode.CLASS_REMOVED: f"gone: {{names}}; who holds only {{one}} sees nothing any more, and what is so marked {_REFUSED}",
    ChangeCode.CLASS_RENAMED: "{names} is called {after}; who holds only {names} sees nothing any more, and what "
    f"is so marked {_REFUSED}",
    ChangeCode.CLASS_RENUMBERED: f"another number for {{names}}: {{after}}, not {{before}}; what is so marked {_REFUSED}",
    ChangeCode.CLASS_ORDER: "the order of levels is {after}, not {before}; the banner of a whole may be another",
    ChangeCode.LIST_REMOVED: f"gone: {{tag}}; what has a value of it {_REFUSED}, and nothing new is limited by it",
    ChangeCode.LIST_RENAMED: "{tag} is called {after}; who holds values of {tag} holds them no more, and what has "
    f"one {_REFUSED}",
    ChangeCode.LIST_RENUMBERED: f"another identifier for {{tag}}; what has a value of it {_REFUSED}",
    ChangeCode.VALUE_REMOVED: f"gone from {{tag}}: {{names}}; who holds only {{one}} loses what names it, which {_REFUSED}",
    ChangeCode.VALUE_RENAMED: "{names} of {tag} is called {after}; who holds only {names} loses what names it, "
    f"which {_REFUSED}",
    ChangeCode.VALUE_RENUMBERED: f"another number for {{whole}}: {{after}}, not {{before}}; what has it {_REFUSED}",
    ChangeCode.ORDER: "{tag} prints in another order",
    ChangeCode.SPELLING: "{before} is spelled {after}",
    ChangeCode.COLOR: "{names} has the colour {after}, not {before}",
    ChangeCode.TYPED: "typed for {whole}: {after}; before: {before}",
}

_BY_EFFECT: Mapping[tuple[ChangeCode, Effect], str] = {
    (
        ChangeCode.WINDOW,
        Effect.WIDENS,
    ): "longer in force: {whole} ({after}; before: {before}); what it marks is "
    "seen at times when it was refused",
    (
        ChangeCode.WINDOW,
        Effect.NARROWS,
    ): "less long in force: {whole} ({after}; before: {before}); what it marks "
    "is refused to everybody at other times",
    (
        ChangeCode.VALUE_TYPE,
        Effect.WIDENS,
    ): "{after}, not {before}: {whole}; who does not hold it may see what will have it",
    (
        ChangeCode.VALUE_TYPE,
        Effect.NARROWS,
    ): f"{{after}}, not {{before}}: {{whole}}; what has it as {{before}} {_REFUSED}",
    (ChangeCode.OBSOLETE, Effect.WIDENS): "in use again: {whole}; new labels may have it",
    (ChangeCode.OBSOLETE, Effect.NARROWS): "obsolete: {whole}; new labels do not have it, old ones keep it",
    (
        ChangeCode.REQUIREMENT,
        Effect.WIDENS,
    ): "no more needed by {whole}: {wanted}; what lacks it is a label, and who holds the rest of it sees it",
    (
        ChangeCode.REQUIREMENT,
        Effect.NARROWS,
    ): "needed by {whole}: {wanted}; what lacks it is refused to everybody",
    (
        ChangeCode.EXCLUSION,
        Effect.WIDENS,
    ): "allowed beside {whole}: {others}; who holds both sees what has both",
    (
        ChangeCode.EXCLUSION,
        Effect.NARROWS,
    ): "not allowed beside {whole}: {others}; what has both is refused to everybody",
    (
        ChangeCode.CLASS_EXCLUDED,
        Effect.WIDENS,
    ): "allowed with {whole}: {others}; who holds both sees what has both",
    (
        ChangeCode.CLASS_EXCLUDED,
        Effect.NARROWS,
    ): "not allowed with {whole}: {others}; what has both is refused to everybody",
    (
        ChangeCode.CLASS_REQUIRED,
        Effect.WIDENS,
    ): "allowed beyond {others}: {whole}; who holds another level sees what has both",
    (
        ChangeCode.CLASS_REQUIRED,
        Effect.NARROWS,
    ): "only with {others}: {whole}; with any other level it is refused to everybody",
    (
        ChangeCode.LEAST,
        Effect.WIDENS,
    ): "a label needs {after} of {whole}, not {before}; what has fewer is a label, and is limited by fewer",
    (
        ChangeCode.LEAST,
        Effect.NARROWS,
    ): "a label needs {after} of {whole}, not {before}; what has fewer is refused to everybody",
    (
        ChangeCode.MOST,
        Effect.WIDENS,
    ): "the most that a label may have of {whole}: {after}, not {before}; what has more is a label",
    (
        ChangeCode.MOST,
        Effect.NARROWS,
    ): "the most that a label may have of {whole}: {after}, not {before}; what has "
    "more is refused to everybody",
    (
        ChangeCode.GROUP,
        Effect.WIDENS,
    ): "of {others} on {tag}: {names}; who holds only {one} gains what is for {others}",
    (
        ChangeCode.GROUP,
        Effect.NARROWS,
    ): "no more of {others} on {tag}: {names}; who holds only {one} loses what is for {others}",
    (
        ChangeCode.EQUIVALENT,
        Effect.WIDENS,
    ): "equivalent of {whole} in {others}: {after}; what is translated by it reaches readers there",
    (
        ChangeCode.EQUIVALENT,
        Effect.NARROWS,
    ): "no more equivalent of {whole} in {others}: {before}; what needs it is not translated",
}

_BY_TYPE: Mapping[tuple[ChangeCode, str], str] = {
    (
        ChangeCode.VALUE_ADDED,
        TagType.PERMISSIVE,
    ): "new on {tag}: {names}; who holds {one} gains what will name it",
    (
        ChangeCode.VALUE_ADDED,
        TagType.RESTRICTIVE,
    ): "new on {tag}: {names}; what will have {one} is for its holders only",
    (ChangeCode.VALUE_ADDED, TagType.INFORMATIVE): "new on {tag}, for people: {names}; it decides nothing",
    (
        ChangeCode.LIST_ADDED,
        TagType.PERMISSIVE,
    ): "new: {tag} ({names}); what will have it is for holders of one of its values only",
    (
        ChangeCode.LIST_ADDED,
        TagType.RESTRICTIVE,
    ): "new: {tag} ({names}); what will have it is for holders of all its values only",
    (ChangeCode.LIST_ADDED, TagType.INFORMATIVE): "new, for people: {tag} ({names}); it decides nothing",
}

_MANY_EQUIVALENTS: Mapping[Effect, str] = {
    Effect.WIDENS: "equivalents in {others} for {whole}; what is translated by them reaches readers there",
    Effect.NARROWS: "no more equivalents in {others} for {whole}; what needs them is not translated",
}

_OPERATIONS: Mapping[str, str] = {
    Operation.ONLY_ONE: "exactly one of {others}",
    Operation.ONE_OR_MORE: "one of {others}",
    Operation.ALL: "all of {others}",
}

_PARTS: Mapping[str, str] = {"prefix": "before", "separator": "between", "suffix": "after"}


def say(change: PolicyChange) -> str:
    """Say one change in a sentence: what it is, and who gains or loses by it."""
    prints = _PRINTING.get(change.code)
    if prints is not None:
        return prints(change)
    if change.code is ChangeCode.EQUIVALENT and not change.before and not change.after:
        return _MANY_EQUIVALENTS[change.effect].format(whole=_whole(change), others=_named(change.others))
    template = (
        _BY_EFFECT.get((change.code, change.effect))
        or _BY_TYPE.get((change.code, change.type))
        or _ONE[change.code]
    )
    others = _named(change.others)
    return template.format(
        names=_named(change.names),
        one=change.names[0] if len(change.names) == 1 else "one of these",
        whole=_whole(change),
        tag=change.tag,
        others=others,
        wanted=_OPERATIONS.get(change.operation, "{others}").format(others=others),
        before=change.before or "none",
        after=change.after or "none",
    )


def lines(changes: Iterable[PolicyChange]) -> Iterator[str]:
    """
    Say changes line by line, each flagged with its effect.

    What many values of a list have an equivalent in is said once, without the numbers.
    """
    said: dict[PolicyChange, dict[str, None]] = {}
    for change in changes:
        alike = replace(change, names=())
        if change.code is ChangeCode.EQUIVALENT and change.tag:
            alike = replace(alike, type="", before="", after="")
        said.setdefault(alike, {}).update(dict.fromkeys(change.names))
    for alike, names in said.items():
        yield f"{HEADINGS[alike.effect]}: {say(replace(alike, names=tuple(names)))}"


def _named(names: tuple[str, ...]) -> str:
    said = ", ".join(names[:NAMES_SAID_MAX])
    more = len(names) - NAMES_SAID_MAX
    return said if more <= 0 else f"{said} and {more} more"


def _whole(change: PolicyChange) -> str:
    """What a rule is about: a level, values of a list, a list, or the policy itself."""
    if change.names:
        return _named(change.names) + (f" of {change.tag}" if change.tag else "")
    return change.tag or "the policy"


def _where(change: PolicyChange) -> str:
    places = ", ".join(change.places) or "everywhere"
    return f"{places}, {change.language}" if change.language else places


def _phrase(change: PolicyChange) -> str:
    return f"{_whole(change)} prints as `{change.after}`, before: `{change.before}` ({_where(change)})"


def _qualifier(change: PolicyChange) -> str:
    part = _PARTS[change.operation]
    return (
        f"{change.tag} has `{change.after}` {part} its values, before: `{change.before}` ({_where(change)})"
    )


def _privacy_mark(change: PolicyChange) -> str:
    name = _named(change.names)
    if change.before and change.after:
        return f"the privacy mark {name} is another"
    return f"the privacy mark {name} is {'new' if change.after else 'gone'}"


_PRINTING: Mapping[ChangeCode, Callable[[PolicyChange], str]] = {
    ChangeCode.MARKING: _phrase,
    ChangeCode.QUALIFIER: _qualifier,
    ChangeCode.PRIVACY_MARK: _privacy_mark,
}
