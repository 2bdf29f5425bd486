"""OpenTelemetry traces: off unless the environment names an exporter, as the OpenTelemetry specification says it.

    OTEL_EXPORTER_OTLP_ENDPOINT (or ..._TRACES_ENDPOINT)   spans go there by OTLP (package opentelemetry-exporter-otlp)
    OTEL_TRACES_EXPORTER=console                           spans are printed
    OTEL_TRACES_EXPORTER=none                              nothing, whatever else is set

Source: OpenTelemetry specification, "Environment Variable Specification", section Exporter Selection.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import entry_points

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter

from ..core.errors import MissingExtraError
from .observe import Span

__all__ = ["exporter_of", "opened", "spans"]


def exporter_of(environment: Mapping[str, str]) -> SpanExporter | None:
    """The exporter that the environment asks for, if any; MissingExtraError when its package is not there."""
    told = any(key.startswith("OTEL_EXPORTER_") for key in environment)
    name = environment.get("OTEL_TRACES_EXPORTER", "otlp" if told else "none").strip().lower()
    if name in ("", "none"):
        return None
    if name == "console":
        return ConsoleSpanExporter()
    wanted = name
    if name == "otlp":
        wanted = "otlp_proto_http" if "http" in environment.get("OTEL_EXPORTER_OTLP_PROTOCOL", "http") else "otlp"
    found = next(iter(entry_points(group="opentelemetry_traces_exporter", name=wanted)), None)
    if found is None:
        raise MissingExtraError(
            f"the environment asks for the trace exporter '{name}', which is not installed: "
            "pip install opentelemetry-exporter-otlp, or set OTEL_TRACES_EXPORTER=none"
        )
    return found.load()()


def opened(environment: Mapping[str, str]) -> Span | None:
    """What opens spans that the environment's exporter gets; None when it names none."""
    exporter = exporter_of(environment)
    if exporter is None:
        return None
    provider = TracerProvider(resource=Resource.create({"service.name": "gemel"}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return spans(provider)


def spans(provider: TracerProvider) -> Span:
    """Opens a span of a name with attributes, inside the one that is open."""
    tracer = provider.get_tracer("gemel")
    return lambda name, attributes: tracer.start_as_current_span(name, attributes=attributes)
