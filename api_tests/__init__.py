"""Tests that read like a specification: the real application, real databases, no mocks but at the network's edge."""
