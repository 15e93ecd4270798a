"""Benchmarks of the service, compared with a floor: the minimum cost of the same rows on this machine."""
