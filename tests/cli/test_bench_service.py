from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from gemel.cli import bench_service as bench
from gemel.cli.app import run
from gemel.cli.bench_load import apart, cpu_seconds, resident_mb
from gemel.core.errors import GemelError, RegistryError


def burn(seconds: float) -> str:
    """Work for so many processor seconds; runs in a load process."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return "done"


def test_a_load_process_tells_its_result_and_its_processor_time():
    loaded = apart("tests.cli.test_bench_service:burn", {"seconds": 0.2})
    assert loaded.result == "done" and 0.2 <= loaded.cpu_s < 0.4 and loaded.wall_s >= loaded.cpu_s * 0.9


def test_a_load_process_that_fails_is_told():
    with pytest.raises(GemelError, match="nowhere:nothing ended with 1"):
        apart("nowhere:nothing", {})


def test_processor_time_and_memory_count_children_too():
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
    work = (
        "import time, sys\nx = bytearray(50_000_000)\nend = time.process_time() + 0.3\n"
        "while time.process_time() < end: pass\nprint('ready', flush=True)\nsys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, work], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        assert cpu_seconds(parent.pid) >= 0.29
        assert resident_mb(parent.pid) > 55
        parent.communicate("")


def test_every_key_of_an_area_is_known_and_no_key_is_measured_twice():
    keys = [key for measure in bench.measures() for key in measure.keys]
    assert len(keys) == len(set(keys))
    assert {"bulk_obs_per_s", "single_post_per_s", "single_post_p99_ms", "idle_rss_mb"} <= set(keys)
    with pytest.raises(RegistryError, match="no key 'speed'"):
        bench.bench_service(["speed"], bench.Asked(), lambda name: None)


def test_a_measure_that_fails_says_why_and_the_others_go_on(monkeypatch):
    def broken(asked):
        raise RuntimeError("no server")

    fine = bench.Figure(key="b", asked="", measured=float(bench.Asked(sizes={"n": 3}).size("n", 9, 1)), unit="")
    two = [bench.Measure(("a",), broken), bench.Measure(("b",), lambda asked: [fine])]
    monkeypatch.setattr(bench, "measures", lambda: two)
    shape = bench.bench_service([], bench.Asked(), lambda name: None)
    assert shape.problems == {"a": "RuntimeError: no server"} and shape.keys == {"b": 3.0}


@pytest.mark.slow
def test_the_service_is_measured_through_its_real_doors(capfd):
    command = ["bench", "service", "--quick", "--json", "--only", "bulk_obs_per_s", "--only", "single_post_per_s"]
    assert run([*command, "--size", "bulk=20000", "--size", "single=200"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["problems"] == {}
    assert {"bulk_obs_per_s", "single_post_per_s", "single_post_p99_ms"} <= set(told)
    for figure in told["figures"]:
        assert figure["measured"] > 0 and figure["details"]["load_cpu_s"] > 0
