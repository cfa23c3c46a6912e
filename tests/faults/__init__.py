"""What goes wrong around the service, and what it does then: `docs/reliability.md` has the table."""
