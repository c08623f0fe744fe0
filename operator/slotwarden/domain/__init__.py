"""What should exist: pure decisions on names, addresses, credentials and Secrets, without any input or output."""
