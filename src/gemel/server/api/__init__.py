"""The REST routes, an area a module; each module has a `router`."""
