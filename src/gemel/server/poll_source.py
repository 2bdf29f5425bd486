"""Which FHIR servers are asked for news, and how: the entries of a TOML file.

[[source]]
url = "https://ehr.example/fhir"
client_id = "gemel-ward-3"          # SMART Backend Services; leave out where no token is needed
key = "gemel-ward-3.jwk"            # a private key: JWK, key set or PEM; relative to this file
patients = ["a1", "b2"]             # ids at that server; leave out for every patient it lists
every_s = 60
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import msgspec

from ..core.clock import instant
from ..core.errors import IngestError, TimelineError
from ..ingest.fhir.kinds import FACTUAL
from ..ingest.outbound.smart import Backend, read_key
from ..ingest.outbound.web import Manners, Web

__all__ = ["ALL", "Source", "opened", "read_sources"]

ALL: Final = tuple(sorted(FACTUAL - {"NutritionIntake"}))
"""The R4 types that give facts."""


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A FHIR server.  `patients` none: all that it lists; `since`: nothing older at the first time ('': everything);
    `overlap_s`: how far each pull reaches back before the last, for what a server shows later than it dates it."""

    url: str
    client_id: str = ""
    key: str = ""
    kid: str = ""
    scope: str = "system/*.rs"
    patients: list[str] = []
    types: list[str] = []
    since: str = ""
    every_s: Annotated[float, msgspec.Meta(ge=1)] = 60.0
    overlap_s: Annotated[float, msgspec.Meta(ge=0)] = 300.0
    page: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 200

    @property
    def base(self) -> str:
        """The address, as its patients are remembered by."""
        return self.url.rstrip("/")

    def __post_init__(self) -> None:
        if bool(self.client_id) != bool(self.key):
            raise ValueError("client_id and key go together: the key proves who the client is")
        if self.since:
            instant(self.since)
        if unknown := [kind for kind in self.types if kind not in FACTUAL]:
            raise ValueError(f"{unknown} give no facts here: there are {', '.join(ALL)}")


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: list[Source]


def read_sources(path: Path | str) -> list[Source]:
    """The sources of a file.  IngestError, naming the entry, where it cannot be read."""
    file = Path(path)
    try:
        found = msgspec.toml.decode(file.read_bytes(), type=_File).source
    except OSError as error:
        raise IngestError(f"'{file.name}' cannot be read: {error.strerror}") from error
    except (msgspec.MsgspecError, ValueError, TimelineError) as error:
        raise IngestError(f"'{file.name}' is no list of sources: {error}") from error
    if len({source.base for source in found}) < len(found):
        raise IngestError(f"'{file.name}' names a server twice: give each one entry")
    near = file.parent
    return [msgspec.structs.replace(s, key=str(near / s.key)) if s.key else s for s in found]


def opened(source: Source, wait: Callable[[float], object] | None = None) -> Web:
    """A way to the source, with its own tokens; `wait` is how one waits between tries."""
    manners = Manners() if wait is None else Manners(wait=wait)
    tokens = None
    if source.client_id:
        key = read_key(source.key, source.kid)
        tokens = Backend(source.base, source.client_id, key, scope=source.scope, manners=manners)
    return Web(source.base, tokens, manners)
