"""The case: its parts, its history and digest chain, and the step, which is the only way to change a case."""
