"""Where mail comes from: IMAP folders, and files for backlogs."""
