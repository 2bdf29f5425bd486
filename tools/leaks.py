"""Look for what must not be in the tree: secrets, paths of somebody's machine, addresses of package registries.

Every file git tracks, or would track, is read.  A line that holds something that only looks like a secret (a published
test vector, a digest) says so:  `# not a secret: RFC 7515, appendix A.2`.  Files that cannot carry comments are listed
in `VECTORS`, with the reason.
"""

from __future__ import annotations

import math
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

VECTORS: dict[str, str] = {
    "requirements/*.txt": "sha256 of public packages",
    "web/package-lock.json": "sha512 of public packages",
}
LARGEST = 2_000_000

_PLACES = re.compile(
    r"(?<![\w./])/(?:work|farm|root|home/[a-z]\w*|Users/[A-Za-z]\w*)/"  # somebody's directories
    r"|(?<![\w./])/tmp/\w"
    r"|[A-Z]:\\Users\\"
)
_REGISTRIES = re.compile(
    r"//[\w.-]*(?:pypi\.(?:org|python\.org)|pythonhosted\.(?:org)|npmjs\.(?:org|com)|yarnpkg\.(?:com)"
    r"|anaconda\.(?:org|com)|deb\.debian\.(?:org)|security\.debian\.(?:org)|archive\.ubuntu\.(?:com))",
    re.IGNORECASE,
)
_SECRETS = {
    "private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY" + "-----"),
    "cloud key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "access token": re.compile(
        r"\b(?:gh[pousr]_\w{36}|github_pat_\w{22,}|glpat-[\w-]{20}|xox[abpr]-[\w-]{10,}|npm_\w{36})"
    ),
    "signed token": re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    "password in an address": re.compile(r"\w+://[^\s/:@{}$<]+:[^\s/:@{}$<]{3,}@[\w.-]+"),
}
_ASSIGNED = re.compile(
    r"(?i)(?:secret|passw(?:or)?d|passphrase|api_?key|private_?key|token|credential)\w*[\"']?\s*[:=]\s*[bru]?[\"']([^\"'\s]{8,})[\"']"
)
_RANDOM = re.compile(r"(?<![\w/+-])[\w/+-]{32,}={0,2}(?![\w/+-])")
_EXCUSE = re.compile(r"not a secret:\s*\S")


def entropy(text: str) -> float:
    """Shannon entropy [bit per character]."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def _looks_random(text: str) -> bool:
    kinds = (str.isupper, str.islower, str.isdigit)
    return all(any(map(kind, text)) for kind in kinds) and entropy(text) > 4.2


def faults(line: str) -> Iterator[str]:
    """What one line should not hold."""
    if found := _PLACES.search(line):
        yield f"path of a machine: {found[0]}"
    if _REGISTRIES.search(line):
        yield "address of a package registry"
    if _EXCUSE.search(line):
        return
    for kind, pattern in _SECRETS.items():
        if pattern.search(line):
            yield kind
    if (found := _ASSIGNED.search(line)) and entropy(found[1]) > 3.0:
        yield "value that is named a secret"
    if any(_looks_random(word) for word in _RANDOM.findall(line)):
        yield "random-looking text"


def files(root: Path = ROOT) -> list[Path]:
    """Every file that git tracks or would track."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [path for name in listed.split("\0") if name and (path := root / name).is_file()]


def problems(root: Path = ROOT) -> list[str]:
    """Every fault, as 'file:line: what'; the value itself is not repeated."""
    found: list[str] = []
    for path in files(root):
        name = path.relative_to(root).as_posix()
        if path.stat().st_size > LARGEST:
            continue
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        vectors = any(fnmatch(name, pattern) for pattern in VECTORS)
        for number, line in enumerate(lines, 1):
            for fault in faults(line):
                if not (vectors and fault == "random-looking text"):
                    found.append(f"{name}:{number}: {fault}")
    return found


if __name__ == "__main__":
    sys.exit("\n".join(problems()) or 0)
