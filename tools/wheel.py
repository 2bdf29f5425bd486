"""Build the wheel and install it as a user would: clean environment, nothing but what a lock names.

The packages come from the running environment, linked file by file, so it takes seconds and no network; the versions
are compared with the lock.  `python -m tools.wheel [base|twin|demo]` prints what the install measures on disk.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.utils import canonicalize_name

from tools.lock import pins

ROOT = Path(__file__).resolve().parents[1]
BASE_LIMIT = 120.0
"""What the base install, the environment's own pip left aside, may measure on disk [MB, 1e6 byte]."""


@dataclass(frozen=True)
class Install:
    """An environment with gemel in it."""

    home: Path
    megabytes: float
    """What gemel and its dependencies measure on disk."""

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command of this environment outside the source tree."""
        env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
        path = [str(self.home / "bin" / command[0]), *command[1:]]
        return subprocess.run(path, cwd=self.home, env=env, capture_output=True, text=True)


def build(target: Path, root: Path = ROOT) -> Path:
    """Build the wheel into `target`, with the build backend of the running environment."""
    options = ["--no-deps", "--no-build-isolation", "--disable-pip-version-check", "-q", "-w", str(target)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(root)], check=True)
    (wheel,) = target.glob("gemel-*.whl")
    return wheel


def install(wheel: Path, lock: str, home: Path, root: Path = ROOT) -> Install:
    """A clean environment in `home` with the packages of the lock and the wheel."""
    venv.create(home, with_pip=False, symlinks=True)
    site = home / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    before = size(home)
    packages = {str(canonicalize_name(d.metadata["Name"])): d for d in metadata.distributions()}
    for name, version in pins(root / "requirements" / f"{lock}.txt").items():
        if name not in packages or packages[name].version != version:
            raise SystemExit(f"{name}=={version} of {lock}.txt is not in this environment: make test sets it up")
        _link(packages[name], site)
    options = ["--no-deps", "--no-index", "--disable-pip-version-check", "-q"]
    pip = [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python")]
    subprocess.run([*pip, "install", *options, str(wheel)], check=True)
    return Install(home, size(home) - before)


def size(home: Path) -> float:
    """Disk use of a folder [MB], in blocks as `du` counts them, a linked file once."""
    seen = {(s.st_dev, s.st_ino): s.st_blocks for path in home.rglob("*") if (s := path.lstat())}
    return 512 * sum(seen.values()) / 1e6


def _link(package: metadata.Distribution, site: Path) -> None:
    here = Path(str(package.locate_file(""))).resolve()
    for file in package.files or ():
        source = Path(str(package.locate_file(file)))
        if ".." in file.parts or not source.is_file():
            continue
        target = site / source.resolve().relative_to(here)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target)
        except FileExistsError:
            continue
        except OSError:
            target.write_bytes(source.read_bytes())


def main(lock: str = "base") -> None:
    """Build, install and print the size."""
    with tempfile.TemporaryDirectory() as scratch:
        installed = install(build(Path(scratch)), lock, Path(scratch) / "env")
        limit = f" (limit {BASE_LIMIT:.0f} MB)" if lock == "base" else ""
        print(f"{lock}: {installed.megabytes:.1f} MB on disk{limit}")


if __name__ == "__main__":
    main(*sys.argv[1:])
