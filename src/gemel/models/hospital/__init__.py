"""Models of hospitals."""
