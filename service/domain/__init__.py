"""What a case is and how it may move: no web, no SQL, no clock."""
