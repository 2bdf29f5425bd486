"""Files of folders by name, and the account of a folder whose files are all of one format.

A file is named by its path below what was asked for (by its whole path where that name is taken), a WFDB record without
a suffix.  In a folder of HL7 v2, Open
mHealth or VCF files it is the folder that has the account: the sums over its files, and beside them how many files
each of its innermost folders holds and how many of those were accepted.  Feeds of several senders in one folder are
not one feed: the sums are those of the sender with the most messages, the others are told by name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import IngestError
from ..ingest.account import Account

__all__ = ["File", "files", "folders"]

_BY_FOLDER = ("hl7v2", "openmhealth", "vcf")


@dataclass(frozen=True, slots=True)
class File:
    """A file, and its name in the account."""

    path: Path
    name: str
    root: Path


def files(paths: Sequence[Path]) -> Iterator[File]:
    """Every file of these paths, folders walked in order of name; hidden ones are left out.

    IngestError for a path that does not exist.
    """
    seen: set[Path] = set()
    names: set[str] = set()
    for root in paths:
        if not root.exists():
            raise IngestError(f"'{root}' does not exist: give a file or a folder")
        for path in [root] if root.is_file() else sorted(root.rglob("*")):
            inside = path.relative_to(root) if path != root else Path(path.name)
            hidden = any(part.startswith(".") for part in inside.parts)
            if path.is_file() and not hidden and path.resolve() not in seen:
                seen.add(path.resolve())
                name = inside.as_posix() if inside.as_posix() not in names else path.as_posix()
                names.add(name)
                yield File(path, name, root)


def folders(accounts: Mapping[File, Account]) -> dict[str, dict[str, Any]]:
    """The account of each topmost folder of one format, by its name."""
    formats: dict[Path, set[str]] = {}
    for file, account in accounts.items():
        for folder in _above(file):
            formats.setdefault(folder, set()).update([account.format] if account.format else [])
    found: dict[str, dict[str, Any]] = {}
    for folder, held in formats.items():
        if len(held) != 1 or not held <= {*_BY_FOLDER} or formats.get(folder.parent) == held:
            continue
        inside = {file: account for file, account in accounts.items() if folder in file.path.parents}
        root = next(iter(inside)).root
        found[folder.name if folder == root else folder.relative_to(root).as_posix()] = _sums(folder, inside)
    return found


def _above(file: File) -> list[Path]:
    """The folders between a file and what was asked for, that included; none where the file itself was asked for."""
    return [folder for folder in file.path.parents if folder == file.root or file.root in folder.parents]


def _sums(folder: Path, accounts: Mapping[File, Account]) -> dict[str, Any]:
    messages: Counter[str] = Counter()
    for account in accounts.values():
        messages[account.feed] += int(account.to_dict().get("messages", 0))
    main = messages.most_common(1)[0][0]
    total = Account(folder.name)
    for account in accounts.values():
        if account.format and account.feed == main:
            total.add(account)
    held: Counter[str] = Counter()
    for file, account in accounts.items():
        if file.path.parent != folder:
            fine = account.format and not account.error and account.accepted
            held[file.path.parent.name] += 1
            held[f"{file.path.parent.name}_{'accepted' if fine else 'rejected'}"] += 1
    others = {feed: number for feed, number in messages.items() if feed != main and number}
    return {**total.to_dict(), **held, **({"other_feeds": others} if others else {})}
