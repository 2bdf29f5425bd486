"""Tools for hospitals."""
