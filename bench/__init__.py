"""What the operator costs and how fast it is, beside a client that makes only the writes that are necessary."""
