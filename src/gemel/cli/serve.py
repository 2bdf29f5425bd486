"""`gemel serve`: run the service, and say where it listens, where the data is and which page to open."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from ..core.errors import GemelError
from .options import Json

if TYPE_CHECKING:
    from ..server.settings import Settings

__all__ = ["ServeShape", "announce", "serve"]


class ServeShape(msgspec.Struct, kw_only=True):
    """`gemel serve --json`: one line, once it answers."""

    url: str
    page: str
    port: int
    mllp_port: int | None
    data: str
    site: str
    process: int


def serve(
    data: Annotated[str, typer.Option("--data", help="folder (made when absent) or postgresql://...")],
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="HTTP; 0: one that is free")] = 8000,
    host: Annotated[str, typer.Option("--host", help="address to listen on")] = "127.0.0.1",
    mllp_port: Annotated[
        int | None, typer.Option("--mllp-port", min=0, max=65535, help="HL7 v2 over MLLP; 0: one that is free")
    ] = None,
    mllp_host: Annotated[str, typer.Option("--mllp-host", help="address to listen on for MLLP")] = "127.0.0.1",
    mqtt: Annotated[str | None, typer.Option("--mqtt", help="broker to subscribe to: mqtt://host:1883")] = None,
    zone: Annotated[str, typer.Option("--zone", help="IANA zone of new subjects, and of times without one")] = "UTC",
    site: Annotated[str, typer.Option("--site", help="where forecasts are shown: a model earns its voice per site")]
    = "local",
    alerts: Annotated[str | None, typer.Option("--alerts", help="TOML file of alert rules (default: ours)")] = None,
    cds: Annotated[str | None, typer.Option("--cds", help="TOML file of CDS Hooks clients (default: all)")] = None,
    sources: Annotated[str | None, typer.Option("--sources", help="TOML file of FHIR servers to ask for news")] = None,
    log: Annotated[str, typer.Option("--log", help="debug, info or warning")] = "info",
    uvicorn: Annotated[bool, typer.Option("--uvicorn", help="serve by uvicorn instead of granian")] = False,
    json: Json = False,
) -> None:  # fmt: skip
    """Run the service: feeds in, twins kept current, forecasts and alerts out, until it is told to stop."""
    from ..core.clock import zone as known_zone
    from ..core.extra import require

    known_zone(zone)
    if log not in ("debug", "info", "warning"):
        raise GemelError(f"--log '{log}': there are debug, info and warning")
    require("fastapi", "serve")
    from ..server.run import run
    from ..server.settings import Settings

    settings = Settings(
        data=data, host=host, port=port, mllp_host=mllp_host, mllp_port=mllp_port, mqtt=mqtt, zone=zone, site=site,
        alerts=alerts, cds=cds, sources=sources, log=log,
    )  # fmt: skip
    run(settings, lambda doors: announce(settings, doors, json=json), uvicorn=uvicorn)


def announce(settings: Settings, doors: Mapping[str, int], *, json: bool) -> None:
    """One line of JSON, or a table for people."""
    url = f"http://{settings.host}:{doors['http']}"
    shape = ServeShape(
        url=url, page=f"{url}/", port=doors["http"], mllp_port=doors.get("mllp"), data=settings.data,
        site=settings.site, process=os.getpid(),
    )  # fmt: skip
    if json:
        sys.stdout.write(msgspec.json.encode(shape).decode() + "\n")
        sys.stdout.flush()
        return
    from .console import show

    rows = [["page to open", shape.page], ["REST", f"{url}/api"], ["FHIR R4", f"{url}/fhir"],
            ["live stream", f"{url}/api/stream"], ["metrics", f"{url}/metrics"]]  # fmt: skip
    rows += [["HL7 v2 (MLLP)", f"{settings.mllp_host}:{shape.mllp_port}"]] if shape.mllp_port is not None else []
    rows += [["MQTT", settings.mqtt]] if settings.mqtt else []
    show("gemel serves", ("", ""), [*rows, ["data", shape.data], ["stop", "Ctrl-C, or SIGTERM"]])
