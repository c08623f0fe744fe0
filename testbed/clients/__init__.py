"""How tests and the demo look at the servers: clients with administrators' rights, readers of the audit logs."""
