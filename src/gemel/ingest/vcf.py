"""VCF files, 4.0 to 4.5, plain or gzip (bgzip too): checked line by line; genotypes kept, pharmacogenes called.

A line that breaks the specification is a rejected row with its number and reason, and `valid` in the account says
whether there was none.  The file itself becomes a document, named by its SHA-256 in a fact 'gemel:genotype', and each
sample's pharmacogenes become Level facts.  A file of one sample is about the subject of the terms, unless it is told
whose the sample is; with several samples each is a person of its own, known by the sample's name.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import final

from gemel.core.clock import instant
from gemel.core.fact import Asset, Instant, Level, Observation, Rejected
from gemel.core.writing import Document, Write

from .account import Account
from .feed import reject
from .pharmacogenes import Genes
from .portions import PORTION
from .source import Line, Source, lines, name_of, whole
from .terms import Terms
from .vcf_header import Header
from .vcf_record import Record, record

__all__ = ["KIND", "read"]

KIND = "gemel/vcf"
"""The kind of document that a file is kept as."""
_LARGEST = 1 << 28
"""Bytes of a file that is kept whole: 256 MiB, decompressed; of a larger one only facts and hash are kept."""
_RECENT = 4096
"""Variants that a new one is compared with, to find one that stands twice."""


def read(source: Source, terms: Terms, account: Account) -> Iterator[Write]:
    """Rejected lines first, as they come; genotypes and pharmacogenes at the end, where the header was sound."""
    name, check = name_of(source), _Check()
    digest, size = sha256(), 0
    waiting: list[Rejected] = []
    for line in lines(source):
        digest.update(line.data + b"\n")
        size += len(line.data) + 1
        fault = check.line(line)
        if fault:
            text = line.data[:300].decode(errors="replace")
            waiting.append(reject(f"VCF {fault[0]}", f"line {line.number}: {fault[1]}", source=name, raw=text))
            account.count("faults")
        if len(waiting) >= PORTION:
            yield Write(subject=terms.subject, rejected=tuple(waiting))
            waiting.clear()
    if not check.header.done:
        waiting.append(reject("VCF header", "the line of column names is missing or wrong", source=name, raw=""))
    if waiting:
        yield Write(subject=terms.subject, rejected=tuple(waiting))
    account.put("valid", check.sound and check.header.done)
    account.put("version", f"4.{check.header.minor}")
    account.count("records", check.records)
    for reason, times in check.notes.items():
        account.skip(reason, times)
    if check.header_sound and check.header.done and check.records:
        content = whole(source) if size <= _LARGEST else None
        yield from _people(check, (name, digest.hexdigest(), content), terms, account)


@final
class _Check:
    """One file: its header, and what one line can only say beside others."""

    def __init__(self) -> None:
        self.header, self.genes = Header(), Genes()
        self.sound = self.header_sound = True
        self.records = 0
        self.notes: dict[str, int] = {}
        self._chrom, self._position = "", -1
        self._left: set[str] = set()
        self._seen: set[tuple[int, str, str]] = set()
        self._order: deque[tuple[int, str, str]] = deque()

    def line(self, line: Line) -> tuple[str, str] | None:
        """Kind and detail of what is wrong with a line."""
        fault = self._line(line)
        if fault:
            self.sound = False
            self.header_sound &= fault[0] != "header"
        return fault

    def _line(self, line: Line) -> tuple[str, str] | None:
        if line.state == "open" and self.header.minor >= 5:
            self._note("a last line without line break")
        elif line.state != "whole":
            why = {"open": "the last line has no line break, so it may be cut short", "long": "it has over 16 MiB"}
            return "truncated", why.get(line.state, "the compressed file is damaged or ends here")
        try:
            text = line.data.decode()
        except UnicodeDecodeError:
            return ("record" if self.header.done else "header"), "the line is not UTF-8 text"
        if not self.header.done:
            fault = self.header.line(text, line.number)
            return ("header", fault) if fault else None
        if not text:
            return "record", "the line is empty"
        found = record(text, self.header)
        if isinstance(found, str):
            return "record", found
        fault = self._beside_others(found)
        if fault is None or fault[0] == "order":  # a line in the wrong place is no less true
            self.records += 1
            self.genes.take(found)
        return fault

    def _note(self, reason: str) -> None:
        """Something that the specification forbids and its own test files of version 4.5 do."""
        self.notes[reason] = self.notes.get(reason, 0) + 1

    def _beside_others(self, found: Record) -> tuple[str, str] | None:
        """Sequences in one piece, positions that do not go back, no variant twice."""
        chrom = found.chrom.strip("<>")
        if chrom != self._chrom:
            if chrom in self._left:
                return "record", f"CHROM {chrom} comes again after another sequence"
            self._left.add(chrom)
            self._chrom, self._position = chrom, -1
            self._seen.clear()
            self._order.clear()
        back = found.position < self._position
        if back and self.header.minor >= 5:
            self._note("positions that go back")
        self._position = max(self._position, found.position)
        twice = [variant for variant in _variants(found) if variant in self._seen]
        for variant in _variants(found):
            self._seen.add(variant)
            self._order.append(variant)
        while len(self._order) > _RECENT:
            self._seen.discard(self._order.popleft())
        if twice:
            return "record", f"the variant {twice[0][1]}>{twice[0][2]} at {twice[0][0]} stands twice"
        if back and self.header.minor < 5:
            return "order", f"POS {found.position} comes after {self._position}: positions must not go back"
        return None


def _variants(found: Record) -> list[tuple[int, str, str]]:
    """Alternatives made of bases, without what they share with the reference at either end."""
    ref = found.alleles[0].upper()
    made: list[tuple[int, str, str]] = []
    for alternative in found.alleles[1:]:
        if not alternative.isalpha():
            continue
        place, before, after = found.position, ref, alternative.upper()
        while len(before) > 1 and len(after) > 1 and before[-1] == after[-1]:
            before, after = before[:-1], after[:-1]
        while len(before) > 1 and len(after) > 1 and before[0] == after[0]:
            place, before, after = place + 1, before[1:], after[1:]
        made.append((place, before, after))
    return made


def _people(check: _Check, file: tuple[str, str, bytes | None], terms: Terms, account: Account) -> Iterator[Write]:
    name, digest, content = file
    at = _date(check.header.date)
    recorded = terms.recorded if terms.recorded is not None else at
    samples = check.header.samples
    for place, sample in enumerate(samples):
        identifiers = (f"vcf:sample|{sample}",) if len(samples) > 1 and not terms.chosen else ()
        subject = terms.who(identifiers) if identifiers else terms.subject
        id = f"{subject}.vcf-{digest[:32]}"
        papers = (Document(kind=KIND, id=id, body=content, recorded=recorded),) if content is not None else ()
        facts = [_fact((f"{id}.{place}", "gemel:genotype"), Asset(digest), (at, recorded), name)]
        for gene, level in check.genes.called(place):
            account.tally("genes", gene)
            facts.append(_fact((f"{id}.{place}.{gene}", f"gemel:{gene}"), Level(level), (at, recorded), name))
        yield Write(subject=subject, identifiers=identifiers, facts=tuple(facts), documents=papers)


def _fact(what: tuple[str, str], value: Asset | Level, when: tuple[Instant, Instant], name: str) -> Observation:
    (id, code), (at, recorded) = what, when
    return Observation(id=id, code=code, value=value, unit="1", at=at, recorded=recorded, source=f"vcf/{name}")


def _date(text: str) -> Instant:
    """The day the file was made; a genotype holds for life, so where none is given it stands at the start of 1970."""
    try:
        return instant(datetime.strptime(text[:10].replace("-", ""), "%Y%m%d"), tz="UTC")
    except (ValueError, OverflowError):
        return 0
