"""The value service: where a value lives in Vault, whose it is, and how a change of it is told."""
