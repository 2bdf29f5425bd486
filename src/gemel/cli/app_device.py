"""`gemel simulate device` and its options."""

from __future__ import annotations

from typing import Annotated

import typer

from ..core.errors import GemelError

__all__ = ["DeviceKind", "Minutes", "Mqtt", "Speed", "device_command"]

Mqtt = Annotated[str, typer.Option("--mqtt", help="device: the broker to publish to")]
DeviceKind = Annotated[str, typer.Option("--kind", help="device: cgm or monitor")]
Speed = Annotated[float, typer.Option("--speed", help="device: simulated seconds in one second")]
Minutes = Annotated[float, typer.Option("--minutes", help="device: minutes that are simulated")]


def device_command(
    mqtt: str, subject: str | None, kind: str, pace: tuple[float, float], *, seed: int, json: bool
) -> None:
    """Publish as a device on an enrolled subject would; `pace`: minutes in all, and speed."""
    from . import console
    from .device import Device, simulate_device

    if not subject:
        raise GemelError("--subject says on whom the device is: enrol them first (POST /api/subjects)")
    minutes, speed = pace
    shape = simulate_device(Device(mqtt, subject, kind, minutes, speed, seed))
    if json:
        return console.emit(shape)
    console.say(f"{shape.kind} on {shape.subject}: {shape.messages:,} messages, {shape.readings:,} readings, "
                f"{shape.samples:,} samples from {shape.begin} to {shape.end} in {shape.seconds:.1f} s")  # fmt: skip
