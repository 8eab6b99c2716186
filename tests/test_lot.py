# SPDX-License-Identifier: Apache-2.0
"""
The lot that the house stands on: requirements, build files, scripts.

What is written in one of these files and repeated in another is compared here, and what must not
be written in any file is looked for in all of them.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))
SPDX = "SPDX-License-Identifier: Apache-2.0"
POLICIES = "src/legation/formats/policies"

# The words looked for are put together here, so that this file does not hold them.
REGISTRIES = [
    ".".join(labels)
    for labels in [
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
        ("snapshot", "debian", "org"),
        ("crates", "io"),
        ("golang", "org"),
    ]
]
# Folders where people and machines keep checkouts; a path of an address or of a variable is none.
WORKPLACE = re.compile(r"(?<![\w.$}~/-])/(?:work|root|home|Users)/\w")


def tracked() -> list[Path]:
    """
    Name the files of the repository: those git has, and those it would take.
    """
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    # A file may be deleted and not yet forgotten by git.
    return [ROOT / name for name in sorted(set(names.split("\0"))) if name and (ROOT / name).is_file()]


def text_of(path: Path) -> str:
    """
    Read a file as text; nothing, if it is none.
    """
    content = path.read_bytes()
    return "" if b"\0" in content else content.decode("utf-8", errors="replace")


def pins(path: Path) -> dict[str, Version]:
    """
    Read the versions that a file of requirements pins.
    """
    found: dict[str, Version] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith(" "):
            requirement = Requirement(line.removesuffix("\\"))
            (specifier,) = requirement.specifier
            assert specifier.operator == "==", line
            found[canonicalize_name(requirement.name)] = Version(specifier.version)
    return found


class TestRequirements:
    def test_the_files_are_those_that_make_uses(self) -> None:
        """
        There is one file of requirements for each environment, and none besides.
        """
        assert [path.stem for path in REQUIREMENTS] == [
            "bench",
            "bootstrap",
            "dev",
            "runtime",
            "synapse",
            "taxii",
        ]

    @pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
    def test_each_line_is_a_pin_or_a_hash(self, path: Path) -> None:
        """
        No line can hold an address, an option or a comment, so none names where packages come from.
        """
        pin = re.compile(r"[a-z0-9-]+==[0-9a-z.]+( ; [a-zA-Z_'!=<>0-9. ()]+)? \\")
        digest = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
        for line in path.read_text(encoding="utf-8").splitlines():
            assert pin.fullmatch(line) or digest.fullmatch(line), line

    @pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
    def test_each_requirement_has_a_hash(self, path: Path) -> None:
        """
        After every pin comes a hash at once, and the last line closes the last list.
        """
        lines = path.read_text(encoding="utf-8").splitlines()
        for line, after in zip(lines, [*lines[1:], ""], strict=True):
            assert after.startswith("    --hash=") == line.endswith(" \\"), line

    @pytest.mark.parametrize(
        ("asked", "file"),
        [
            (PROJECT["project"]["dependencies"], "runtime.txt"),
            (PROJECT["dependency-groups"]["dev"], "dev.txt"),
            (PROJECT["dependency-groups"]["bench"], "bench.txt"),
        ],
        ids=["runtime", "dev", "bench"],
    )
    def test_pins_satisfy_the_ranges(self, asked: list[str], file: str) -> None:
        """
        Each dependency of the project is pinned, to a version that the project allows.
        """
        pinned = pins(ROOT / "requirements" / file)
        for requirement in map(Requirement, asked):
            assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), requirement

    def test_uv_carries_the_build_backend(self) -> None:
        """
        The pinned uv is of the series of the build backend, so that it builds without a download.
        """
        (backend,) = map(Requirement, PROJECT["build-system"]["requires"])
        assert backend.name == "uv_build"
        assert backend.specifier.contains(pins(ROOT / "requirements" / "bootstrap.txt")["uv"])

    def test_files_that_are_installed_together_agree(self) -> None:
        """
        No package is pinned to one version here and to another there.
        """
        versions: dict[str, set[Version]] = {}
        for path in REQUIREMENTS:
            for name, version in pins(path).items():
                versions.setdefault(name, set()).add(version)
        assert {name for name, found in versions.items() if len(found) > 1} == set()

    def test_each_dependency_has_its_reason(self) -> None:
        """
        The line before each dependency in pyproject.toml is a comment that says why it is there.
        """
        groups = [PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"].values()]
        lines = [line.strip() for line in (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()]
        for dependency in [dependency for group in groups for dependency in group]:
            before = lines[lines.index(f'"{dependency}",') - 1]
            assert re.fullmatch(r"# \w.+\.", before), dependency

    def test_the_resolution_is_not_kept(self) -> None:
        """
        Git does not take uv.lock, which names the index it was made with.
        """
        command = ["git", "check-ignore", "--quiet", "uv.lock"]
        assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0


class TestFiles:
    def test_no_file_names_a_registry(self) -> None:
        """
        Packages come from whatever index a machine is set up with; no file of ours names one.
        """
        found = [
            (str(path.relative_to(ROOT)), host)
            for path in tracked()
            for host in REGISTRIES
            if host in text_of(path).lower()
        ]
        assert found == []

    def test_no_file_names_a_path_of_a_workplace(self) -> None:
        """
        No file of ours leans on where somebody keeps a checkout.
        """
        found = [
            (str(path.relative_to(ROOT)), match.group())
            for path in tracked()
            for match in WORKPLACE.finditer(text_of(path))
        ]
        assert found == []

    def test_code_says_its_licence(self) -> None:
        """
        One of the first two lines of each Python and shell file is the SPDX line.
        """
        for path in tracked():
            lines = text_of(path).splitlines()
            script = path.suffix in {".py", ".pyi", ".sh"} or (lines and lines[0].startswith("#!"))
            if script:
                assert f"# {SPDX}" in lines[:2], path.relative_to(ROOT)

    def test_scripts_can_be_run(self) -> None:
        """
        Each script without a suffix has its executable bit, and its shell finds no fault in it.
        """
        scripts = [path for path in tracked() if not path.suffix and text_of(path).startswith("#!")]
        assert ROOT / ".ci" / "run" in scripts
        for path in scripts:
            assert os.access(path, os.X_OK), path.relative_to(ROOT)
            shell = shutil.which("bash" if "bash" in text_of(path).splitlines()[0] else "sh")
            assert shell, path.relative_to(ROOT)
            result = subprocess.run([shell, "-n", path], check=False, capture_output=True, text=True)
            assert (result.returncode, result.stderr) == (0, ""), path.relative_to(ROOT)

    def test_lines_end_in_one_way(self) -> None:
        """
        Git keeps text with plain line ends, and the policies exactly as they are.
        """
        command = ["git", "check-attr", "text", "eol", "--", "README.md", f"{POLICIES}/any.xml"]
        result = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        assert result.stdout.splitlines() == [
            "README.md: text: auto",
            "README.md: eol: lf",
            f"{POLICIES}/any.xml: text: unset",
            f"{POLICIES}/any.xml: eol: lf",
        ]

    def test_the_wheel_holds_all_of_the_package(self, tmp_path: Path) -> None:
        """
        Whatever lies in src/legation, the policies too, is in the wheel byte for byte.
        """
        uv = shutil.which("uv", path=str(Path(sys.executable).parent))
        assert uv, "expected uv beside the Python that runs the tests"
        command = [uv, "build", "--quiet", "--offline", "--wheel", "--out-dir", str(tmp_path), str(ROOT)]
        subprocess.run(command, check=True)
        (wheel,) = tmp_path.glob("legation-*.whl")
        ours = [path for path in tracked() if path.is_relative_to(ROOT / "src")]
        assert ours
        with zipfile.ZipFile(wheel) as archive:
            for path in ours:
                assert archive.read(path.relative_to(ROOT / "src").as_posix()) == path.read_bytes()
            assert any(name.endswith("/licenses/LICENSE") for name in archive.namelist())


class TestCommands:
    def test_continuous_integration_is_make_test(self) -> None:
        """
        What is checked before a merge is `make test`, where nothing may be left out.
        """
        lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
        assert [line for line in lines if line and not line.startswith("#")] == [
            "set -euo pipefail",
            'cd "$(dirname "$0")/.."',
            "exec make test STRICT=1",
        ]

    def test_help_names_the_targets(self) -> None:
        """
        `make` alone lists what can be made, and each of these is a target.
        """
        result = subprocess.run(["make", "--silent"], cwd=ROOT, check=True, capture_output=True, text=True)
        listed = {line.split()[1] for line in result.stdout.splitlines() if line.startswith("make ")}
        assert listed >= {"test", "demo", "fix", "lint", "types", "bench", "lock", "fresh", "clean", "help"}
        assert listed <= self.targets()

    def test_documents_name_targets_that_exist(self) -> None:
        """
        Where a document tells to type `make …`, there is such a target.
        """
        for path in tracked():
            if path.suffix == ".md":
                told = set(re.findall(r"(?:^|`)make ([a-z]+)\b", text_of(path), flags=re.MULTILINE))
                assert told <= self.targets(), path.relative_to(ROOT)

    @staticmethod
    def targets() -> set[str]:
        """
        Read the names of the targets from the Makefile.
        """
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        return set(re.findall(r"^([a-z]+):(?!=)", makefile, flags=re.MULTILINE))
