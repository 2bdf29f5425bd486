"""Diabetes diaries in a folder, told by their content: Dexcom Clarity, LibreView, Tidepool, Nightscout.

Files beside one another are of one person, named as their folder is; a folder of folders holds a person in each.  Here
each entry counts as known when it happened, whenever it was uploaded: this is how a past is replayed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from ..core.errors import IngestError
from ..core.fact import Rejected
from ..core.subject import Subject
from ..ingest.account import Account
from ..ingest.feed import Feed, Item
from ..ingest.formats import FORMATS, reader
from ..ingest.sniff import sniff
from ..ingest.terms import Terms

__all__ = ["DIARIES", "diary", "keepers"]

DIARIES = ("clarity", "libreview", "tidepool", "nightscout")
"""Formats, as `gemel.ingest.formats` names them."""
LOOKED_AT = 20  # structure: files of a folder by which it is told whether it holds a diary


def keepers(data: Path) -> list[str]:
    """Whose diaries are there."""
    if data.is_file() or not data.is_dir():
        return [data.stem] if data.is_file() and _format(data) else []
    below = [folder for folder in sorted(data.iterdir()) if folder.is_dir() and _holds(folder)]
    return [folder.name for folder in below] + ([data.resolve().name] if _holds(data) else [])


def diary(data: Path, subject: str | None, zone: str | None) -> tuple[Subject, Feed]:
    """A person's entries one by one, rejected ones too.  IngestError lists who there is where it is not told."""
    known = keepers(data)
    if not known:
        raise IngestError(f"no diary in '{data}': looked for {', '.join(FORMATS[name].title for name in DIARIES)}")
    own = subject or (known[0] if len(known) == 1 else "")
    if own not in known:
        asked = "no --subject was given" if subject is None else f"no subject '{subject}'"
        raise IngestError(f"{asked} in '{data}': there are {', '.join(known)}")
    files = [data] if data.is_file() else _files(data / own) or _files(data)
    terms = Terms(who=lambda _: own, subject=own, zone=zone or "UTC", chosen=True)
    return Subject(id=own, zone=terms.zone), Feed(own, lambda feed: _items(feed, files, terms))


def _items(feed: Feed, files: list[Path], terms: Terms) -> Iterator[Item]:
    for path in files:
        account = Account(path.name, _format(path))
        for write in reader(account.format)(path, terms, account):
            given: tuple[Item, ...] = (*write.facts, *write.rejected)
            feed.items += len(given)
            feed.kinds[account.format] += len(given)
            yield from (one if isinstance(one, Rejected) else replace(one, recorded=one.at) for one in given)
        feed.skipped.update(account.skipped)
        feed.items += account.skipped.total()
        feed.notes.update(f"{path.name}: {said}" for said in account.to_dict().get("assumed", []))


def _holds(folder: Path) -> bool:
    """Whether there is a diary among the first files of a folder."""
    return any(_format(path) for path in _seen(folder)[:LOOKED_AT])


def _files(folder: Path) -> list[Path]:
    return [path for path in _seen(folder) if _format(path)]


def _seen(folder: Path) -> list[Path]:
    """Files that are not hidden, by name."""
    inside = sorted(folder.iterdir()) if folder.is_dir() else []
    return [path for path in inside if path.is_file() and path.name[0] != "."]


def _format(path: Path) -> str:
    """The diary's format; '' for a file that is none."""
    try:
        found = sniff(path).format
    except IngestError:
        return ""
    return found if found in DIARIES else ""
