# SPDX-License-Identifier: Apache-2.0

import fcntl
import http.client
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from legation.demo import hands, play, tale
from legation.demo.processes import Ended
from legation.demo.tale import EXPECTED, WHO
from legation.demo.terminal import WIDTH
from tests.demo.inside import Arguments, Inside, Lie, instead, saying
from tests.stories.cast import FIRST_DRAFT

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120.0  # for a whole tale, on a machine that does much else
SAYING_SO = re.compile(r"\nAll came out as told: (\d+) commands, [\d.]+ seconds\.\n$")
HEAD = "kind: report\npolicy: EXERCISE\naction: KOR\ninfo: JPN@NATO, NATO, AUS@NATO\n"

KOREAN = f"""{HEAD}
(L//REL KOR, JPN) 한국 대표단은 마드리드 정상회의에 처음으로 참석한다. 일정은 아직 정해지지 않았다.

(S//REL KOR) 대통령의 숙소와 이동 경로는 오직 본국에만 알린다. 다른 곳에는 알리지 않는다.
"""
NOBODY = f"{HEAD}\n(S) Nobody outside the mission reads this line of text.\n"
SHARING = f"""{HEAD}title: (O) Seating

(S//REL KOR, JPN) The seating was changed on Tuesday night. A partner whose leader was absent asked for it.

(C//REL KOR, JPN, NATO) {{tearline}} The seating was changed on Tuesday night.
"""
ONE = """kind: report
policy: EXERCISE
action: NATO

(C//REL KOR, NATO) The seating was changed on Tuesday night,
and nobody was told of it before the morning.
"""


