"""Models by domain; importing this package imports none of them (see `core.registry`)."""
