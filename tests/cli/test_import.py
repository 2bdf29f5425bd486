"""`gemel import`: every sample file by its content, and every count that an importer must reproduce."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from gemel.cli.app import run
from gemel.cli.importing import Asked, import_files
from gemel.cli.schemas import schema
from gemel.cli.shapes_import import ImportShape
from gemel.core.errors import IngestError
from gemel.core.ports import Caller
from gemel.store import SqliteStore

HEART = {
    "heart_rate": {"value": 60, "unit": "beats/min"},
    "effective_time_frame": {"date_time": "2013-02-05T07:25:00Z"},
}
HL7 = (
    "MSH|^~\\&|LAB|{site}|||20200101||ORU^R01|{id}|P|2.3\rPID|1||{patient}^^^MRN^MRN\r"
    "OBR|1|||glucose|||20200101080000\rOBX|1|NM|GLU^Glucose||5.5|mmol/L|||||F|||2020010108000{id}\r"
)
PEERS = ("garmin_errors", "cyvcf2", "pixel_error")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "in"
    for name, content in {
        "omh/shouldPass/a.json": json.dumps(HEART),
        "omh/shouldFail/a.json": json.dumps({**HEART, "heart_rate": 60}),
        "omh/shouldFail/b.json": "{}",
        "feed/a.txt": "".join(HL7.format(site="A", id=n, patient=n % 2) for n in range(3)),
        "feed/b.txt": HL7.format(site="B", id=9, patient=5),
        "notes.txt": "hello",
        ".hidden": "{}",
    }.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(content)
    return made


def done(folder: Path, tmp_path: Path, **asked: Any) -> ImportShape:
    return import_files(Asked((folder,), str(tmp_path / "data"), **asked))


def test_folders_are_walked_and_each_file_is_named_by_its_path(folder: Path, tmp_path: Path) -> None:
    shape = done(folder, tmp_path)
    files = {"omh/shouldPass/a.json", "omh/shouldFail/a.json", "feed/a.txt", "feed/b.txt"}
    assert set(shape.by_file) - {"omh", "feed"} == files
    assert {name: count.files for name, count in shape.formats.items()} == {"openmhealth": 2, "hl7v2": 2, "unknown": 2}
    assert set(shape.errors) == {"notes.txt", "omh/shouldFail/b.json"}
    assert "starting with 'hello'" in shape.errors["notes.txt"]


def test_a_folder_of_one_format_has_an_account_of_its_own(folder: Path, tmp_path: Path) -> None:
    shape = done(folder, tmp_path)
    wanted = {"shouldPass": 1, "shouldFail": 2, "shouldPass_accepted": 1, "shouldFail_rejected": 2}
    assert {key: shape.by_file["omh"][key] for key in wanted} == wanted
    feed = shape.by_file["feed"]
    assert (feed["messages"], feed["patients"], feed["OBX"], feed["other_feeds"]) == (3, 2, 3, {"LAB|B": 1})


def test_files_of_one_name_are_told_apart_and_one_file_is_read_once(folder: Path, tmp_path: Path) -> None:
    paths = (folder / "omh/shouldPass", folder / "omh/shouldFail", folder / "omh/shouldPass/a.json")
    shape = import_files(Asked(paths, str(tmp_path / "data")))
    assert shape.formats["openmhealth"].files == 2
    assert {"a.json", (folder / "omh/shouldFail/a.json").as_posix()} <= set(shape.by_file)


def test_the_folder_that_was_asked_for_is_named_like_itself(folder: Path, tmp_path: Path) -> None:
    assert done(folder / "omh", tmp_path).by_file["omh"]["shouldPass"] == 1


def test_what_names_nobody_goes_to_a_new_subject_or_to_the_one_chosen(folder: Path, tmp_path: Path) -> None:
    shape = done(folder / "omh", tmp_path)
    assert shape.new_subject and shape.subject is not None
    chosen = done(folder / "omh", tmp_path, subject="me")
    assert not chosen.new_subject and chosen.subject == "me"
    with SqliteStore(tmp_path / "data" / "gemel.db") as store:
        caller = Caller(id="test")
        assert [len(store.facts(who, caller)) for who in (shape.subject, "me")] == [1, 1]


def test_importing_again_accepts_nothing_new(folder: Path, tmp_path: Path) -> None:
    first = done(folder, tmp_path)
    again = done(folder, tmp_path, subject=first.subject)
    assert first.formats["hl7v2"].accepted == 4
    for name, count in again.formats.items():
        assert (count.accepted, count.repeated) == (0, first.formats[name].accepted)


def test_a_table_of_any_form_is_read_by_its_mapping(tmp_path: Path) -> None:
    mapping, table = tmp_path / "plan.toml", tmp_path / "ours.csv"
    mapping.write_text(
        'name = "ours"\n[time]\ncolumns = ["when"]\n[[value]]\ncolumn = "bg"\ncode = "loinc:99504-3"\nunit = "mmol/L"\n'
    )
    table.write_text("when,bg\n2024-01-01 08:00,5.5\n2024-01-01 09:00,-\n")
    shape = done(table, tmp_path, mapping=mapping, zone="Europe/Paris")
    assert (shape.formats["table"].accepted, shape.formats["table"].rejected) == (1, {"not a number": 1})
    assert shape.by_file["ours.csv"] == {"rows": 2}
    assert "no known format" in done(table, tmp_path).errors["ours.csv"]


def test_a_path_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="does not exist"):
        done(tmp_path / "nowhere", tmp_path)


def test_the_command_prints_json_of_its_schema_and_a_table_for_people(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["import", str(folder), "--data", str(tmp_path / "data")]
    assert run([*arguments, "--json"]) == 0
    jsonschema.validate(json.loads(capsys.readouterr().out), schema("import"))
    assert run(arguments) == 0
    shown = capsys.readouterr().out
    assert "Open mHealth" in shown and "notes.txt" in shown and "names nobody" in shown


@pytest.fixture(scope="module")
def everything(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> ImportShape:
    """The real command in its own process, over all samples."""
    start = "import sys; from gemel.cli.app import run; sys.exit(run(sys.argv[1:]))"
    command = [sys.executable, "-c", start, "import", str(shared / "data/platform"), "--json", "--data"]
    data = str(tmp_path_factory.mktemp("everything"))
    told = subprocess.run([*command, data], capture_output=True, text=True, check=True)
    return msgspec.json.decode(told.stdout, type=ImportShape)


def expected(shared: Path) -> dict[str, Any]:
    return json.loads((shared / "data/platform/expected.json").read_text())


def differences(wanted: dict[str, Any], got: dict[str, Any]) -> dict[str, Any]:
    """Keys that differ, those about peers left out."""
    own = {key: value for key, value in wanted.items() if key not in PEERS and not key.startswith("fitdecode_")}
    return {
        key: (value, got.get(key))
        for key, value in own.items()
        if got.get(key) != (pytest.approx(value, rel=1e-12) if isinstance(value, float) else value)
    }


@pytest.mark.slow
@pytest.mark.parametrize("format", ["fhir_synthea_r4", "fit", "dicom", "wfdb"])
def test_every_count_of_every_file_comes_out(shared: Path, everything: ImportShape, format: str) -> None:
    files = {name: told for name, told in expected(shared)[format].items() if name != "_total"}
    wrong = {name: differences(told, everything.by_file.get(f"{format}/{name}", {})) for name, told in files.items()}
    # the peer gives up here; that every message is read is tested beside the reader
    wrong.pop("compressed-speed-distance.fit", None)
    assert not any(wrong.values()), wrong


@pytest.mark.slow
def test_the_counts_of_all_bundles_add_up(shared: Path, everything: ImportShape) -> None:
    total: dict[str, int] = {}
    for name, told in everything.by_file.items():
        if name.startswith("fhir_synthea_r4/"):
            for kind, number in told["types"].items():
                total[kind] = total.get(kind, 0) + number
    assert total == expected(shared)["fhir_synthea_r4"]["_total"]


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["hl7v2", "openmhealth", "vcf_conformance"])
def test_every_count_of_every_folder_comes_out(shared: Path, everything: ImportShape, folder: str) -> None:
    assert differences(expected(shared)[folder], everything.by_file[folder]) == {}


@pytest.mark.slow
def test_bad_files_are_refused_as_often_as_they_should(shared: Path, everything: ImportShape) -> None:
    vcf, points = everything.by_file["vcf_conformance"], everything.by_file["openmhealth"]
    assert vcf["passed_accepted"] == vcf["passed"] and vcf["failed_rejected"] >= 0.95 * vcf["failed"]
    assert points["shouldPass_accepted"] == points["shouldPass"]
    assert points["shouldFail_rejected"] >= 0.95 * points["shouldFail"]


@pytest.mark.slow
def test_the_phone_s_export_is_counted(shared: Path, everything: ImportShape) -> None:
    assert differences(expected(shared)["apple_health"], everything.by_file["apple_health/export.xml.gz"]) == {}


@pytest.mark.slow
def test_no_file_is_left_unmentioned(shared: Path, everything: ImportShape) -> None:
    root = shared / "data/platform"
    parts = {"wfdb/100.dat", "wfdb/100.atr", "wfdb/v102s.dat"}
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        if path.is_file() and name not in parts:
            assert name in everything.errors or name.removesuffix(".hea") in everything.by_file, name
