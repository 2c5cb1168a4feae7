"""The exit codes, as the contract has them."""

DONE, FAILED, DEGRADED, UNSTABLE, USAGE, LOCKED, NOT_PERMITTED, SETTINGS = 0, 1, 2, 3, 64, 75, 77, 78
INTERRUPTED = 130
