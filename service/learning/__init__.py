"""Histories for learning tables, so coarse that they tell of a way of working and never of a child (I24, R96)."""
