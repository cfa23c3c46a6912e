"""Reads a public mailbox, sorts each message by rules, answers the sender and passes it to the right partner."""

__version__ = "0.1.0"
