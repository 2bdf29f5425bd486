"""Alerts: rules over forecasts, beliefs and readings; an alert's life as facts; what alerting costs its readers.

`rules` (declared in TOML) are `judge`d over what the `ears` hear; the `book` says which alert follows in its `life`;
the `desk` makes it durable by `keeping` it as facts, while the `watch` runs; `burden` counts.
"""
