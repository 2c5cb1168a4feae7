"""The vocabulary: what is desired, what is actual and what is found, as plain values."""