def left_in(folder: Path) -> list[str]:
    """
    Every process that works somewhere in a folder.
    """
    found = []
    for each in Path("/proc").iterdir():
        try:
            if each.name.isdigit() and (each / "cwd").readlink().is_relative_to(folder.resolve()):
                found.append((each / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue  # it is gone, or somebody else's
    return found


def environment(folder: Path) -> dict[str, str]:
    """
    What a user has set: scratch files go into *folder*, and a folder of a node is named that matters not.
    """
    return os.environ | {"TMPDIR": str(folder), "LEGATION_DIR": str(folder / "nowhere")}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """
    An empty folder, in which no process works at the end.
    """
    yield tmp_path
    assert left_in(tmp_path) == []


def once(factory: pytest.TempPathFactory, name: str, act: Callable[[Path], None]) -> Path:
    """
    A folder in which something was done once, however many processes share the tests.
    """
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # each worker has a folder of its own below it
    folder = shared / name
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            folder.mkdir()
            act(folder)
    return folder


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    The program as users have it: the wheel, built and installed outside the clone, without a network.
    """
    folder = once(tmp_path_factory, "installed", install)
    return folder / "venv" / "bin" / "legation"


def install(folder: Path) -> None:
    """
    Build the wheel and install it, with nothing of the clone.
    """
    uv = shutil.which("uv", path=str(Path(sys.executable).parent))
    assert uv, "expected uv beside the Python that runs the tests"

    def run(*arguments: object) -> None:
        subprocess.run([uv, *map(str, arguments), "--offline", "--quiet"], check=True, cwd=folder)

    run("build", "--wheel", "--out-dir", folder, ROOT)
    (wheel,) = folder.glob("legation-*.whl")
    run("venv", "--python", sys.executable, folder / "venv")
    python = folder / "venv" / "bin" / "python"
    run("pip", "install", "--no-deps", "--compile-bytecode", "--python", python, wheel)
    # What it stands on is taken from where the tests have it.
    (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")


@dataclass(frozen=True)
class Played:
    """
    What came of the demonstration.
    """

    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def played(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """
    The demonstration, played once as a user does who has no clone, into a pipe.
    """

    def act(folder: Path) -> None:
        work = folder / "work"
        work.mkdir()
        done = subprocess.run(
            [installed, "demo"],
            cwd=work,
            env=environment(work),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
        assert list(work.iterdir()) == []
        assert left_in(work) == []
        (folder / "told.json").write_text(json.dumps([done.returncode, done.stdout, done.stderr]))

    return Played(*json.loads((once(tmp_path_factory, "played", act) / "told.json").read_text()))


class TestTheTale:
    def test_the_installed_program_is_not_the_clone(self, installed: Path) -> None:
        """
        The wheel plays, with the policies, tables, pages and the report that lie in it.
        """
        asked = [str(installed.with_name("python")), "-c", "import legation; print(legation.__file__)"]
        said = subprocess.run(asked, check=True, capture_output=True, text=True, cwd=installed.parent)
        assert Path(said.stdout.strip()).is_relative_to(installed.parents[1])

    def test_all_comes_out_as_told(self, played: Played) -> None:
        """
        The demonstration ends well, says so, and tells nothing of errors.
        """
        assert (played.code, played.err) == (0, "")
        ended = SAYING_SO.search(played.out)
        assert ended is not None
        assert int(ended[1]) > 50

    def test_every_step_is_told_once_and_in_order(self, played: Played) -> None:
        """
        The headings go up from 1 by one.
        """
        steps = [int(step) for step in re.findall(r"^(\d+)\. ", played.out, re.MULTILINE)]
        assert steps == [*range(1, 15)]

    def test_the_readme_shows_its_table(self, played: Played) -> None:
        """
        Who received what, and why, is told as the README shows it, wherever a line is folded.
        """
        shown = (ROOT / "README.md").read_text().split("```text\n")[2].split("```")[0]
        told = " ".join(played.out.split())
        assert [line for line in shown.splitlines() if " ".join(line.split()) not in told] == []

    def test_every_banner_is_shown(self, played: Played) -> None:
        """
        Whoever looks on sees under which marking each addressee has its copy.
        """
        assert [banner for _, banner in EXPECTED.values() if banner not in played.out] == []

    def test_it_fits_a_terminal(self, played: Played) -> None:
        """
        No line is wider than the page, and all of it is read in a few minutes.
        """
        lines = played.out.splitlines()
        assert [line for line in lines if len(line) > WIDTH] == []
        assert len(lines) < 250

    def test_nothing_is_printed_in_bold_into_a_pipe(self, played: Played) -> None:
        """
        A log holds no escape sequences.
        """
        assert "\x1b" not in played.out

    def test_no_page_is_served_without_a_terminal(self, played: Played) -> None:
        """
        Into a pipe it ends when all is told.
        """
        assert "http://" not in played.out

    def test_who_got_what_is_told(self, played: Played) -> None:
        """
        One table says of each addressee what it received, and why not more.
        """
        table = played.out.split("\n9. Who received what, and why\n")[1].split("\n10. ")[0]
        assert re.search(r"^ +KOR +receipted +par\. 1, 2, 3, 4 +-$", table, re.MULTILINE)
        assert "par. 3, 3 tearline, 4: granted, not on the list" in table
        assert "AUS@NATO: waits for a bag, or until they ask." in table


class Terminal:
    """
    A terminal with the demonstration in it.
    """

    def __init__(self, folder: Path, *arguments: str) -> None:
        spawn = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
        self._process = subprocess.Popen(
            [sys.executable, "-c", spawn, sys.executable, "-m", "legation", "demo", *arguments],
            cwd=folder,
            env=environment(folder) | {"TERM": "xterm"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.said = ""

    def until(self, expected: str) -> None:
        """
        Read until something is said.
        """
        assert self._process.stdout is not None
        until = time.monotonic() + PATIENCE_S
        while expected not in self.said:
            assert select.select([self._process.stdout], [], [], until - time.monotonic())[0], self.said
            more = os.read(self._process.stdout.fileno(), 1 << 16)
            assert more, self.said
            self.said += more.decode()

    def press(self, key: bytes) -> None:
        """
        Press a key.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(key)
        self._process.stdin.flush()

    def ends(self) -> int:
        """
        Wait until it has ended; its exit code.
        """
        with self._process:
            return self._process.wait(PATIENCE_S)


def fetch(address: str) -> tuple[int, str]:
    """
    Fetch a page.
    """
    found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)(/.*)", address)
    assert found is not None
    connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=PATIENCE_S)
    connection.request("GET", found[2])
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


