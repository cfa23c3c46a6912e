"""What is kept: raw mail, the ledger, triages, cases and the outbox, on SQLite or PostgreSQL."""
