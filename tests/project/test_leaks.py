"""The leak check finds secrets, machine paths and registry addresses, and not what only looks like one.

What it must find is put together here, so that this file passes the check.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools.leaks import faults, problems

RANDOM = "Zx8Qv2Lk9Rt4Wm7Bn1" + "Yc6Hj3Gf5Dp0SaEuTiOq"


@pytest.mark.parametrize(
    "line",
    [
        "see /ro" + "ot/notes.txt",
        "open('/tm" + "p/x.csv')",
        "cd /ho" + "me/ada/gemel",
        "index = https://py" + "pi.org/simple",
        '"resolved": "https://registry.npm' + 'js.org/react"',
        "-----BEGIN EC PRIVATE" + " KEY-----",
        "key = AK" + "IA" + "Q7XNGH4J2LMP5RST",
        "gh" + "p_" + "a1B2" * 9,
        "postgres://gemel:hunt" + "er22@db/gemel",
        "api_" + 'key = "k3y-98hf-2lq0-zz81"',
        f"x = '{RANDOM}'",
    ],
)
def test_leak_is_found(line: str) -> None:
    assert list(faults(line))


@pytest.mark.parametrize(
    "line",
    [
        "run it in $TMPDIR/x or /etc/ssl",
        "src/gemel/work/root.py and a/tmp/b",
        "sha256 " + "0123456789abcdef" * 4,
        "doi:10.1109/TBME.2023.3286856 https://www.hl7.org/fhir/R4/observation.html",
        "the_name_of_a_function_that_is_rather_long_but_plain",
        "postgres://gemel:{password}@db/gemel",
        'token = ""',
        f"x = '{RANDOM}'  # not a secret: RFC 7515, appendix A.2",
    ],
)
def test_harmless_line_is_fine(line: str) -> None:
    assert list(faults(line)) == []


def test_files_git_would_track_are_read_and_ignored_ones_are_not(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text("out.txt\n")
    for name in ("new.txt", "out.txt"):
        (tmp_path / name).write_text(f"fine\n{RANDOM}\n")
    assert problems(tmp_path) == ["new.txt:2: random-looking text"]
