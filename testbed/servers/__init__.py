"""The four servers: each knows its command line, its files and when it is ready."""