def test_a_terminal_is_shown_the_pages_until_ctrl_c(folder: Path) -> None:
    """
    In a terminal the tale ends with the pages of the nodes, which go at Ctrl-C; the folder stays.
    """
    terminal = Terminal(folder, "--dir", "play")
    terminal.until("can be typed in")
    assert "\x1b[1m1. Five offices make their nodes" in terminal.said
    pages = dict(re.findall(r"^ +(\S+) +(http://127\.0\.0\.1:\d+/\S+/)\r?$", terminal.said, re.MULTILINE))
    assert list(pages) == ["KOR@NATO", "KOR", "JPN@NATO", "NATO"]
    words = {address.split("/")[3] for address in pages.values()}
    assert len(words) == 4
    assert min(map(len, words)) >= 32

    status, inbox = fetch(pages["JPN@NATO"])
    assert status == 200
    (item,) = re.findall(r'href="(items/[0-9a-f]{64})"', inbox)
    assert "Comment: " in fetch(pages["JPN@NATO"] + item)[1]
    assert "For the capital: " not in fetch(pages["JPN@NATO"] + item)[1]
    assert "Comment: " not in fetch(pages["NATO"] + item)[1]
    assert "certificate held" in fetch(pages["KOR@NATO"] + "sent")[1]
    wrong = pages["NATO"][:-2] + ("x/" if pages["NATO"][-2] != "x" else "y/")
    assert fetch(wrong) == fetch(pages["NATO"] + "items/" + "0" * 64)
    assert fetch(wrong)[0] == 404

    terminal.press(b"\x03")
    terminal.until("Stopped; nothing is left at work.")
    assert terminal.ends() == 0
    assert left_in(folder) == []
    names = {path.name for path in (folder / "play").iterdir()}
    assert {*WHO, "report.md", "AUS@NATO.xml"} <= names


