"""The catalog over the real API server: what it hears of, and what keeps it from hearing."""
