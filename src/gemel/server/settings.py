"""What `gemel serve` can be told."""

from __future__ import annotations

import msgspec

__all__ = ["Settings"]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`data` is a folder or 'postgresql://...'.  A port of 0 lets the system choose; None leaves that door shut.

    `waiting`: items that may wait to become durable before senders are told to come back later.  `tick_ms`: how long
    readings gather before the twins they concern are moved together.  `most_bytes`: the largest body of a request.
    `grace_s`: how long a stop waits for requests that are being answered.  `log`: 'debug' tells every request, 'info'
    what happens, 'warning' only what needs a look.  `alerts`: TOML file of alert rules, instead of those that ship.
    `cds`: TOML file that says which clients CDS Hooks answers (None: all that reach the port).
    `sources`: TOML file of the FHIR servers that are asked for news.
    """

    data: str
    host: str = "127.0.0.1"
    port: int = 8000
    mllp_host: str = "127.0.0.1"
    mllp_port: int | None = None
    mqtt: str | None = None
    zone: str = "UTC"
    site: str = "local"
    waiting: int = 200_000
    tick_ms: float = 50.0
    members: int = 128
    alerts: str | None = None
    cds: str | None = None
    sources: str | None = None
    most_bytes: int = 128 * 1024 * 1024
    grace_s: float = 20.0
    log: str = "info"
