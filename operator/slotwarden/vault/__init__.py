"""Vault: configuration, login and renewal, and KV version 2 with check-and-set, behind errors of our own."""
