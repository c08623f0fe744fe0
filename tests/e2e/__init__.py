"""The operator as a process against the real servers: what a user does and what comes of it."""
