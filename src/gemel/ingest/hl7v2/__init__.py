"""HL7 v2: messages from files, MLLP frames and batches, any field by its path, and ADT events.

for message in hl7v2.read(Path("feed.hl7")): message.get("PV1-3.1")
for event in hl7v2.events(hl7v2.read(Path("feed.hl7")), zone="Europe/London"): ...
"""

from .adt import MOVEMENTS, AdtEvent, adt_events, events
from .framing import messages, read, split
from .message import NULL, Message, Separators, parse
from .times import timestamp

__all__ = [
    "MOVEMENTS",
    "NULL",
    "AdtEvent",
    "Message",
    "Separators",
    "adt_events",
    "events",
    "messages",
    "parse",
    "read",
    "split",
    "timestamp",
]
