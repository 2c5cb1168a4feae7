"""Runtime Supervisor: reads desired and actual state from files, detects drift, recommends; touches nothing.

Floors, from the top: ``cli`` (commands and output), ``daemon`` (the only floor that waits), ``files`` (one module
per kind of file), ``core`` (pure judgement; the present moment is a parameter), ``errors``. Each imports only from
floors below it; ``tests/test_floors.py`` holds the rule.
"""

__version__ = "0.1.0"
