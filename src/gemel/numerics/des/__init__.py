"""Discrete events of patients who share resources: one kernel for every declared hospital."""
