"""One pass: read, judge, record. It waits for nothing."""
