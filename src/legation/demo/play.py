# SPDX-License-Identifier: Apache-2.0
"""
The main job, played on files: write once, preview, sign, cut, open, verify, and try to cheat.
"""

import argparse
import base64
import re
import shutil
import sys
import tempfile
import time
from importlib.resources import as_file, files
from pathlib import Path

from legation.demo.terminal import DeviationError, Terminal, check

AUTHOR = "KOR@NATO"
ADDRESSEES = ("KOR", "JPN@NATO", "NATO", "AUS@NATO")

# What the tale's own report must give each addressee: the portions shown, and the banner.
EXPECTED = {
    "KOR": (("title", "form", "par. 1", "par. 2", "par. 3", "par. 4"), "SECRET REL KOR"),
    "JPN@NATO": (("title", "form", "par. 1", "par. 2", "par. 3"), "SECRET REL KOR, JPN"),
    "NATO": (("title", "form", "par. 1", "par. 2"), "CONFIDENTIAL REL KOR, JPN, NATO"),
    "AUS@NATO": (("title", "form", "par. 1"), "LIMITED REL KOR, JPN, AUS, NATO"),
}


def main(arguments: list[str] | None = None) -> int:
    """Play the demonstration; 0 if all came out as told, 1 if anything deviated."""
    parser = argparse.ArgumentParser(prog="legation demo", description=__doc__)
    parser.add_argument("--report", type=Path, help="a report of your own, in portion-marked Markdown")
    parser.add_argument("--dir", type=Path, help="where the files go; default: a folder that is removed")
    options = parser.parse_args(arguments)
    if options.report is not None and not options.report.is_file():
        parser.error("--report is no file")
    if options.dir is not None and options.dir.exists() and not _is_empty(options.dir):
        parser.error("--dir is for a new or an empty folder: the demonstration writes keys into it")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="legation-") as scratch:
        folder = options.dir or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        terminal = Terminal(folder, is_plain=not sys.stdout.isatty())
        try:
            _play(terminal, folder, options.report)
        except DeviationError as deviation:
            print(f"\nDEVIATION: {deviation}", file=sys.stderr)  # noqa: T201 - to whoever plays it
            return 1
        seconds = time.monotonic() - started
        terminal.heading(f"All came out as told: {terminal.commands} commands, {seconds:.1f} seconds.")
    return 0


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def _play(terminal: Terminal, folder: Path, report: Path | None) -> None:
    _lay_out(folder, report)
    _make_keys(terminal)
    if report is None:
        _forget_a_mark(terminal, folder)
    previewed = _preview(terminal, is_ours=report is None)
    _sign(terminal)
    copies = [name for name in ADDRESSEES if not previewed[name]["empty"]]
    sizes = {name: _hand_over(terminal, folder, previewed[name]) for name in copies}
    _look_for_traces(terminal, folder, copies)
    if copies:
        _cheat(terminal, folder, copies)
    terminal.heading("Figures")
    whole = (folder / "report.item").stat().st_size
    told = ", ".join(f"{name} {size}" for name, size in sizes.items())
    terminal.say(f"The item has {whole} bytes under one signature. The copies, in bytes: {told}.")


def _lay_out(folder: Path, report: Path | None) -> None:
    """Copy the report and the clearances to where a user would have them."""
    with as_file(files("legation.demo")) as source:
        shutil.copyfile(report or source / "report.md", folder / "report.md")
        for name in (*ADDRESSEES, "own"):
            shutil.copyfile(source / "clearances" / f"{name}.xml", folder / f"{name}.xml")


def _make_keys(terminal: Terminal) -> None:
    terminal.heading(f"1. {AUTHOR} has keys, and a card that everybody else holds")
    terminal.run("keygen", AUTHOR, "-o", f"{AUTHOR}.keys")
    terminal.show(terminal.run("card", f"{AUTHOR}.keys", "-o", f"{AUTHOR}.card"))


def _forget_a_mark(terminal: Terminal, folder: Path) -> None:
    terminal.heading("2. A drafter forgets to mark the last paragraph")
    text = (folder / "report.md").read_text()
    start = text.rindex("(S//REL KOR)")
    (folder / "unmarked.md").write_text(text[:start] + text[start + len("(S//REL KOR)") :].lstrip())
    said = terminal.run("compose", "unmarked.md", "--key", f"{AUTHOR}.keys", "-o", "unmarked.item", expect=2)
    line = text[:start].count("\n") + 1
    check(f"line {line}: no portion mark" in said, "the unmarked line is named")
    check(not (folder / "unmarked.item").exists(), "a refused report leaves no item")
    terminal.show(said)


