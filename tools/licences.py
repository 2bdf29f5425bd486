"""Read the licence of every package gemel brings along and refuse copyleft or unknown ones.

The licence is the SPDX expression of the installed metadata, else its `License` field, else its trove classifiers.
GPL, AGPL, BUSL, SSPL and whatever cannot be read are refused; LGPL may come with an extra, never with the base
install.  `ALLOWED` holds what a person has read and accepted, with the reason.  The screen's packages are read from
their lock: what is built into the pages may ask for nothing but its notice, so the Mozilla licence is for tools only.
"""

from __future__ import annotations

import json
import re
import sys
from importlib import metadata
from pathlib import Path

from packaging.utils import canonicalize_name

from tools.lock import pins

ROOT = Path(__file__).resolve().parents[1]

ALLOWED: dict[str, str] = {}
"""Package to the reason why it is fine although its metadata do not say so."""

_DENIED = re.compile(
    r"(?<!L)GPL|GNU (Affero|General)|AGPL|BUSL|Business Source|SSPL|Server Side Public|Commons.Clause", re.I
)
_LESSER = re.compile(r"LGPL|Lesser General", re.I)
_KNOWN = re.compile(
    r"\b(0BSD|Apache|BSD|CC0|HPND|ISC|MIT|MIT-CMU|MPL|Mozilla Public|PSF|Python-2|Python Software Foundation"
    r"|Unlicense|Zlib|BlueOak|BSL-1|Boost|NCSA|Public Domain|OFL|Historical Permission)",
    re.I,
)


def licence(package: metadata.Distribution) -> str:
    """What the metadata say, in one line; '' if they say nothing."""
    fields = package.metadata

    def first(name: str) -> str:
        return next(iter(fields.get_all(name) or ()), "").strip()

    if expression := first("License-Expression"):
        return expression
    classifiers = [c for c in fields.get_all("Classifier") or () if c.startswith("License ::")]
    names = [c.rsplit(" :: ", 1)[-1] for c in classifiers if c != "License :: OSI Approved"]
    text = first("License")
    return text if text and "\n" not in text and len(text) < 80 else " AND ".join(names) or text[:80].replace("\n", " ")


def verdict(text: str) -> str:
    """'fine', 'lesser' (LGPL), 'denied' or 'unknown'; of parts joined by OR the best counts, by AND the worst."""
    for word, choose in (("OR", min), ("AND", max)):
        parts = re.split(rf"\b{word}\b", text)
        if len(parts) > 1:
            return choose(map(verdict, parts), key=("fine", "lesser", "unknown", "denied").index)
    if _LESSER.search(text):
        return "lesser"
    if _DENIED.search(text):
        return "denied"
    return "fine" if _KNOWN.search(text) else "unknown"


def table(names: set[str]) -> dict[str, str]:
    """Installed package to its licence."""
    packages = {str(canonicalize_name(d.metadata["Name"])): d for d in metadata.distributions()}
    return {name: licence(packages[name]) for name in sorted(names & set(packages))}


def problems(root: Path = ROOT) -> list[str]:
    """Packages of the test lock, the largest, that we must not bring along, each with what its metadata say."""
    every, base = (set(pins(root / "requirements" / name)) for name in ("test.txt", "base.txt"))
    found: list[str] = []
    for name, text in table(every).items():
        judged = "fine" if name in ALLOWED else verdict(text)
        if judged != "fine" and not (judged == "lesser" and name not in base):
            found.append(f"{name}: {judged}: {text or 'no licence in its metadata'}")
    return found + screen_problems(root / "web" / "package-lock.json")


def screen_problems(lock: Path) -> list[str]:
    """Packages of the screen's lock that may not be built into the pages, or not used at all, with what they say."""
    found: list[str] = []
    for name, package in json.loads(lock.read_text())["packages"].items():
        text = package.get("license", "")
        judged = verdict(text)
        if judged == "fine" and "MPL" in text and not package.get("dev"):
            judged = "for tools only"
        if judged != "fine":
            found.append(f"{name or 'web'}: {judged}: {text or 'no licence in the lock'}")
    return found


if __name__ == "__main__":
    if sys.argv[1:] == ["--table"]:
        print("\n".join(f"{name}: {text}" for name, text in table(set(pins(ROOT / "requirements/test.txt"))).items()))
    else:
        sys.exit("\n".join(problems()) or 0)
