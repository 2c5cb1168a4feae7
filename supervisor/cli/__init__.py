"""The command line: arguments in, output and exit codes out; no logic of its own.

``main`` runs one command and turns each outcome into an exit code; ``commands`` has a file for each.
"""
