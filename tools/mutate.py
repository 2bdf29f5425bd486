"""Break the code on purpose and see the law tests notice: a test that cannot fail is worse than none.

tests/laws/mutations.toml lists the breakages, each with the test that must fail:

    [[mutation]]
    file = "numerics/flow.py"            # below src/gemel
    old = "0.5 * (k1 + k2)"              # occurs once
    new = "0.4 * (k1 + k2)"
    test = "tests/laws/test_flow.py::test_two_half_steps_equal_one_step"
    why = "wrong weights of the step"

Every mutation is applied to its own copy of src/, put first on the path; the tree itself is never edited.  The test
must pass on an untouched copy and fail (pytest's exit code 1, not an error of collection) on the mutated one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIST = "tests/laws/mutations.toml"
SECONDS = 300


@dataclass(frozen=True)
class Mutation:
    """One breakage, and the test that must notice it."""

    file: str
    old: str
    new: str
    test: str
    why: str


def mutations(path: Path) -> list[Mutation]:
    """Read the list."""
    return [Mutation(**entry) for entry in tomllib.loads(path.read_text()).get("mutation", [])]


def apply(mutation: Mutation, source: Path, package: str = "gemel") -> None:
    """Edit the copy in `source`; ValueError when the text to replace does not occur exactly once."""
    path = source / package / mutation.file
    text = path.read_text()
    if (count := text.count(mutation.old)) != 1:
        raise ValueError(
            f"{mutation.file}: {mutation.old!r} occurs {count} times, must be once: bring the list up to date"
        )
    path.write_text(text.replace(mutation.old, mutation.new))


def outcome(tests: Sequence[str], mutation: Mutation | None, root: Path, package: str = "gemel") -> tuple[int, str]:
    """pytest's exit code and output for the tests on a copy of src/, mutated unless `mutation` is None."""
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch).resolve() / "src"
        shutil.copytree(root / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
        if mutation is not None:
            apply(mutation, source, package)
        env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))}
        env |= {"PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1", "GEMEL_MUTANT": str(source)}
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--no-header", *tests]
        try:
            done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return 1, f"still running after {SECONDS} s"
        return done.returncode, done.stdout + done.stderr


def sound(listed: Sequence[Mutation], root: Path = ROOT, package: str = "gemel") -> str | None:
    """None when every named test passes on the code as it is, else pytest's output."""
    code, output = outcome(sorted({m.test for m in listed}), None, root, package)
    return None if code == 0 else f"tests do not pass on an untouched copy\n{output}"


def survives(mutation: Mutation, root: Path = ROOT, package: str = "gemel") -> str | None:
    """Why the mutation shows nothing, or None when its test fails on the broken code."""
    where = f"{mutation.file} ({mutation.why})"
    try:
        code, output = outcome([mutation.test], mutation, root, package)
    except ValueError as error:
        return f"{where}: {error}"
    if code == 0:
        return f"{where}: survived, {mutation.test} passes on the broken code"
    return None if code == 1 else f"{where}: {mutation.test} did not run (exit code {code})\n{output}"


def problems(root: Path = ROOT) -> list[str]:
    """Every mutation that shows nothing."""
    listed = mutations(root / LIST)
    if unsound := sound(listed, root):
        return [unsound]
    return [found for m in listed if (found := survives(m, root))]


if __name__ == "__main__":
    sys.exit("\n".join(problems()) or 0)
