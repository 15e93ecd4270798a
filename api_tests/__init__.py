"""Tests as specifications: the real application on real databases, without mocks except at the edge of the network."""
