"""What every store must do, whatever it is made of.

A store's own test module subclasses `StoreConformance` and gives a fixture `reopen`: called, it opens one
and the same empty store (with `cipher`, `journal`, `access`, `now`, as given) after closing what it opened
before.
"""

from __future__ import annotations

import pytest

from gemel.core.ports import Store
from tests.store.fact_laws import FactLaws
from tests.store.ledger_laws import LedgerLaws
from tests.store.toys import ANN, SUBJECT, Reopen
from tests.store.trust_laws import TrustLaws


class StoreConformance(FactLaws, LedgerLaws, TrustLaws):
    """All of them.  A subclass provides `reopen`."""

    @pytest.fixture
    def store(self, reopen: Reopen) -> Store:
        store = reopen()
        store.enrol(SUBJECT, ANN)
        return store
