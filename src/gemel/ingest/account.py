"""The account of one source: what it held in its own words, and what was passed over and why.

A reader counts while it reads; every number is kept in a form that adds up, so that the accounts of a folder's files
make the account of the folder.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, final

__all__ = ["Account"]


@final
class Account:
    """`name`: the file; `format`: what it was recognised as; `feed`: the sender, where a format has one.

    `error` says why the file could not be read, or not to its end; what was read before that is kept.  `accepted`: no
    row of it was rejected.
    """

    def __init__(self, name: str, format: str = "") -> None:
        self.name, self.format = name, format
        self.feed = self.error = ""
        self.accepted = True
        self.skipped: Counter[str] = Counter()
        self._numbers: Counter[str] = Counter()
        self._tallies: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._distinct: defaultdict[str, set[str]] = defaultdict(set)
        self._values: dict[str, Any] = {}
        self._most: dict[str, int] = {}

    def skip(self, reason: str, count: int = 1) -> None:
        """Count items that are known, harmless and carry no fact."""
        self.skipped[reason] += count

    def count(self, key: str, number: int = 1) -> None:
        """Add to a number; with 0 it stands in the account even when nothing comes."""
        self._numbers[key] += number

    def tally(self, key: str, word: str, number: int = 1) -> None:
        """Add to a number by word: how many of each type."""
        self._tallies[key][word] += number

    def most(self, key: str, number: int) -> None:
        """Show only the commonest words of a tally; of equally common ones those that came first."""
        self._most[key] = number

    def distinct(self, key: str, word: str) -> None:
        """Count a word once, however often it comes."""
        self._distinct[key].add(word)

    def put(self, key: str, value: object) -> None:
        """Say something of this file that does not add up: a mean, a name, a shape."""
        self._values[key] = value

    def add(self, other: Account) -> None:
        """Take in another file's numbers, tallies and distinct words; its values stay its own."""
        self._numbers.update(other._numbers)
        self.skipped.update(other.skipped)
        for key, words in other._tallies.items():
            self._tallies[key].update(words)
        for key, found in other._distinct.items():
            self._distinct[key] |= found
        self._most.update(other._most)

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists and numbers."""
        shown = {
            key: dict(words.most_common(self._most.get(key))) if key in self._most else dict(words)
            for key, words in self._tallies.items()
        }
        distinct = {key: len(found) for key, found in self._distinct.items()}
        return {**self._numbers, **distinct, **shown, **self._values}
