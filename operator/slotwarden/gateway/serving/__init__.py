"""The HTTPS server, and where its certificate comes from."""
