"""What is, what it is called, and what to do about it."""
