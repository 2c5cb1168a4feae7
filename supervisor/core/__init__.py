"""The pure core: inventory, world, thresholds and ``now`` in; a judgement out.

Nothing here reads a file, a clock, the environment or a random number, and nothing here waits or logs.
"""
