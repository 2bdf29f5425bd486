"""The licence check reads what packages say of themselves and refuses copyleft and silence."""

from __future__ import annotations

import json
from email.message import Message
from types import SimpleNamespace

import pytest

from tools.licences import licence, screen_problems, verdict


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MIT", "fine"),
        ("BSD-3-Clause AND 0BSD AND Zlib", "fine"),
        ("Apache-2.0 WITH LLVM-exception", "fine"),
        ("Mozilla Public License 2.0 (MPL 2.0)", "fine"),
        ("GPL-2.0-only OR MIT", "fine"),
        ("GPL-3.0-or-later", "denied"),
        ("MIT AND GPL-3.0-only", "denied"),
        ("GNU Affero General Public License v3", "denied"),
        ("AGPL-3.0", "denied"),
        ("BUSL-1.1", "denied"),
        ("SSPL-1.0", "denied"),
        ("LGPL-2.1-or-later", "lesser"),
        ("GNU Lesser General Public License v3 (LGPLv3)", "lesser"),
        ("Proprietary", "unknown"),
        ("", "unknown"),
    ],
)
def test_verdict(text: str, expected: str) -> None:
    assert verdict(text) == expected


def test_expression_comes_before_field_and_field_before_classifiers() -> None:
    fields = Message()
    package = SimpleNamespace(metadata=fields)
    assert licence(package) == ""
    fields["Classifier"] = "License :: OSI Approved :: MIT License"
    assert licence(package) == "MIT License"
    fields["License"] = "BSD"
    assert licence(package) == "BSD"
    fields["License-Expression"] = "Apache-2.0"
    assert licence(package) == "Apache-2.0"


def test_what_is_built_into_the_pages_must_be_permissive_and_tools_may_be_mozilla(tmp_path) -> None:
    packages = {
        "": {"license": "Apache-2.0"},
        "node_modules/react": {"license": "MIT"},
        "node_modules/axe-core": {"license": "MPL-2.0", "dev": True},
        "node_modules/shown": {"license": "MPL-2.0"},
        "node_modules/bound": {"license": "AGPL-3.0", "dev": True},
        "node_modules/mute": {},
    }
    (tmp_path / "package-lock.json").write_text(json.dumps({"packages": packages}))
    told = [line.split(":")[0] for line in screen_problems(tmp_path / "package-lock.json")]
    assert told == ["node_modules/shown", "node_modules/bound", "node_modules/mute"]
