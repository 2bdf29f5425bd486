"""The commands `gemel pull fhir` and `gemel pull dicomweb` and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..core.errors import GemelError
from .options import Json

__all__ = ["pull_app"]

pull_app = typer.Typer(
    no_args_is_help=True, help="Ask other systems for what they know: FHIR servers and image archives."
)
Url = Annotated[str, typer.Argument(help="address of the server, such as https://ehr.example/fhir")]
Data = Annotated[str, typer.Option("--data", help="folder that holds the store, or postgresql://...")]
Client = Annotated[str, typer.Option("--client-id", help="who we are there (SMART Backend Services)")]
Key = Annotated[Path | None, typer.Option("--key", help="private key: JWK, key set or PEM; RSA or EC P-384")]
Scope = Annotated[str, typer.Option("--scope", help="what the token is to allow")]
Zone = Annotated[str, typer.Option("--zone", help="IANA zone of times that say none")]


@pull_app.command("fhir")
def fhir_command(
    url: Url, data: Data, client_id: Client = "", key: Key = None,
    patient: Annotated[list[str] | None, typer.Option("--patient", help="id there (default: all it lists)")] = None,
    since: Annotated[str, typer.Option("--since", help="nothing older, the first time: 2026-03-01T00:00:00Z")] = "",
    scope: Scope = "system/*.rs", zone: Zone = "UTC", json: Json = False,
) -> None:  # fmt: skip
    """Ask a FHIR R4 server for what is new since the last time; for everything the first time."""
    import asyncio

    from ..core.extra import require
    from . import console

    require("fastapi", "serve")
    from ..server.poll_source import Source
    from .pulling import pull_fhir

    try:
        source = Source(
            url=url, client_id=client_id, key=str(key or ""), patients=patient or [], since=since, scope=scope
        )
    except ValueError as error:
        raise GemelError(str(error)) from error
    shape = asyncio.run(pull_fhir(source, data, zone))
    if json:
        return console.emit(shape)
    rows = [["patients", f"{shape.patients:,}"], ["resources", f"{sum(shape.resources.values()):,}"],
            ["of these new", f"{shape.new:,}"], ["changed", f"{shape.changed:,}"], ["facts", f"{shape.accepted:,}"],
            ["requests", f"{shape.requests:,} ({shape.repeated:,} after a wait)"]]  # fmt: skip
    console.show(f"pulled from {shape.source}", ("", ""), rows, numeric=1)
    for reason, number in shape.refused.items():
        console.say(f"refused {number:,}: {reason}")
    for name, error in shape.errors.items():
        console.say(f"not asked, to be asked again: Patient/{name}: {error}")


@pull_app.command("dicomweb")
def dicomweb_command(
    url: Url, data: Data,
    study: Annotated[list[str] | None, typer.Option("--study", help="StudyInstanceUID")] = None,
    patient: Annotated[list[str] | None, typer.Option("--patient", help="Patient ID: all of their studies")] = None,
    client_id: Client = "", key: Key = None, scope: Scope = "system/*.rs",
    fhir: Annotated[str, typer.Option("--token-from", help="FHIR server beside it that gives the token")] = "",
    subject: Annotated[str | None, typer.Option("--subject", help="whose they are, whatever they say")] = None,
    zone: Zone = "UTC", json: Json = False,
) -> None:  # fmt: skip
    """Ask an image archive (DICOMweb) for studies."""
    from ..core.extra import require
    from ..ingest.outbound.smart import Backend, read_key
    from ..ingest.outbound.web import Web
    from . import console

    if not study and not patient:
        raise GemelError("say which images: --study UID, or --patient ID for all of theirs")
    if bool(client_id) != bool(key):
        raise GemelError("--client-id and --key go together: the key proves who the client is")
    require("fastapi", "serve")
    from .pulling import Images, pull_dicomweb

    tokens = Backend(fhir or url, client_id, read_key(key), scope=scope) if key is not None else None
    with Web(url, tokens) as web:
        shape = pull_dicomweb(web, Images(tuple(study or ()), tuple(patient or ()), data, zone, subject))
    if json:
        return console.emit(shape)
    rows = [["studies", f"{shape.studies:,}"], ["instances", f"{shape.instances:,}"], ["facts", f"{shape.accepted:,}"],
            ["known before", f"{shape.repeated:,}"], ["people", f"{len(shape.subjects):,}"]]  # fmt: skip
    console.show(f"pulled from {shape.source}", ("", ""), rows, numeric=1)
    for reason, number in shape.rejected.items():
        console.say(f"rejected {number:,}: {reason}")
    for uid, error in shape.errors.items():
        console.say(f"not read: {uid}: {error}")
