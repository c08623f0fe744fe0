"""Calls to the Kubernetes API: JSON in, JSON out, errors of our own, every request counted."""
