"""The tests; a package, so that the root of the checkout is importable and equal file names do not clash."""
