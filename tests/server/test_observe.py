from __future__ import annotations

import asyncio
import json
import logging

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gemel.core.errors import MissingExtraError
from gemel.server.observe import instruments
from gemel.server.observe_logs import JsonLines
from gemel.server.observe_traces import exporter_of, opened, spans
from gemel.store import SqliteStore


def test_a_request_and_the_commit_inside_it_are_one_trace(serving):
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))

    async def run():
        async with serving(told=instruments(spans(provider))) as served:
            await served.client.post("/api/subjects", json={"id": "a"})
            kept.clear()
            row = {"code": "secret-code", "value": 1, "at": 0}
            assert (await served.client.post("/api/subjects/a/observations", json=row)).status_code == 200

    asyncio.run(run())
    by_name = {span.name: span for span in kept.get_finished_spans()}
    request, commit = by_name["request"], by_name["commit"]
    assert request.attributes["http.route"] == "/api/subjects/{subject}/observations"
    assert commit.parent.span_id == request.context.span_id
    assert commit.attributes["items"] == 2  # the write and its fact
    assert "secret-code" not in "".join(span.to_json() for span in by_name.values())


@pytest.mark.parametrize(
    ("environment", "kind"),
    [
        ({}, None),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, None),
        ({"OTEL_TRACES_EXPORTER": "console"}, "ConsoleSpanExporter"),
    ],
)
def test_traces_are_off_unless_the_environment_names_an_exporter(environment, kind):
    found = exporter_of(environment)
    assert (found and type(found).__name__) == kind
    assert (opened({}) is None) and opened({"OTEL_TRACES_EXPORTER": "none"}) is None


def test_an_exporter_that_is_not_installed_is_named():
    with pytest.raises(MissingExtraError, match="'jaeger', which is not installed"):
        exporter_of({"OTEL_TRACES_EXPORTER": "jaeger"})


def test_paths_are_counted_as_patterns_and_unknown_ones_together(serving):
    async def run():
        async with serving() as served:
            for path in ("/api/subjects/anna", "/api/subjects/bert", "/nowhere/anna", "/nowhere/bert"):
                assert (await served.client.get(path)).status_code == 404
            text = (await served.client.get("/metrics")).text
            assert 'gemel_requests_total{method="GET",route="/api/subjects/{subject}",status="404"} 2.0' in text
            assert 'gemel_requests_total{method="GET",route="unmatched",status="404"} 2.0' in text
            assert "anna" not in text

    asyncio.run(run())


def test_a_log_line_is_one_json_object_with_its_figures():
    record = logging.LogRecord("gemel.server", logging.INFO, "p", 1, "part %s", ("started",), None)
    record.part = "mllp"
    line = JsonLines().format(record)
    told = json.loads(line)
    assert "\n" not in line
    assert {k: told[k] for k in ("level", "logger", "event", "part")} == {
        "level": "info", "logger": "gemel.server", "event": "part started", "part": "mllp",
    }  # fmt: skip
    try:
        raise ValueError("why")
    except ValueError as error:
        record.exc_info = (ValueError, error, error.__traceback__)
    assert "ValueError: why" in json.loads(JsonLines().format(record))["trace"]


def test_a_fault_of_ours_is_told_without_details_and_logged_with_them(serving, caplog, monkeypatch):
    def broken(*_):
        raise RuntimeError("anna's glucose")

    async def run():
        async with serving() as served:
            await served.client.post("/api/subjects", json={"id": "a"})
            monkeypatch.setattr(SqliteStore, "subjects", broken)
            monkeypatch.setattr(SqliteStore, "submit", broken)
            for told in (
                await served.client.get("/api/subjects"),
                await served.client.post("/api/subjects/a/observations", json={"code": "c", "value": 1, "at": 0}),
            ):
                assert (told.status_code, told.headers["content-type"]) == (500, "application/problem+json")
                assert "anna" not in told.text

    with caplog.at_level(logging.ERROR, logger="gemel.server"):
        asyncio.run(run())
    assert sum(record.message == "fault" and bool(record.exc_info) for record in caplog.records) == 2
