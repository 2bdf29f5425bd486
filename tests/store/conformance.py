"""What every store must do, whatever it is made of.

A store's own test module subclasses `StoreConformance` and gives a fixture `reopen`: called, it opens one
and the same empty store (with `cipher`, `journal`, `access`, `now`, as given) after closing what it opened
before.  A fixture `at_rest` gives every byte that the store keeps.
"""

from __future__ import annotations

import pytest

from gemel.core.ports import Store
from tests.store.document_laws import DocumentLaws
from tests.store.fact_laws import FactLaws
from tests.store.ledger_laws import LedgerLaws
from tests.store.secrecy_laws import SecrecyLaws
from tests.store.toys import ANN, SUBJECT, Reopen
from tests.store.trust_laws import TrustLaws
from tests.store.write_laws import WriteLaws


class StoreConformance(FactLaws, LedgerLaws, TrustLaws, WriteLaws, DocumentLaws, SecrecyLaws):
    """All of them.  A subclass provides `reopen` and `at_rest`."""

    @pytest.fixture
    def store(self, reopen: Reopen) -> Store:
        store = reopen()
        store.enrol(SUBJECT, ANN)
        return store
