"""The core: values and contracts.  It loads numpy and msgspec, and no numerics."""
