"""The tables of CDS Hooks 2.0 as JSON Schema, written from the specification's own text."""

from __future__ import annotations

from typing import Any

import jsonschema

TEXT = {"type": "string", "minLength": 1}
URL = {"type": "string", "pattern": "^https?://"}
CODING = {
    "type": "object", "additionalProperties": False, "required": ["code"],
    "properties": {"code": TEXT, "system": TEXT, "display": TEXT},
}  # fmt: skip
ACTION = {
    "type": "object", "additionalProperties": False, "required": ["type", "description"],
    "properties": {"type": {"enum": ["create", "update", "delete"]}, "description": TEXT,
                   "resource": {"type": "object", "minProperties": 1}, "resourceId": TEXT},
    "allOf": [{"if": {"properties": {"type": {"enum": ["create", "update"]}}}, "then": {"required": ["resource"]}},
              {"if": {"properties": {"type": {"const": "delete"}}}, "then": {"required": ["resourceId"]}}],
}  # fmt: skip
SUGGESTION = {
    "type": "object", "additionalProperties": False, "required": ["label"],
    "properties": {"label": TEXT, "uuid": {"type": "string", "format": "uuid"}, "isRecommended": {"type": "boolean"},
                   "actions": {"type": "array", "minItems": 1, "items": ACTION}},
}  # fmt: skip
CARD = {
    "type": "object", "additionalProperties": False, "required": ["summary", "indicator", "source"],
    "properties": {
        "uuid": {"type": "string", "format": "uuid"}, "summary": {"type": "string", "minLength": 1, "maxLength": 139},
        "detail": TEXT, "indicator": {"enum": ["info", "warning", "critical"]},
        "source": {"type": "object", "additionalProperties": False, "required": ["label"],
                   "properties": {"label": TEXT, "url": URL, "icon": URL, "topic": CODING}},
        "suggestions": {"type": "array", "minItems": 1, "items": SUGGESTION},
        "selectionBehavior": {"enum": ["at-most-one", "any"]},
        "overrideReasons": {"type": "array", "minItems": 1, "items": {**CODING, "required": ["code", "display"]}},
        "links": {"type": "array", "minItems": 1, "items": {
            "type": "object", "additionalProperties": False, "required": ["label", "url", "type"],
            "properties": {"label": TEXT, "url": URL, "type": {"enum": ["absolute", "smart"]}, "appContext": TEXT}}},
    },
    "dependentRequired": {"suggestions": ["selectionBehavior"]},
}  # fmt: skip
RESPONSE = {
    "type": "object", "additionalProperties": False, "required": ["cards"],
    "properties": {"cards": {"type": "array", "items": CARD}},
}  # fmt: skip
DISCOVERY = {
    "type": "object", "required": ["services"],
    "properties": {"services": {"type": "array", "items": {
        "type": "object", "additionalProperties": False, "required": ["hook", "description", "id"],
        "properties": {"hook": TEXT, "id": TEXT, "title": TEXT, "description": TEXT, "usageRequirements": TEXT,
                       "prefetch": {"type": "object", "minProperties": 1, "additionalProperties": TEXT}}}}},
}  # fmt: skip


def cards_of(answer: Any) -> list[dict[str, Any]]:
    """The cards of an answer that has the shape of the specification; no null and nothing empty anywhere in them."""
    told = answer.json()
    assert answer.status_code == 200, told
    jsonschema.validate(told, RESPONSE, format_checker=jsonschema.FormatChecker())
    assert not list(_empty(told["cards"])), told
    return told["cards"]


def _empty(value: Any, top: bool = True) -> Any:
    if value is None or (not top and value in ("", [], {})):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _empty(one, False)
    elif isinstance(value, list):
        for one in value:
            yield from _empty(one, False)
