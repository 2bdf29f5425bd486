"""A message of FHIR resources as writes: ids, references, whose is whose, and that nothing is lost."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemel.core.errors import IngestError
from gemel.core.subject import Subject
from gemel.core.writing import Write
from gemel.ingest.account import Account
from gemel.ingest.feed import Feed
from gemel.ingest.fhir.addressing import address
from gemel.ingest.fhir.entered import Entered, Place, entered, writes
from gemel.ingest.fhir.envelope import Envelope, opened
from gemel.ingest.fhir.imports import read
from gemel.ingest.terms import Terms

Json = dict[str, Any]
URN = "urn:uuid:0c5e6ce6-6b0a-4a33-9d3c-0f6f5a1d0001"
UUID = URN.removeprefix("urn:uuid:")
AT = "2026-03-01T08:30:00Z"
LOINC = {"coding": [{"system": "http://loinc.org", "code": "1"}]}
HEADS = [b"", b"{", b'{"resourceType":"Bundle","entry":[{"resource":', b'{"resourceType":"List",']
OURS = ("id", "resourceType", "identifier")


def observation(about: Json | None, **more: Any) -> Json:
    value = {"value": 5, "unit": "mmol/L", "system": "http://unitsofmeasure.org", "code": "mmol/L"}
    base = {
        "resourceType": "Observation", "status": "final",
        "code": LOINC, "effectiveDateTime": AT, "valueQuantity": value,
    }  # fmt: skip
    return base | ({"subject": about} if about else {}) | more


def posted(url: str, resource: Json, **request: Any) -> Json:
    return {
        "fullUrl": url,
        "resource": resource,
        "request": {"method": "POST", "url": resource["resourceType"]} | request,
    }


def message(*entries: Json, type: str = "transaction") -> bytes:
    return json.dumps({"resourceType": "Bundle", "type": type, "entry": list(entries)}).encode()


def sent(content: bytes, find: Any = lambda kind, token: None) -> tuple[Envelope, list[Entered]]:
    envelope = opened(content)
    address(envelope, find)
    return envelope, entered(envelope, Place(7), Feed("x", lambda _: iter(())))


def body(one: Entered) -> Json:
    return json.loads(one.document.body)


def test_ids_are_made_of_addresses_and_are_the_same_each_time() -> None:
    content = message(
        posted(URN, {"resourceType": "Patient"}), posted("urn:uuid:x", observation({"reference": URN})),
        posted("http://there/Observation/1", observation({"reference": URN})),
    )  # fmt: skip
    _, first = sent(content)
    _, again = sent(content)
    assert [one.document for one in first] == [one.document for one in again]
    who, *rest = first
    assert who.document.id == who.subject == UUID and who.enrol == Subject(id=UUID)
    for one in rest:
        assert one.subject == UUID and one.document.id.startswith(f"{UUID}.") and not one.document.shared
        assert 37 < len(one.document.id) <= 64 and body(one)["id"] == one.document.id
    assert len({one.document.id for one in rest}) == 2


def test_what_a_client_names_keeps_its_name() -> None:
    own = {"fullUrl": "x", "resource": observation({"reference": "Patient/p"}, id="mine"),
           "request": {"method": "PUT", "url": "Observation/mine"}}  # fmt: skip
    _, (one,) = sent(message(own))
    assert one.document.id == "mine" and one.document.shared and one.subject == "p"
    _, (bare,) = sent(json.dumps(observation({"reference": "Patient/p"}, id="mine")).encode())
    assert bare.document.id == "mine"


@pytest.mark.parametrize(
    ("pointer", "subject"),
    [
        ({"reference": "Patient/p"}, "p"),
        ({"reference": "http://there/fhir/Patient/p/_history/3"}, "p"),
        ({"reference": "urn:uuid:p"}, "p"),
        ({"reference": "Patient?identifier=urn:mrn|1"}, "found"),
        ({"identifier": {"system": "urn:mrn", "value": "1"}}, "found"),
        ({"reference": "Device/d"}, ""),
        ({"reference": "Group/g"}, ""),
        ({"display": "somebody"}, ""),
        (None, ""),
    ],
)
def test_whom_a_resource_is_about(pointer: Json | None, subject: str) -> None:
    known = {"urn:mrn|1": "found"}
    _, (one,) = sent(json.dumps(observation(pointer, id="o")).encode(), lambda kind, token: known.get(token))
    assert one.subject == subject
    assert bool(one.facts) == bool(subject)


@pytest.mark.parametrize(
    ("resource", "subject"),
    [
        ({"resourceType": "Coverage", "beneficiary": {"reference": "Patient/p"}}, "p"),
        ({"resourceType": "Task", "for": {"reference": "Patient/p"}}, "p"),
        ({"resourceType": "Account", "subject": [{"reference": "Patient/p"}]}, "p"),
        ({"resourceType": "Appointment", "participant": [{"actor": {"reference": "Location/1"}},
                                                        {"actor": {"reference": "Patient/p"}}]}, "p"),
        ({"resourceType": "Provenance", "target": [{"reference": "Observation/p.1"}]}, "p"),
        ({"resourceType": "AuditEvent", "entity": [{"what": {"reference": "Patient/p"}}]}, "p"),
        ({"resourceType": "Claim", "patient": {"reference": "Patient/p"}, "identifier": {"value": "odd"}}, "p"),
        ({"resourceType": "Organization"}, ""),
        ({"resourceType": "Group", "member": [{"entity": {"reference": "Patient/p"}}]}, ""),
    ],
)  # fmt: skip
def test_types_that_name_their_patient_elsewhere(resource: Json, subject: str) -> None:
    _, (one,) = sent(json.dumps(resource | {"id": "r"}).encode())
    assert one.subject == subject


def test_references_lead_to_the_new_ids_and_texts_stay_as_they_are() -> None:
    note = f'an id is not a reference: "reference":"{URN}"'
    two = observation({"reference": URN}, note=[{"text": note}], identifier=[{"value": URN}],
                      performer=[{"reference": "#inside"}, {"reference": "http://there/Practitioner/9"}])  # fmt: skip
    content = message(
        posted(URN, {"resourceType": "Patient"}), posted("urn:uuid:two", two),
        posted("http://there/Practitioner/9", {"resourceType": "Practitioner", "id": "9"}),
        posted("urn:uuid:3", observation({"reference": URN}, derivedFrom=[{"reference": "urn:uuid:two"}])),
    )  # fmt: skip
    _, (who, second, doctor, third) = sent(content)
    kept = body(second)
    assert kept["subject"] == {"reference": f"Patient/{who.document.id}"}
    assert kept["note"][0]["text"] == note and kept["identifier"] == [{"value": URN}]
    assert kept["performer"] == [{"reference": "#inside"}, {"reference": f"Practitioner/{doctor.document.id}"}]
    assert body(third)["derivedFrom"] == [{"reference": f"Observation/{second.document.id}"}]


def test_writes_are_one_a_subject_and_nobodys_in_one_of_their_own() -> None:
    content = message(
        posted("urn:uuid:a", {"resourceType": "Patient", "identifier": [{"system": "s", "value": "1"}]}),
        posted("urn:uuid:b", {"resourceType": "Patient"}),
        posted("urn:uuid:1", observation({"reference": "urn:uuid:a"})),
        posted("urn:uuid:2", observation({"reference": "urn:uuid:b"})),
        posted("urn:uuid:3", {"resourceType": "Organization", "identifier": [{"system": "s", "value": "H"}]}),
    )  # fmt: skip
    _, done = sent(content)
    made = writes(done)
    assert len(made) == 3 and [len(w.facts) for w in made] == [1, 1, 0]
    assert made[0].identifiers == ("s|1",) and made[0].enrol is not None
    assert made[2].subject == "" and [d.kind for d in made[2].documents] == ["Organization", "gemel/identifier"]


def test_a_kind_that_is_none_is_refused() -> None:
    envelope, done = sent(b'{"resourceType":"gemel/alert","id":"x"}')
    assert (len(envelope.refused), len(done)) == (1, 0)


def _nested(depth: int) -> bytes:
    return b'{"resourceType":"Basic","id":"x","e":' + b"[" * depth + b"]" * depth + b"}"


def test_what_is_taken_can_be_read_again_from_further_down() -> None:
    def below(content: bytes, calls: int) -> Any:
        return below(content, calls - 1) if calls else msgspec.json.decode(content)

    taken_at = [depth for depth in range(100, 1200, 25) if _is_taken(_nested(depth))]
    assert 100 in taken_at and 1100 not in taken_at
    assert below(_nested(taken_at[-1]), 40)


def _is_taken(content: bytes) -> bool:
    try:
        return bool(opened(content).resources)
    except IngestError:
        return False


def test_an_id_that_is_none_is_replaced_by_one_that_is_the_same_each_time() -> None:
    odd = json.dumps(observation({"reference": "Patient/p"}, id="no id/at all" * 9)).encode()
    (_, (one,)), (_, (again,)) = sent(odd), sent(odd)
    assert one.document == again.document and len(one.document.id) <= 64 and body(one)["id"] == one.document.id


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=8) | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(st.text(min_size=1, max_size=6).filter(lambda k: k not in OURS), json_values, max_size=6),
       st.integers(0, 3))  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_a_body_says_what_was_sent_but_for_its_id(extra: Json, indent: int) -> None:
    resource = {"resourceType": "Basic", "id": 'o"1'} | extra
    content = json.dumps(
        {"resourceType": "Bundle", "entry": [posted("urn:uuid:1", resource)]},
        indent=indent or None,
        ensure_ascii=indent == 2,
    )
    _, (one,) = sent(content.encode(errors="surrogatepass"))
    assert body(one) == resource | {"id": one.document.id}


@given(
    st.binary(max_size=200),
    st.sampled_from(HEADS),
)
@settings(max_examples=300, deadline=None)
def test_arbitrary_bytes_give_an_ingest_error_or_an_account_of_every_entry(tail: bytes, head: bytes) -> None:
    try:
        envelope = opened(head + tail)
    except IngestError:
        return
    n = len(envelope.resources) + len(envelope.refused)
    address(envelope, lambda kind, token: None)
    done = entered(envelope, Place(7), Feed("x", lambda _: iter(())))
    assert len(done) + len(envelope.refused) == n


def taken(source: Any, **terms: Any) -> tuple[list[Write], Account]:
    account = Account("x")
    found = Terms(**({"who": lambda ids: f"who:{ids[0]}", "subject": "mine"} | terms))
    return list(read(source, found, account)), account


def test_lines_are_read_each_for_itself_and_a_bad_one_spoils_nothing() -> None:
    good = json.dumps(observation({"reference": "Patient/p"}, id="1")).encode()
    content = b"\n".join([good, b"", b'{"resourceType":"Observation",', good.replace(b'"1"}', b'"2"}'), b'{"a":1}'])
    made, account = taken(content)
    assert sum(len(w.facts) for w in made) == 2
    rejected = [row for w in made for row in w.rejected]
    assert [row.source for row in rejected] == ["bytes#3", "bytes#5"]
    assert account.to_dict()["entries"] == 4 and account.skipped["blank line"] == 1


def test_what_names_nobody_is_the_chosen_subjects() -> None:
    made, _ = taken(json.dumps(observation(None, id="1")).encode())
    assert [w.subject for w in made] == ["mine"] and len(made[0].facts) == 1


def test_compressed_and_marked_files_are_read_alike(tmp_path: Path) -> None:
    content = message(posted(URN, {"resourceType": "Patient"}), posted("urn:uuid:2", observation({"reference": URN})))
    path = tmp_path / "b.json.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + content))
    assert [w.documents for w in taken(path)[0]] == [w.documents for w in taken(content)[0]]


def test_the_sample_bundles_give_the_expected_account(shared: Path) -> None:
    folder = shared / "data" / "platform" / "fhir_synthea_r4"
    expected = json.loads((folder.parent / "expected.json").read_text())["fhir_synthea_r4"]
    for path in sorted(folder.glob("*.json.gz"))[::4]:
        made, account = taken(path)
        assert account.to_dict() == expected[path.name]
        documents = [d for w in made for d in w.documents if "/" not in d.kind]
        assert len(documents) == expected[path.name]["entries"]
        assert not any(w.rejected for w in made)


def test_the_published_examples_are_kept_each(shared: Path) -> None:
    files = sorted((shared / "data" / "platform" / "fhir_examples_r4").glob("*.json"))
    for path in [path for path in files if not path.name.endswith(".indexes.json")]:  # those are no resources
        made, account = taken(path)
        sent_in = json.loads(path.read_bytes())
        n = len(sent_in.get("entry", [])) if sent_in["resourceType"] == "Bundle" else 1
        kept = [d for w in made for d in w.documents if d.kind != "gemel/identifier"]
        refused = [row for w in made for row in w.rejected if row.reason.startswith("no patient")]
        assert len(kept) + len(refused) == n == account.to_dict()["entries"], path.name
        for document in kept:
            assert msgspec.json.decode(document.body)["resourceType"] == document.kind
