"""De-identified histories for learning tables: they show a way of working and never a child (I24, R96)."""
