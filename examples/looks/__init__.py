"""What is looked at between the steps: who sees what, what waits for whom, and in the end the whole history."""
