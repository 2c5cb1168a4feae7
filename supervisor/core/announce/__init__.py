"""What is told of a judgement, and why it is told now."""
