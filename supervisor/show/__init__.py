"""Values to text, pure: what a terminal and a pipe are shown."""
