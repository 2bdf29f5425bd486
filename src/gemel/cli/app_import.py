"""The command `gemel import` and its options; `app` registers it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Json, Mapping

__all__ = ["import_command"]

_COLUMNS = ("format", "files", "facts", "repeats", "rejected", "skipped", "people")
_SHOWN = 12
"""Files that could not be read which are told to people; all of them are in the JSON."""


def import_command(
    paths: Annotated[list[Path], typer.Argument(help="files and folders, of any format that is known")],
    data: Annotated[str, typer.Option("--data", help="folder that holds the store, or postgresql://...")],
    zone: Annotated[str, typer.Option("--zone", help="IANA zone of times that say none")] = "UTC",
    subject: Annotated[
        str | None, typer.Option("--subject", help="whose what names nobody is (default: a new subject's)")
    ] = None,
    mapping: Mapping = None,
    json: Json = False,
) -> None:
    """Import files of every known format, told by content: FHIR, HL7 v2, WFDB, Apple Health, FIT, VCF, DICOM ..."""
    from . import console
    from .importing import Asked, import_files

    with console.bar() as progress:
        task = progress.add_task("looking", total=None)
        shape = import_files(
            Asked(tuple(paths), data, zone, subject, mapping),
            lambda name, before, total: progress.update(task, description=name, completed=before, total=total),
        )
    console.emit(shape) if json else _speak(shape)


def _speak(shape: object) -> None:
    from . import console
    from .importing import rows
    from .shapes_import import ImportShape

    assert isinstance(shape, ImportShape)
    console.show("", _COLUMNS, rows(shape), numeric=1)
    for name, count in shape.formats.items():
        for reason, number in count.rejected.items():
            console.say(f"rejected {number:,} ({name}): {reason}")
    for file, said in shape.by_file.items():
        for assumed in said.get("assumed", ()):
            console.say(f"assumed ({file}): {assumed}")
    for file, error in [*shape.errors.items()][:_SHOWN]:
        console.say(f"not read, or not to its end: {file}: {error}")
    if len(shape.errors) > _SHOWN:
        console.say(f"... and {len(shape.errors) - _SHOWN} more: --json names them all")
    if shape.subject is not None:
        made = ", a new subject" if shape.new_subject else ""
        console.say(f"what names nobody is of subject {shape.subject}{made}")
    console.say(f"{shape.seconds:.1f} s; the store is {shape.data}")
