"""Open mHealth data points: a body that follows a schema of namespace omh, with its header or bare.

The header names schema and version.  A bare body is told by its measure, and its version by the folder it lies in
(".../heart-rate/2.0/..."); where neither says, it must follow any one version.  A value over an interval is a fact at
the interval's end.  A statistic ("average") is kept as a document but is no reading, so no fact; nor is a value whose
time nobody says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from gemel.core.clock import DAY, SECOND, instant
from gemel.core.errors import IngestError
from gemel.core.fact import Count, Exact, Instant, Observation, Rejected, Value
from gemel.core.writing import Document, Write

from .account import Account
from .feed import content_id, reject
from .objects import elements, members
from .openmhealth_schema import Schema, content, fault, is_instant, schemas, seconds
from .source import Source, name_of, whole
from .terms import Terms
from .values import check

__all__ = ["read"]

_MOST = 500  # points in a write
Point = Mapping[str, Any]


def read(source: Source, terms: Terms, account: Account) -> Iterator[Write]:
    """One data point, or an array of them."""
    name = name_of(source)
    try:
        document = msgspec.json.decode(whole(source).removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise IngestError(f"'{name}' is not JSON ({error}): it may be cut short") from error
    points = elements(document) or [document]
    hint = _folder_hint(source)
    for first in range(0, len(points), _MOST):
        some = enumerate(points[first : first + _MOST], first + 1)
        writes = [_point(point, f"{name}#{number}", terms, account, hint) for number, point in some]
        yield Write(
            subject=terms.subject,
            facts=tuple(fact for write in writes for fact in write.facts),
            rejected=tuple(row for write in writes for row in write.rejected),
            documents=tuple(paper for write in writes for paper in write.documents),
        )


def _folder_hint(source: Source) -> str:
    """The version that a folder names: '2.0' of '.../step-count/2.0/...'."""
    if isinstance(source, bytes):
        return ""
    parts = Path(source).parts
    return next((b for a, b in pairwise(parts) if a in schemas()), "")


def _point(point: Any, where: str, terms: Terms, account: Account, hint: str) -> Write:
    account.count("points")
    chosen = _chosen(point, hint)
    if isinstance(chosen, str):
        raw = msgspec.json.encode(point).decode()
        return Write(rejected=(reject("not Open mHealth", chosen, source=where, raw=raw),))
    schema, body, header = chosen
    account.tally("schemas", f"{schema.name} {schema.version}")
    frame: Mapping[str, Any] = body.get("effective_time_frame") or {}
    at = _time(frame)
    stated = header.get("creation_date_time")
    known = instant(stated.upper()) if isinstance(stated, str) else at
    recorded = terms.recorded if terms.recorded is not None else known or 0
    raw = msgspec.json.encode(point)
    id = str(header.get("id") or content_id(terms.subject, "omh", raw))
    paper = Document(kind=f"openmhealth/{schema.name}", id=f"{terms.subject}.{id}", body=raw, recorded=recorded)
    if "descriptive_statistic" in body:
        account.skip("a statistic, not a reading")
    elif at is None:
        account.skip("nobody says when")
    else:
        items = [_fact(name, body, (id, at, recorded, where), terms) for name in body if name in content()["codes"]]
        return Write(
            facts=tuple(item for item in items if isinstance(item, Observation)),
            rejected=tuple(item for item in items if isinstance(item, Rejected)),
            documents=(paper,),
        )
    return Write(documents=(paper,))


def _chosen(point: Any, hint: str) -> tuple[Schema, Point, Point] | str:
    """The schema that a point follows, its body and header; or why it follows none."""
    given = members(point)
    if given is None:
        return f"a point is an object, not {str(point)[:40]!r}"
    header, body = members(given.get("header", {})), members(given.get("body", given))
    named = None if header is None else members(header.get("schema_id", {}))
    if header is None or body is None or named is None:
        return "header and body are objects, and so is schema_id"
    if not is_instant(header.get("creation_date_time", "2000-01-01T00:00:00Z")):
        return f"creation_date_time is '{header['creation_date_time']}', no time"
    name = str(named.get("name") or _measure(body))
    known = schemas().get(name)
    if known is None:
        return f"no schema of namespace omh that is known here is called '{name[:40]}'" if name else "no known measure"
    version = str(named.get("version") or hint)
    tried = [schema for schema in known if schema.version == version] or list(known)
    faults = [fault(body, schema) for schema in tried]
    for schema, wrong in zip(reversed(tried), reversed(faults), strict=True):
        if wrong is None:
            return schema, body, header
    return faults[-1] or ""


def _measure(body: Point) -> str:
    """The schema whose measure a bare body holds."""
    for name, versions in schemas().items():
        if any(measure in body for measure in versions[0].must if measure in content()["codes"]):
            return name
    return ""


def _time(frame: Mapping[str, Any]) -> Instant | None:
    """When a value holds: at an instant, or at the end of its interval."""
    if "date_time" in frame:
        return instant(frame["date_time"].upper())
    span = frame.get("time_interval")
    if not span:
        return None
    if "end_date_time" in span:
        return instant(span["end_date_time"].upper())
    if "start_date_time" in span:
        return instant(span["start_date_time"].upper()) + round(seconds(span["duration"]) * SECOND)
    return instant(f"{span['date']}T00:00:00Z") + DAY


def _fact(name: str, body: Point, when: tuple[str, Instant, Instant, str], terms: Terms) -> Observation | Rejected:
    id, at, recorded, where = when
    given, table = body[name], content()
    specimen = body.get("specimen_source") or body.get("blood_specimen_type")
    code = table["specimens"].get(specimen, table["codes"][name]) if name == "blood_glucose" else table["codes"][name]
    if members(given) and given["unit"] == "Ton":
        given = {"unit": "[lb_av]", "value": 2000 * given["value"]}  # the short ton
    quantity = members(given) or {"unit": "steps", "value": given}
    amount, unit = float(quantity["value"]), table["units"].get(quantity["unit"], quantity["unit"])
    value: Value = Count(int(amount)) if name == "step_count" and amount.is_integer() else Exact(amount)
    entry = terms.codes.get(code)
    if entry is not None and entry.limits is not None and (wrong := check(value, unit, entry.limits, name)):
        return reject(*wrong, source=where, raw=str(given), code=code)
    return Observation(
        id=f"{id}.{name}", code=code, value=value, unit=unit, at=at, recorded=recorded, source="openmhealth"
    )
