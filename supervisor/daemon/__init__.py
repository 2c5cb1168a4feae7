"""The only floor that waits: it reads the clock, watches folders, takes signals, runs passes and talks to systemd."""
