"""Whole-patient models."""
