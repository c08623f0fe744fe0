"""The commands that run for long, one module each, and what their options have in common."""
