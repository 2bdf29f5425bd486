"""A FHIR client over a real connection to a real process, which is stopped and started again in between."""

from __future__ import annotations

import httpx

from .sample import plain, stay


def test_what_was_acknowledged_is_there_after_a_restart(spawned, tmp_path):
    folder = str(tmp_path / "data")
    with spawned(folder) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        done = client.post("/fhir", content=stay(), headers={"content-type": "application/fhir+json"})
        assert done.status_code == 200
        names = [entry["response"]["location"].partition("/_history/")[0] for entry in done.json()["entry"]]
        first = [client.get(f"/fhir/{name}").json() for name in names]
        assert server.stop() == 0
    with spawned(folder) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        assert [client.get(f"/fhir/{name}").json() for name in names] == first
        again = client.post("/fhir", content=stay())
        assert {entry["response"]["status"] for entry in again.json()["entry"]} == {"200 OK"}
        page = client.get("/fhir/Observation", params={"patient": plain("ann"), "_count": 1}).json()
        assert page["total"] == 2 and page["link"][1]["relation"] == "next"
        second = client.get(page["link"][1]["url"]).json()
        assert second["entry"][0]["fullUrl"].startswith(f"{server.url}/fhir/Observation/")
        assert server.stop() == 0
