"""Shared code of the tests: people, cases, servers, databases, and the tables that answers are compared with."""
