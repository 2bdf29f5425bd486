"""Write requirements/*.txt: every version pinned, every file hashed, no address.

`python tools/lock.py` resolves the largest set (test) with pip-tools in a throw-away environment, then the smaller
sets within its versions, so that test contains demo, demo contains twin and twin contains base.  It then asks pip, for
each Python and platform we support, whether the lock can be installed there (a dry run: nothing is downloaded but
metadata).  Run it with Python 3.11, the oldest we support: its set holds the back-ports that newer ones leave out.

`python tools/lock.py --check` reads the installed packages instead, and needs no network.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PIP_TOOLS = "pip-tools==7.6.2"

# lock: (extras of gemel, dependency groups); from the largest, each within the one before
LOCKS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "test": (("twin", "serve", "dicom", "signals", "learn", "plots", "frames"), ("build", "test")),
    "demo": (("twin", "serve", "learn", "plots", "frames"), ("build",)),
    "twin": (("twin",), ()),
    "base": ((), ()),
}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = {
    "Linux x86_64": [f"manylinux_2_{n}_x86_64" for n in range(28, 16, -1)] + ["manylinux2014_x86_64"],
    "Linux aarch64": [f"manylinux_2_{n}_aarch64" for n in range(28, 16, -1)] + ["manylinux2014_aarch64"],
    "macOS arm64": ["macosx_14_0_arm64"],
}
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)")


def pins(lock: Path) -> dict[str, str]:
    """Name to version of every package in a lock file."""
    found = (_PINNED.match(line) for line in lock.read_text().splitlines())
    return {canonicalize_name(m[1]): m[2] for m in found if m}


def wanted(extras: Iterable[str], groups: Iterable[str], root: Path = ROOT) -> list[Requirement]:
    """What pyproject.toml asks for, with references to gemel's own extras written out."""
    pyproject = tomllib.loads((root / "pyproject.toml").read_text())
    project = pyproject["project"]
    lines = list(project["dependencies"])
    lines += [line for extra in extras for line in project["optional-dependencies"][extra]]
    lines += [line for group in groups for line in pyproject["dependency-groups"][group]]
    asked: list[Requirement] = []
    for requirement in map(Requirement, lines):
        own = requirement.name == project["name"]
        asked += wanted(requirement.extras, (), root) if own else [requirement]
    return asked


def environments() -> Iterator[dict[str, str]]:
    """The marker environments of every Python and platform we support."""
    machines = {"linux": ("Linux", ("x86_64", "aarch64")), "darwin": ("Darwin", ("arm64",))}
    for python in PYTHONS:
        for sys_platform, (system, names) in machines.items():
            for machine in names:
                yield {
                    "python_version": python,
                    "python_full_version": f"{python}.0",
                    "implementation_name": "cpython",
                    "platform_python_implementation": "CPython",
                    "os_name": "posix",
                    "sys_platform": sys_platform,
                    "platform_system": system,
                    "platform_machine": machine,
                }


@cache
def _requires(name: str) -> tuple[Requirement, ...]:
    return tuple(map(Requirement, metadata.requires(name) or ()))


def unmet(locked: Mapping[str, str], asked: list[Requirement], environment: Mapping[str, str]) -> list[str]:
    """Requirements, direct and transitive, that `locked` does not satisfy in this marker environment."""
    problems: list[str] = []
    queue, seen = [("gemel", "", r) for r in asked], set[tuple[str, str]]()
    while queue:
        parent, extra, requirement = queue.pop()
        if requirement.marker and not requirement.marker.evaluate({**environment, "extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        where = (
            f"{environment['sys_platform']} {environment['platform_machine']} Python {environment['python_version']}"
        )
        if name not in locked:
            problems.append(f"{parent} needs {requirement} on {where}, which the lock lacks")
        elif not requirement.specifier.contains(locked[name], prereleases=True):
            problems.append(f"{parent} needs {requirement} on {where}, the lock has {locked[name]}")
        else:
            for inner in ({""} | requirement.extras) - {e for n, e in seen if n == name}:
                seen.add((name, inner))
                queue += [(name, inner, needed) for needed in _requires(name)]
    return sorted(set(problems))


def problems(root: Path = ROOT) -> list[str]:
    """What is wrong with the locks, read against pyproject.toml and the metadata of the installed packages."""
    found: list[str] = []
    outer: dict[str, str] | None = None
    for lock, (extras, groups) in LOCKS.items():
        path = root / "requirements" / f"{lock}.txt"
        locked = pins(path)
        blocks = re.split(r"\n(?=\S)", path.read_text().strip())
        found += [f"{path.name}: no hash: {b.splitlines()[0]}" for b in blocks if "--hash=sha256:" not in b]
        for name, version in locked.items():
            if outer is not None and outer.get(name) != version:
                found.append(f"{path.name}: {name}=={version}, the larger lock has {outer.get(name)}")
        for environment in environments():
            found += [f"{path.name}: {p}" for p in unmet(locked, wanted(extras, groups, root), environment)]
        outer = locked
    return found


def _quiet() -> dict[str, str]:
    """The environment without this machine's pip configuration, so that none of it reaches the lock."""
    hidden = {"PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX", "PIP_CONSTRAINT"}
    kept = {k: v for k, v in os.environ.items() if k not in hidden}
    return kept | {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def write(root: Path = ROOT) -> None:
    """Resolve and write every lock."""
    if sys.version_info[:2] != (3, 11):
        raise SystemExit("make the lock with Python 3.11, the oldest supported: its set holds the back-ports")
    with tempfile.TemporaryDirectory() as scratch:
        here = Path(scratch)
        subprocess.run([sys.executable, "-m", "venv", here / "venv"], check=True)
        python = here / "venv" / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "-q", PIP_TOOLS], check=True, env=_quiet())
        outer: Path | None = None
        for lock, (extras, groups) in LOCKS.items():
            source, target = here / f"{lock}.in", root / "requirements" / f"{lock}.txt"
            lines = [str(r) for r in wanted(extras, groups, root)] + ([f"-c {outer}"] if outer else [])
            source.write_text("\n".join(lines) + "\n")
            options = ["--generate-hashes", "--allow-unsafe", "--strip-extras", "--no-header", "--no-annotate"]
            options += ["--no-emit-index-url", "--no-emit-trusted-host", "--no-emit-find-links", "--upgrade"]
            command = [python, "-m", "piptools", "compile", "-q", *options, "-o", here / f"{lock}.txt", source]
            subprocess.run(command, check=True, env=_quiet(), cwd=here, stderr=subprocess.DEVNULL)
            target.write_text((here / f"{lock}.txt").read_text())
            outer = target
            print(f"{target.relative_to(root)}: {len(pins(target))} packages")
        _prove(python, root / "requirements" / "test.txt", here / "target")


def _prove(python: Path, lock: Path, target: Path) -> None:
    """Ask pip whether the lock installs on every Python and platform, from wheels alone."""
    for version in PYTHONS:
        for machine, tags in PLATFORMS.items():
            options = ["--dry-run", "--only-binary=:all:", "--require-hashes", "--target", target]
            options += ["--python-version", version, *(part for tag in tags for part in ("--platform", tag))]
            command = [python, "-m", "pip", "install", "-q", *options, "-r", lock]
            subprocess.run(command, check=True, env=_quiet(), stdout=subprocess.DEVNULL)
            print(f"{lock.name} installs on Python {version}, {machine}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit("\n".join(problems()) or 0)
    write()
