"""What every long-running process needs: clock, signals, heartbeats, logs, the journal."""
