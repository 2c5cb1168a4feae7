"""Compose projects as drafts: ``docker compose`` is asked where it is there, else the files are read here."""
