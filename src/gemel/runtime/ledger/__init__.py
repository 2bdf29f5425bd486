"""The ledger: every twin's track record.  Forecasts issued, scored, widened, watched, and models let speak by them."""
