"""Engines turn a prior belief and a window of facts into a posterior belief."""