def _preview(terminal: Terminal, *, is_ours: bool) -> "dict[str, dict[str, object]]":
    terminal.heading("3. Before anything leaves: who would get what, and why not")
    wanted = [f"--for={name}={name}.xml" for name in ADDRESSEES]
    arguments = ("preview", "report.md", *wanted, "--key", f"{AUTHOR}.keys")
    terminal.show(terminal.run(*arguments))
    found = {copy["addressee"]: copy for copy in terminal.json(*arguments)["copies"]}
    for name, (portions, banner) in EXPECTED.items() if is_ours else ():
        shown = tuple(each["portion"] for each in found[name]["portions"] if each["showing"] == "shown")
        check(shown == portions, f"{name} is shown {portions}, not {shown}")
        check(found[name]["banner"] == banner, f"the banner of {name} is {banner}")
    return found


def _sign(terminal: Terminal) -> None:
    terminal.heading("4. One signature")
    terminal.show(terminal.run("compose", "report.md", "--key", f"{AUTHOR}.keys", "-o", "report.item"))


def _hand_over(terminal: Terminal, folder: Path, previewed: "dict[str, object]") -> int:
    """Cut one addressee's copy, verify it as they would, and show it."""
    name = str(previewed["addressee"])
    terminal.heading(f"5. {name} receives its copy, and holds it against the card of {AUTHOR}")
    terminal.run("cut", "report.item", "--clearance", f"{name}.xml", "-o", f"{name}.view")
    terminal.show(terminal.run("show", f"{name}.view", "--card", f"{AUTHOR}.card"))
    opened = terminal.json("show", f"{name}.view", "--card", f"{AUTHOR}.card")
    outcomes = previewed["portions"]
    assert isinstance(outcomes, list), "a preview lists portions"
    promised = [each["mark"] for each in outcomes if each["showing"] == "shown"]
    check([each["mark"] for each in opened["portions"]] == promised, f"{name} sees what was previewed")
    check(opened["banner"] == previewed["banner"], f"{name} has the banner that was previewed")
    check(opened["verified"] is True, f"the copy of {name} verifies")
    return (folder / f"{name}.view").stat().st_size


def _look_for_traces(terminal: Terminal, folder: Path, copies: list[str]) -> None:
    """Search each copy for the texts and marks of what it withholds."""
    terminal.heading("6. What a copy withholds is not in it")
    whole = terminal.json("show", "report.item", "--card", f"{AUTHOR}.card")
    searched = 0
    for name in copies:
        data = (folder / f"{name}.view").read_bytes()
        opened = terminal.json("show", f"{name}.view")["portions"]
        seen = {str(each["portion"]) for each in opened}
        hidden = [each for each in whole["portions"] if str(each["portion"]) not in seen]
        told = [str(each["portion"].get("text", "")) for each in opened]
        for trace in _traces([str(each["portion"].get("text", "")) for each in hidden], told):
            searched += 1
            check(trace not in data, f"the copy of {name} holds nothing of what it withholds")
    terminal.say(f"{searched} traces of withheld text searched for in {len(copies)} copies: none found.")


def _traces(texts: list[str], told: list[str]) -> set[bytes]:
    """Pieces of 24 characters of each text, plain and in base64; a tearline may repeat some of them."""
    pieces = {text[start : start + 24] for text in texts for start in range(0, max(1, len(text) - 24), 8)}
    hidden = (piece for piece in pieces if not any(piece in text for text in told))
    plain = {piece.encode() for piece in hidden if len(piece) == 24}
    return plain | {base64.b64encode(piece)[:-4] for piece in plain}


def _cheat(terminal: Terminal, folder: Path, copies: list[str]) -> None:
    terminal.heading("7. Somebody on the way alters one character")
    name = copies[-1]
    data = (folder / f"{name}.view").read_bytes()
    # A letter of a text; where the text has none of these, one of a salt.
    words = re.search(rb'"text":"[^"]*?([a-z])', data) or re.search(rb'"salt":"(.)', data)
    assert words is not None, "a copy holds a salt"
    altered = bytearray(data)
    altered[words.start(1)] ^= 1
    (folder / "altered.view").write_bytes(altered)
    terminal.show(terminal.run("verify", "altered.view", "--card", f"{AUTHOR}.card", expect=3))
    if "AUS@NATO" in copies:
        terminal.heading("8. AUS@NATO wants more than it was given")
        said = terminal.run("cut", f"{name}.view", "--clearance", "own.xml", "-o", "more.view")
        same = (folder / "more.view").read_bytes() == data
        check(same, "a copy cut with a higher clearance is the same copy: there is no more in it")
        terminal.say(f"Cut again, with the author's own clearance: {said.strip()}; the same bytes, no more.")
