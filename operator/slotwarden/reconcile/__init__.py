"""Level-triggered reconciliation: one queue, two kinds of key, observe, decide, act."""
