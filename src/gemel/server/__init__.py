"""The living service: clinical feeds in, twins kept current, forecasts and alerts out."""
