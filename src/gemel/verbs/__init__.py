"""Verbs: the same few questions for every kind of twin."""
