"""The testbed tests itself."""
