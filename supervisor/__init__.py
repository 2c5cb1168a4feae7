"""Runtime Supervisor: reads desired and actual state from files, detects drift, recommends; touches nothing.

Each room below imports only from the rooms after it: ``cli`` (commands) > ``observe`` (the observer) and ``supervise``
(the daemon), which do not know one another > ``passes``, ``draft`` > ``process``, ``show`` > ``files`` > ``core`` (pure
judgement; the present moment is a parameter) > ``errors``. ``tests/importlinter.ini`` holds the rule.
"""

__version__ = "0.1.0"
