"""The gateway: doors for values over HTTPS, and who may go through them."""
