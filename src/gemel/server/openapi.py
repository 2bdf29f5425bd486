"""What the routes say about themselves in OpenAPI, from the same msgspec types that decode and encode."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast

import msgspec

from .problem import MEDIA_TYPE, Problem

__all__ = ["documented", "rows_of", "schema_of"]


def schema_of(kind: Any) -> dict[str, Any]:
    """The JSON Schema of a type, every reference written out."""
    (schema,), parts = msgspec.json.schema_components([kind], ref_template="#/components/schemas/{name}")
    return _written_out(schema, parts)


def rows_of(row: Any, table: Any) -> dict[str, dict[str, Any]]:
    """Media types and schemas of a body with many rows: any value may stand for a row, as one that is none is taken,
    kept and told by its number."""
    many = {"type": "array", "items": {"anyOf": [schema_of(row), {}]}}
    whole = {"anyOf": [many, schema_of(table)]}
    return {"application/json": whole, "application/x-ndjson": {"type": "string"}, "application/msgpack": whole}


def documented(
    answer: Any,
    *,
    status: int = 200,
    body: Mapping[str, Any] | None = None,
    rows: Mapping[str, dict[str, Any]] | None = None,
    problems: tuple[int, ...] = (),
) -> dict[str, Any]:
    """Keywords for a route: the type of its answer, the types of its body by media type (or `rows_of`), the problems it
    may tell."""
    told: dict[int | str, dict[str, Any]] = {
        status: {"description": "As asked", "content": {"application/json": {"schema": schema_of(answer)}}}
    }
    content = rows or {media: schema_of(kind) for media, kind in (body or {}).items()}
    refused = {MEDIA_TYPE: {"schema": schema_of(Problem)}}
    for number in sorted({422, 503, *((413, 429) if content else ()), *problems}):
        told[number] = {"description": HTTPStatus(number).phrase, "content": refused}
    found: dict[str, Any] = {"status_code": status, "responses": told, "response_model": None}
    if content:
        parts = {media: {"schema": schema} for media, schema in content.items()}
        found["openapi_extra"] = {"requestBody": {"required": True, "content": parts}}
    return found


def _written_out(schema: Any, parts: Mapping[str, Any]) -> Any:
    match schema:
        case {"$ref": str(name)}:
            return _written_out(parts[name.rpartition("/")[2]], parts)
        case dict():
            whole = cast(dict[str, Any], schema)
            return {key: _written_out(value, parts) for key, value in whole.items() if key != "mapping"}
        case list():
            return [_written_out(one, parts) for one in cast(list[Any], schema)]
        case _:
            return schema
