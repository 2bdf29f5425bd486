"""Decisions about insulin: bolus advice, closed loops, trials on virtual persons, and a real day lived otherwise."""
