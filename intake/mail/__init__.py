"""What a mail is: bytes to message, own words, language, screening. Pure."""
