"""Where the child lives because of the advice."""
