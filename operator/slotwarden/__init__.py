"""Slotwarden: the credentials that builds and deployments need, kept in Vault and projected into Secrets."""
