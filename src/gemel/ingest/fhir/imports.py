"""FHIR files for `gemel import`: their resources as writes, and the account of what a file held.

A bundle is one JSON document; NDJSON, a resource a line, streams.  Resources keep the ids they bring, those that a
bundle POSTs get the ids that the FHIR server here would give them, so that either way leads to the same record.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from gemel.core.writing import Write

from ..account import Account
from ..feed import RAW_LENGTH, Feed, reject
from ..source import Line, Source, lines, name_of
from ..terms import Terms
from .addressing import Find, address
from .document import UNREADABLE, document, is_lines
from .entered import Place, entered, refusal, writes
from .envelope import Envelope, line_of, opened
from .kinds import decoded
from .types import Component, ObservationResource

__all__ = ["read"]

PORTION = 1000
"""Lines of NDJSON that are read together."""


def read(source: Source, terms: Terms, account: Account) -> Iterator[Write]:
    """The writes of a file, a portion at a time."""
    for key in ("entries", "obs_with_valueQuantity", "component_quantities"):
        account.count(key, 0)
    if not is_lines(source):
        yield from _taken(opened(document(source)), name_of(source), terms, account)
        return
    stream = lines(source)
    while portion := list(islice(stream, PORTION)):
        yield from _portion(portion, name_of(source), terms, account)


def _portion(portion: list[Line], name: str, terms: Terms, account: Account) -> Iterator[Write]:
    """The writes of some lines."""
    envelope = Envelope("")
    for line in portion:
        data = line.data.removeprefix(b"\xef\xbb\xbf") if line.number == 1 else line.data
        if line.state in ("long", "broken"):
            reason = ("malformed", "over 16 MiB") if line.state == "long" else ("truncated", "the gzip file ends here")
            raw = data[:RAW_LENGTH].decode(errors="replace")
            yield Write(rejected=(reject(*reason, source=f"{name}:{line.number}", raw=raw),))
        elif data.strip():
            line_of(envelope, line.number, data)
        else:
            account.skip("blank line")
    yield from _taken(envelope, name, terms, account)


def _taken(envelope: Envelope, name: str, terms: Terms, account: Account) -> Iterator[Write]:
    _count(envelope, account)
    address(envelope, _finding(terms), stray=terms.subject)
    place = Place(terms.recorded or 0, zone=terms.zone, codes=terms.codes, name=name)
    feed = Feed(name, lambda _: iter(()))
    done = entered(envelope, place, feed)
    for reason, number in feed.skipped.items():
        account.skip(reason, number)
    for _ in envelope.bare_actions:
        account.skip("bundle entry without a resource")
    yield from writes(done)
    if envelope.refused:
        yield Write(rejected=tuple(refusal(one, place) for one in envelope.refused))


def _finding(terms: Terms) -> Find:
    """People by their identifiers; nothing else is looked up in files."""
    return lambda kind, token: terms.who((token,)) if kind == "Patient" else None


def _count(envelope: Envelope, account: Account) -> None:
    """What the file holds in FHIR's own words, whether or not it gives facts."""
    account.count("entries", len(envelope.resources) + len(envelope.refused) + len(envelope.bare_actions))
    for resource in envelope.resources:
        account.tally("types", resource.kind)
        if resource.kind == "Observation":
            try:
                found: ObservationResource = decoded("Observation", memoryview(resource.content))
            except UNREADABLE:
                continue
            if code := _first(found):
                account.distinct("distinct_codes", code)
            account.count("obs_with_valueQuantity", int(found.valueQuantity is not None))
            quantities = sum(part.valueQuantity is not None for part in found.component or ())
            account.count("component_quantities", quantities)


def _first(part: Component) -> str:
    codings = part.code.coding if part.code is not None else None
    return next((coding.code for coding in codings or () if coding.code), "")
