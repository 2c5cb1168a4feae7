"""The only floor that waits: reads the clock, watches folders, takes signals, runs passes and tells systemd about it."""
