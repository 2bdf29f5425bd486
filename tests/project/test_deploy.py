"""What deploy/ and the Makefile say is so: paths exist, options are options, and the broker takes its configuration.

No container engine is asked: an image is not built here.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from gemel.cli.app import app

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")

SERVICE_PORTS = {"8000", "2575"}


@pytest.fixture(scope="module")
def deploy(root: Path) -> Path:
    return root / "deploy"


@pytest.fixture(scope="module")
def compose(deploy: Path) -> dict[str, Any]:
    return yaml.safe_load((deploy / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def steps(deploy: Path) -> list[tuple[str, str]]:
    """The instructions of the Containerfile, continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", (deploy / "Containerfile").read_text(), flags=re.M)
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    found = [line.strip().split(None, 1) for line in lines if line.strip()]
    return [(word.upper(), rest) for word, rest in found]


@pytest.fixture(scope="module")
def serve() -> Any:
    """The command, as typer's own copy of click has it."""
    commands: Any = typer.main.get_command(app)
    return commands.commands["serve"]


def accepted(serve: Any, arguments: list[str]) -> dict[str, Any]:
    """The values of `gemel serve` under these arguments; fails for an option it does not have."""
    return serve.make_context("serve", list(arguments)).params


def of(steps: list[tuple[str, str]], word: str) -> list[str]:
    return [rest for own, rest in steps if own == word]


def test_the_image_serves_on_the_ports_it_exposes_with_options_that_exist(
    steps: list[tuple[str, str]], serve: Any
) -> None:
    command = json.loads(of(steps, "ENTRYPOINT")[-1]) + json.loads(of(steps, "CMD")[-1])
    assert command[:2] == ["gemel", "serve"]
    told = accepted(serve, command[2:])
    assert {str(told["port"]), str(told["mllp_port"])} == set(of(steps, "EXPOSE")[0].split()) == SERVICE_PORTS
    assert told["data"] in of(steps, "VOLUME")
    assert told["host"] == told["mllp_host"] == "0.0.0.0"  # others reach it in its container


def test_every_file_that_the_image_is_built_from_is_there(steps: list[tuple[str, str]], root: Path) -> None:
    copied = [shlex.split(rest)[:-1] for rest in of(steps, "COPY") if not rest.startswith("--from")]
    paths = [path for group in copied for path in group]
    assert {"src", "pyproject.toml", "requirements/demo.txt"} <= set(paths)
    assert [path for path in paths if not (root / path).exists()] == []
    named = re.findall(r"(?:-r|--requirement)\s+(\S+)", " ".join(of(steps, "RUN")))
    assert named and set(named) <= set(paths)


def test_the_wheel_of_the_image_finds_all_that_its_metadata_names(steps: list[tuple[str, str]], root: Path) -> None:
    import tomllib

    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    copied = {path for rest in of(steps, "COPY") for path in shlex.split(rest)[:-1]}
    assert {project["readme"], *project.get("license-files", [])} <= copied


def test_the_image_runs_without_privileges_and_asks_itself_whether_it_is_well(steps: list[tuple[str, str]]) -> None:
    assert of(steps, "USER")[-1] not in ("root", "0")
    assert "/healthz" in of(steps, "HEALTHCHECK")[0]
    assert of(steps, "STOPSIGNAL") == ["SIGTERM"]


def test_the_composed_service_is_started_with_options_that_exist(compose: dict[str, Any], serve: Any) -> None:
    service = compose["services"]["gemel"]
    command = [re.sub(r"\$\{[^}]*\}", "hidden", word) for word in service["command"]]
    assert command[0] == "serve"
    told = accepted(serve, command[1:])
    scheme, _, rest = told["data"].partition("://")
    assert scheme == "postgresql" and rest.partition("@")[2] == "database:5432/gemel"
    assert told["mqtt"] == "mqtt://broker:1883"
    assert told["host"] == told["mllp_host"] == "0.0.0.0"  # the ports below are published on the machine's own address
    assert {port.rpartition(":")[2] for port in service["ports"]} == {str(told["port"]), str(told["mllp_port"])}
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_every_path_and_name_in_the_compose_file_leads_somewhere(compose: dict[str, Any], deploy: Path) -> None:
    services = compose["services"]
    build = services["gemel"]["build"]
    context = (deploy / build["context"]).resolve()
    assert (context / build["dockerfile"]).is_file() and (context / "pyproject.toml").is_file()
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (deploy / source).is_file() if source.startswith(".") else source in compose["volumes"], volume
    assert {"database", "broker"} <= set(services["gemel"]["depends_on"])


def test_no_password_is_written_down(deploy: Path) -> None:
    text = (deploy / "compose.yaml").read_text()
    given = re.findall(r"(?:PASSWORD: |://\w+:)(\S{6})", text)
    assert len(given) == 2 and set(given) == {"${GEME"}


@pytest.mark.parametrize("target", ["demo", "serve", "test"])
def test_each_target_of_make_sets_up_first(root: Path, target: str) -> None:
    rule = re.search(rf"^{target}: (\S+)(?: \S+)? ## \S", (root / "Makefile").read_text(), re.M)
    assert rule is not None and rule[1].startswith(".venv/.")


def test_make_serve_starts_the_service_with_options_that_exist(root: Path, serve: Any) -> None:
    done = subprocess.run(
        ["make", "-n", "--no-print-directory", "-o", ".venv/.demo", "serve", "PORT=8123", "ARGS=--zone Europe/London"],
        cwd=root, check=True, capture_output=True, text=True,
    )  # fmt: skip
    words = shlex.split(done.stdout.splitlines()[-1])
    assert words[:2] == [".venv/bin/gemel", "serve"]
    told = accepted(serve, words[2:])
    assert (told["port"], told["mllp_port"], told["host"], told["zone"]) == (8123, 2575, "127.0.0.1", "Europe/London")
    assert f"/{told['data']}/" in (root / ".gitignore").read_text().splitlines()


def test_an_option_that_the_service_does_not_have_would_be_seen(serve: Any) -> None:
    with pytest.raises(Exception, match="No such option"):
        accepted(serve, ["--data", "x", "--no-such-option", "1"])


def until(done: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 30
    while not done():
        assert process.poll() is None, "mosquitto ended"
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def test_a_real_broker_takes_the_configuration(deploy: Path, tmp_path: Path) -> None:
    """As it is but for the port and the folder, which exist in the container only."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("no mosquitto is installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    text = (deploy / "mosquitto.conf").read_text()
    assert "listener 1883\n" in text and "/mosquitto/data/" in text
    tmp_path.chmod(0o777)
    own = text.replace("listener 1883\n", f"listener {port} 127.0.0.1\n").replace("/mosquitto/data/", f"{tmp_path}/")
    (tmp_path / "mosquitto.conf").write_text(f"user {Path(tmp_path).owner()}\n{own}")

    def answers() -> bool:
        with socket.socket() as talk:
            return talk.connect_ex(("127.0.0.1", port)) == 0

    command = [program, "-c", str(tmp_path / "mosquitto.conf")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            until(answers, process)
        finally:
            process.send_signal(signal.SIGTERM)
            told = process.communicate(timeout=30)[1]
    assert process.returncode == 0 and "Error" not in told and "Unknown" not in told, told
