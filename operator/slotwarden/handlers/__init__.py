"""kopf watches; here its events become keys. Nothing is decided and nothing is written here."""
