"""Print the service's OpenAPI description as JSON, in a fixed order: what `web/src/api/schema.ts` is made from."""

from __future__ import annotations

import json
import sys

from gemel.server.app import create_app
from gemel.server.settings import Settings


def described() -> str:
    """The description as JSON text."""
    return json.dumps(create_app(Settings(data="")).openapi(), indent=1, sort_keys=True)


if __name__ == "__main__":
    sys.stdout.write(described())
