"""`gemel pull`: what a FHIR server or an image archive holds, asked for and put into a store."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from ..core.errors import GemelError, IngestError
from ..core.ports import Caller
from ..ingest.account import Account
from ..ingest.dicom import read
from ..ingest.formats import Terms
from ..ingest.outbound.dicomweb import instances, retrieve, studies_of
from ..ingest.outbound.web import Web
from ..runtime.importer import Imported, Importer
from ..runtime.merging import Merged
from ..server.app import open_site
from ..server.context import Service
from ..server.hub import Hub
from ..server.inbox import Inbox
from ..server.poll_pull import pull
from ..server.poll_source import Source, opened
from ..server.settings import Settings
from .shapes_pull import DicomPulled, FhirPulled

__all__ = ["Images", "pull_dicomweb", "pull_fhir"]

CALLER = Caller(id="gemel-pull", role="local")


@dataclass(frozen=True, slots=True)
class Images:
    """Which images: studies by UID, all of a patient by Patient ID; and whose they are, where not as they say."""

    studies: tuple[str, ...]
    patients: tuple[str, ...]
    data: str
    zone: str = "UTC"
    subject: str | None = None


async def pull_fhir(source: Source, data: str, zone: str) -> FhirPulled:
    """Take in all news of a FHIR server, as the running service would."""
    settings = Settings(data=data, zone=zone)
    accepted: list[int] = []
    with open_site(settings) as site, opened(source) as web:
        inbox = Inbox(site.store, settings.waiting, None, Merged.of(site.store, CALLER))
        inbox.listen(lambda _, done: accepted.extend(one.accepted for one in done))
        done = await pull(Service(settings, site.store, site, inbox, Hub()), source, web, CALLER)
        await inbox.drain()
        return FhirPulled(
            source=source.base, patients=done.patients, resources=dict(done.resources.most_common()), new=done.new,
            changed=done.changed, accepted=sum(accepted), refused=dict(done.refused.most_common()), errors=done.errors,
            requests=web.asked, repeated=web.repeated,
        )  # fmt: skip


def pull_dicomweb(web: Web, wanted: Images) -> DicomPulled:
    """Take in studies, an instance at a time; one that cannot be had or read stops none of the others."""
    done, errors, count = Imported(), dict[str, str](), 0
    theirs = [study for patient in wanted.patients for study in studies_of(web, patient)]
    studies = list(dict.fromkeys([*wanted.studies, *theirs]))
    with open_site(Settings(data=wanted.data)) as site, tempfile.TemporaryDirectory() as folder:
        importer = Importer(site.store, CALLER, now=site.now, zone=wanted.zone)
        chosen = wanted.subject is not None
        terms = Terms(who=importer.who, subject=wanted.subject or str(uuid4()), zone=wanted.zone, chosen=chosen)
        for uid, file in _files(web, studies, errors):
            path = Path(folder) / f"{uid}.dcm"  # the reader names its source by it
            path.write_bytes(file)
            try:
                importer.take(read(path, terms, Account(uid)), done, describes=False)
                count += 1
            except GemelError as error:
                errors[uid] = str(error)
            path.unlink()
    return DicomPulled(
        source=web.base, studies=len(studies), instances=count, accepted=done.accepted, repeated=done.repeated,
        documents=done.documents, rejected=dict(done.rejected), subjects=sorted(done.subjects), errors=errors,
        requests=web.asked,
    )  # fmt: skip


def _files(web: Web, studies: Sequence[str], errors: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    for study in studies:
        for instance in list(instances(web, study)):
            try:
                yield instance.uid, retrieve(web, instance)
            except IngestError as error:
                errors[instance.uid] = str(error)