def real(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """
    Start the demonstration as a user does, into a pipe.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "legation", "demo", *arguments],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("number", "heading"),
    [(signal.SIGTERM, "1. "), (signal.SIGHUP, "2. "), (signal.SIGINT, "4. ")],
    ids=lambda value: value.name if isinstance(value, signal.Signals) else value.strip(". "),
)
def test_a_signal_ends_everything(folder: Path, number: signal.Signals, heading: str) -> None:
    """
    Whenever it is told to end, it does so soon, says that not all was told, and leaves nothing behind.
    """
    with real(folder) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if line.startswith(heading):
                break
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == 128 + number
        assert process.stderr.read() == "\nstopped before all was told\n"
        assert not SAYING_SO.search(process.stdout.read())
    assert list(folder.iterdir()) == []


def test_a_deviation_in_the_middle_ends_everything(folder: Path) -> None:
    """
    When something deviates while nodes are at work, they are ended too.
    """
    (folder / "mine.md").write_text(FIRST_DRAFT.replace("(S//REL KOR) We", "We"))
    with real(folder, "--report", "mine.md") as process:
        said, told = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "3. The nodes go to work" in said
    assert told.startswith("\nDEVIATION: legation compose report.md --by drafter --dir KOR@NATO: exit 2")
    assert "line 16: no portion mark" in told
    assert [path.name for path in folder.iterdir()] == ["mine.md"]


def test_an_output_that_takes_nothing_ends_everything(folder: Path) -> None:
    """
    Whoever reads only the beginning leaves no node at work.
    """
    with real(folder) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(PATIENCE_S) != 0
    assert list(folder.iterdir()) == []


# From here on commands and nodes run in this process.


@pytest.fixture
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    An empty folder to work in; scratch files lie inside.
    """
    monkeypatch.setattr(play, "Processes", Inside)
    monkeypatch.setattr(Inside, "lie", None)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.chdir(folder)
    return folder


class TestFolder:
    @pytest.mark.parametrize("folder_named", [".", "file"])
    def test_refuses_a_folder_with_something_in_it(
        self, here: Path, folder_named: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        Keys that lie in a folder are not in danger from the demonstration.
        """
        for name in ("office.keys", "report.md", "file"):
            (here / name).write_text("mine")
        with pytest.raises(SystemExit) as left:
            play.main(["--dir", folder_named])
        assert left.value.code == 2
        assert "a new or an empty folder" in capsys.readouterr().err
        assert {path.name: path.read_text() for path in here.iterdir()} == dict.fromkeys(
            ("office.keys", "report.md", "file"), "mine"
        )

    @pytest.mark.parametrize("report", ["nowhere.md", "."])
    def test_refuses_a_report_that_is_none(
        self, here: Path, report: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        A wrong path is bad usage, and nothing is played.
        """
        with pytest.raises(SystemExit) as left:
            play.main(["--report", report])
        assert left.value.code == 2
        assert capsys.readouterr().out == ""
        assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    "report",
    [FIRST_DRAFT, KOREAN, NOBODY, SHARING, ONE],
    ids=["story", "Korean", "for nobody", "shared words", "to one"],
)
def test_a_report_of_ones_own_comes_out_as_previewed(
    here: Path, report: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    Any report plays: in another script, for nobody, to one, and with a tearline that repeats its paragraph.
    """
    (here / "mine.md").write_text(report, encoding="utf-8")
    assert play.main(["--report", "mine.md"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert SAYING_SO.search(said.out)
    steps = [int(step) for step in re.findall(r"^(\d+)\. ", said.out, re.MULTILINE)]
    assert steps == [*range(1, len(steps) + 1)]
    assert {path.name: path.read_text("utf-8") for path in here.iterdir()} == {"mine.md": report}


Fault = Callable[[pytest.MonkeyPatch], None]


def by(lie: Lie) -> Fault:
    """
    A fault of a command.
    """
    return lambda monkeypatch: monkeypatch.setattr(Inside, "lie", staticmethod(lie))


def expecting(name: str, portions: tuple[str, ...], banner: str) -> Fault:
    """
    The tale is told otherwise than the program plays it.
    """
    return lambda monkeypatch: monkeypatch.setitem(EXPECTED, name, (portions, banner))


def leaking(text: bytes, name: str) -> Fault:
    """
    Something is left in a folder, where no command looks.
    """

    def lie(inside: Inside, arguments: Arguments, honest: Callable[[Arguments], Ended]) -> Ended:
        if arguments[0] == "deliveries":
            (inside.folder / name).write_bytes(b"\0" + text + b"\0")
        return honest(arguments)

    return by(lie)


def dying(office: str) -> Fault:
    """
    A node ends by itself.
    """

    def lie(inside: Inside, arguments: Arguments, honest: Callable[[Arguments], Ended]) -> Ended:
        if arguments[0] == "verify":
            inside.nodes[office].end()
        return honest(arguments)

    return by(lie)


def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The search for traces finds nothing anywhere.
    """
    monkeypatch.setattr(tale, "search", lambda *_: (0, set()))


def a_state(addressee: str, state: str) -> Fault:
    """
    A delivery has another state.
    """

    def change(document: Any) -> None:
        for each in document["deliveries"]:
            if each["addressee"] == addressee:
                each["state"] = state

    return by(saying("deliveries", change))


def a_copy(office: str, **values: object) -> Fault:
    """
    What an office is shown has other values.
    """
    return by(saying("show", lambda document: document.update(values), at=office))


def a_portion(office: str, **values: object) -> Fault:
    """
    The first portion that an office is shown has other values.
    """
    return by(saying("show", lambda document: document["portions"][0].update(values), at=office))


def a_peer(change: Callable[[Any], object]) -> Fault:
    """
    Something else is told of the first peer.
    """
    return by(saying("peer", lambda document: "peers" in document and change(document["peers"][0])))


def a_check(office: str, **values: object) -> Fault:
    """
    The check of a node finds something else.
    """
    return by(saying("fsck", lambda document: document.update(values), at=office))


def a_bag(code: int, err: str) -> Fault:
    """
    The office without a line opens one bag, and this comes of it.
    """

    def lie(_: Inside, arguments: Arguments, honest: Callable[[Arguments], Ended]) -> Ended:
        is_one = arguments[:2] == ["bag", "open"] and arguments[3] == "--by" and arguments[-1] == "AUS@NATO"
        return Ended(code=code, out="", err=err) if is_one else honest(arguments)

    return by(lie)


def an_inbox(at: str, change: Callable[[Any, str], None]) -> Fault:
    """
    An inbox lists something else; *change* is told the item that was released last.
    """
    last = ""

    def lie(_: Inside, arguments: Arguments, honest: Callable[[Arguments], Ended]) -> Ended:
        nonlocal last
        ended = honest(arguments)
        if arguments[0] == "release" and ended.code == 0 and "--json" in arguments:
            last = json.loads(ended.out)["item"]
        if arguments[0] == "inbox" and "--json" in arguments and arguments[-1] == at:
            document = json.loads(ended.out)
            change(document["entries"], last)
            return Ended(code=0, out=json.dumps(document), err="")
        return ended

    return by(lie)


def only_previewed(_: Inside, arguments: Arguments, honest: Callable[[Arguments], Ended]) -> Ended:
    """
    What is to be destroyed is looked at, and that is all.
    """
    if arguments[0] == "destroy" and "--witness" in arguments:
        return honest([*arguments[:2], *arguments[-2:]])
    return honest(arguments)


def without_certificate(found: Any) -> None:
    """
    Of what was withdrawn nobody certifies anything.
    """
    for each in found["deliveries"]:
        if each["state"] == "withdrawn":
            each["why"] = "withdrawn"


def without_receipt(found: Any) -> None:
    """
    Nothing came back from the office without a line.
    """
    for each in found["deliveries"]:
        if each["addressee"] == "AUS@NATO" and each["state"] == "receipted":
            each["state"] = "numbered"


CONFIRMS = ("peer", "confirm", "KOR@NATO", "--by")
WITHHELD = b"the leaders of Australia, Japan and New Zealand are expected too"
FAULTS: dict[str, tuple[Fault, str]] = {
    "the words of a card are others": (
        a_peer(lambda peer: peer["fingerprint"].reverse()),
        "the card of AUS@NATO has the words that AUS@NATO says",
    ),
    "a card is trusted by one": (
        a_peer(lambda peer: peer.update(confirmed_by="")),
        "the card of AUS@NATO is confirmed",
    ),
    "a grant is made by one": (
        a_peer(lambda peer: peer["grants"][0].update(in_force=False)),
        "one grant of AUS@NATO is in force",
    ),
    "one person alone can trust a card": (
        by(instead((*CONFIRMS, "security officer"), (*CONFIRMS, "administrator"))),
        "legation peer confirm KOR@NATO --by security officer --dir AUS@NATO: exit 0, expected 1",
    ),
    "an unmarked report is kept": (
        by(instead(("compose", "unmarked.md"), ("compose", "report.md"))),
        "legation compose unmarked.md --by drafter --dir KOR@NATO: exit 0, expected 2",
    ),
    "more is expected to be shown": (
        expecting("AUS@NATO", ("title", "form", "par. 1", "par. 2"), "LIMITED REL KOR, JPN, AUS, NATO"),
        "AUS@NATO is shown ('title', 'form', 'par. 1', 'par. 2'), not ('title', 'form', 'par. 1')",
    ),
    "another banner is expected": (
        expecting("KOR", EXPECTED["KOR"][0], "TOP SECRET"),
        "the banner of KOR is TOP SECRET",
    ),
    "what was not previewed is released": (by(instead(("release",), seen="")), "legation release "),
    "a receipt does not come": (a_state("NATO", "numbered"), "receipts come from KOR and NATO"),
    "a delivery without a connection is receipted": (
        a_state("AUS@NATO", "receipted"),
        "the delivery to AUS@NATO is waiting, not receipted",
    ),
    "a copy has another banner": (
        a_copy("JPN@NATO", banner="OPEN"),
        "JPN@NATO has the banner that was previewed",
    ),
    "a copy is another office's": (a_copy("KOR", author="KOR"), "KOR sees who signed it"),
    "a copy is not verified": (
        a_copy("NATO", verified=False),
        "the copy of NATO is verified as it is opened",
    ),
    "a copy shows another mark": (a_portion("NATO", mark="(L)"), "NATO sees what was previewed"),
    "a copy says something else": (
        a_portion("KOR", portion={"type": "title", "text": "x"}),
        "KOR reads what was written, word for word",
    ),
    "a second serve is let in": (
        by(instead(("serve",), ("inbox",))),
        "legation serve --dir KOR@NATO: exit 0, expected 5",
    ),
    "a node dies": (dying("NATO"), "legation serve --dir NATO ended by itself"),
    "an altered copy verifies": (
        by(instead(("verify",), dir="NATO")),
        "an altered copy does not verify",
    ),
    "an alteration is passed over": (
        by(instead(("fsck",), dir="NATO")),
        "fsck finds what was altered",
    ),
    "a bag that is too early is opened": (a_bag(0, ""), "legation bag open "),
    "a missing bag is not named": (a_bag(3, "something is missing"), "the bag that is missing is named"),
    "of a bag that is too early something is kept": (
        an_inbox("AUS@NATO", lambda entries, last: entries.append({"item": last}) if not entries else None),
        "of a bag too early nothing is taken in",
    ),
    "a bag brings another banner": (
        a_copy("AUS@NATO", banner="OPEN"),
        "the bag brings AUS@NATO the banner that was previewed",
    ),
    "a bag brings another mark": (a_portion("AUS@NATO", mark="(C)"), "AUS@NATO has what was previewed"),
    "a receipt does not come back by bag": (
        by(saying("deliveries", without_receipt)),
        "the receipt of AUS@NATO came back by bag",
    ),
    "a withdrawn item comes": (
        an_inbox("JPN@NATO", lambda entries, last: entries.append({"item": last})),
        "JPN@NATO never gets the annex",
    ),
    "a withdrawn item is listed": (
        an_inbox(
            "AUS@NATO",
            lambda entries, last: entries.append({"item": last}) if len(entries) == 1 else None,
        ),
        "what is withdrawn is in no list",
    ),
    "what is destroyed is only said to be": (
        by(only_previewed),
        "the folder of AUS@NATO holds nothing of the annex any more",
    ),
    "a certificate does not come": (
        by(saying("deliveries", without_certificate)),
        "the certificate of AUS@NATO is held",
    ),
    "a withheld text is in a folder": (
        leaking(WITHHELD.hex().encode(), "NATO/cache"),
        "the folder of NATO holds nothing of what it may not see",
    ),
    "a withheld text is in a log": (
        leaking(WITHHELD[::-1], "JPN@NATO.log"),
        "the folder of JPN@NATO holds nothing of what it may not see",
    ),
    "the search is blind": (blind, "the folder of KOR@NATO holds every text"),
    "a check finds a fault": (
        a_check("JPN@NATO", faults=[{"where": "inbox", "what": "a row is missing"}]),
        "everything holds at JPN@NATO",
    ),
}


@pytest.mark.parametrize(("fault", "told"), FAULTS.values(), ids=FAULTS.keys())
def test_a_deviation_ends_the_tale(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fault: Fault, told: str
) -> None:
    """
    Whatever comes out otherwise than told is named, and the demonstration fails.
    """
    monkeypatch.setattr(hands, "WAIT_S", 3.0)
    fault(monkeypatch)
    assert play.main([]) == 1
    said = capsys.readouterr()
    assert said.err.startswith(f"\nDEVIATION: {told}")
    assert not SAYING_SO.search(said.out)
    assert list(here.iterdir()) == []
