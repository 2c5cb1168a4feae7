"""The daemon: watches, queues, judges in passes, and says so."""
