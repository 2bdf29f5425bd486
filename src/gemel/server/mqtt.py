"""Readings from devices over MQTT 5: a message is acknowledged to the broker once what it says is durable.

    gemel/SUBJECT/observations, gemel/SUBJECT/interventions    rows as JSON (see `batch`): one, a list, or columns
    gemel/SUBJECT/waveforms                                    a `Waveform` as MessagePack, or a list of them

Quality of service 1 with acknowledgement by hand and a session that outlives the connection: what was not acknowledged
the broker sends again, at most `IN_FLIGHT` messages at a time, which is the back-pressure.  A message that comes twice
is recognised by its content.  One that cannot be read is kept as rejected, with its topic, and acknowledged: sending it
again would not mend it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final, final
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from ..core.errors import GemelError, IngestError
from ..core.extra import require
from ..core.fact import Rejected
from ..core.ports import Caller
from ..core.writing import Receipt, Waveform, Write
from ..runtime.site import wall_clock
from .batch import Reader, read
from .context import Health, Service
from .enrolled import Enrolled
from .inbox import Busy

__all__ = ["TOPICS", "MqttSubscriber", "writes_of"]

TOPICS: Final = ("gemel/+/observations", "gemel/+/interventions", "gemel/+/waveforms")
IN_FLIGHT: Final = 500
"""Messages that the broker may have sent and not yet seen acknowledged."""
FOREVER: Final = 0xFFFFFFFF
"""A session that does not expire (MQTT 5, section 3.1.2.11.2)."""
CALLER: Final = Caller(id="mqtt", role="device", purpose="care")
RAW_LENGTH: Final = 200
_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
_log = logging.getLogger("gemel.server")


@final
class MqttSubscriber:
    """Subscribes to the broker that the settings name."""

    name = "mqtt"

    def __init__(self, service: Service) -> None:
        self._service, self._where = service, address_of(service.settings.mqtt or "")
        self._enrolled = Enrolled(service.store)
        self._connected = False
        self._client: Any = None
        self._taken = 0
        self._work: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin; where the broker cannot be reached, go on trying.  IngestError for an address that is none."""
        paho = require("paho.mqtt.client", "serve")
        properties = require("paho.mqtt.properties", "serve").Properties(
            require("paho.mqtt.packettypes", "serve").PacketTypes.CONNECT
        )
        properties.SessionExpiryInterval, properties.ReceiveMaximum = FOREVER, IN_FLIGHT
        self._loop = asyncio.get_running_loop()
        client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id=f"gemel-{self._service.settings.site}",
            protocol=paho.MQTTv5, manual_ack=True,
        )  # fmt: skip
        if self._where.username is not None:
            client.username_pw_set(unquote(self._where.username), unquote(self._where.password or ""))
        if self._where.scheme == "mqtts":
            client.tls_set()
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        host, port = self._where.hostname or "", self._where.port or _PORTS[self._where.scheme]
        client.connect_async(host, port, clean_start=False, properties=properties)
        client.loop_start()
        self._client = client

    async def stop(self) -> None:
        """Finish what was begun; the broker keeps the rest for the next start."""
        await asyncio.to_thread(self._client.disconnect)
        if self._work:
            await asyncio.wait(self._work)
        await asyncio.to_thread(self._client.loop_stop)

    def health(self) -> Health:
        """Whether the broker is connected, and how many messages were taken in."""
        place = f"{self._where.hostname}:{self._where.port or _PORTS[self._where.scheme]}"
        if not self._connected:
            return Health(False, f"no connection to {place}: trying again")
        return Health(True, f"{place}: {self._taken} messages, {len(self._work)} in hand")

    def _on_connect(self, client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        """Called by the client's thread."""
        self._connected = not reason.is_failure
        if reason.is_failure:
            _log.error("broker refused", extra={"reason": str(reason)})
        else:
            client.subscribe([(topic, 1) for topic in TOPICS])

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._connected = False
        _log.warning("broker disconnected", extra={"reason": str(reason)})

    def _on_message(self, _client: Any, _data: Any, message: Any) -> None:
        self._loop.call_soon_threadsafe(self._begin, message)

    def _begin(self, message: Any) -> None:
        work = asyncio.ensure_future(self._take(message))
        self._work.add(work)
        work.add_done_callback(self._work.discard)

    async def _take(self, message: Any) -> None:
        """Make one message durable, however long that takes, then acknowledge it."""
        writes = await asyncio.to_thread(
            writes_of, message.topic, message.payload, lambda own: self._enrolled.has(own, CALLER)
        )
        while True:
            try:
                await self._service.inbox.put(writes, CALLER)
                break
            except Busy as busy:
                await asyncio.sleep(busy.after_s)
            except GemelError as error:
                if writes[0].subject == "":  # not even the rejected row could be kept: the broker keeps the message
                    _log.error("message not kept", extra={"topic": message.topic, "reason": str(error)})
                    return
                writes = [_refused(message.topic, message.payload, str(error))]
        self._client.ack(message.mid, message.qos)
        self._taken += 1


def address_of(url: str) -> SplitResult:
    """The parts of 'mqtt://[user:password@]host[:port]'; IngestError for what is none."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise IngestError(f"'{url}' is no broker's address: give mqtt://host:1883, or mqtts:// for TLS")
    return parts


def writes_of(topic: str, payload: bytes, enrolled: Callable[[str], bool]) -> list[Write]:
    """What a message says, as writes; the first carries the receipt by which a second coming is recognised."""
    _, subject, kind = topic.split("/", 2)
    try:
        writes = _waves(subject, payload, enrolled) if kind == "waveforms" else _rows(topic, subject, payload, enrolled)
    except (GemelError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        return [_refused(topic, payload, str(error))]
    digest = blake2b(topic.encode() + b"\0" + payload, digest_size=16).hexdigest()
    receipt = Receipt(channel="mqtt", id=digest, reply=b"")
    first = writes[0] if writes else Write()
    return [msgspec.structs.replace(first, receipt=receipt), *writes[1:]]


def _rows(topic: str, subject: str, payload: bytes, enrolled: Callable[[str], bool]) -> list[Write]:
    return read(payload, "application/json", Reader(subject, enrolled, wall_clock(), topic)).writes()


_WAVES: Final[msgspec.msgpack.Decoder[Waveform | list[Waveform]]] = msgspec.msgpack.Decoder(Waveform | list[Waveform])


def _waves(subject: str, payload: bytes, enrolled: Callable[[str], bool]) -> list[Write]:
    if not enrolled(subject):
        raise IngestError(f"no subject '{subject}' here: enrol it with POST /api/subjects")
    found = _WAVES.decode(payload)
    came = wall_clock()
    waves = found if isinstance(found, list) else [found]
    stamped = tuple(msgspec.structs.replace(w, recorded=w.recorded or came) for w in waves)
    return [Write(subject=subject, waveforms=stamped)]


def _refused(topic: str, payload: bytes, reason: str) -> Write:
    raw = payload[:RAW_LENGTH].decode(errors="replace")
    return Write(rejected=(Rejected(reason=f"unreadable message: {reason}", source=topic, raw=raw),))
