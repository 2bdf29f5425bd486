"""Accounts of files add up to the account of a folder."""

from __future__ import annotations

from gemel.ingest.account import Account


def made(*words: str) -> Account:
    account = Account("file", "hl7v2")
    account.most("top", 2)
    for word in words:
        account.count("messages")
        account.tally("types", word)
        account.tally("top", word)
        account.distinct("people", word)
    account.put("mean", len(words))
    account.skip("nothing")
    return account


def test_numbers_tallies_and_distinct_words_add_up_and_values_stay_the_file_s_own() -> None:
    total = Account("folder")
    for account in (made("a", "b"), made("b", "c", "c")):
        total.add(account)
    assert total.to_dict() == {
        "messages": 5, "people": 3, "types": {"a": 1, "b": 2, "c": 2}, "top": {"b": 2, "c": 2},
    }  # fmt: skip
    assert total.skipped == {"nothing": 2}


def test_of_equally_common_words_those_that_came_first_are_shown() -> None:
    assert made("z", "y", "x").to_dict()["top"] == {"z": 1, "y": 1}
