"""The vocabulary of the tests: people, cases, servers, databases, and what they are compared with."""
