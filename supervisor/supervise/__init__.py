"""The daemon: watches the inputs, queues passes, makes them, and says how they went."""
