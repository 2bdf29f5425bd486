"""HL7 v2: messages from files, MLLP frames and batches, any field by its path, ADT events, and what messages say.

for message in hl7v2.read(Path("feed.hl7")): message.get("PV1-3.1")
for told in hl7v2.said(message, zone="Europe/London"): told.person, told.facts, told.rejected
for event in hl7v2.events(hl7v2.read(Path("feed.hl7")), zone="Europe/London"): ...
"""

from .adt import MOVEMENTS, AdtEvent, adt_events, events
from .framing import messages, read, split
from .message import NULL, Message, Separators, parse
from .said import MERGES, Said, said
from .times import timestamp

__all__ = [
    "MERGES",
    "MOVEMENTS",
    "NULL",
    "AdtEvent",
    "Message",
    "Said",
    "Separators",
    "adt_events",
    "events",
    "messages",
    "parse",
    "read",
    "said",
    "split",
    "timestamp",
]
