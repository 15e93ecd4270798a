"""The placement: the place where the child lives under the advice."""
