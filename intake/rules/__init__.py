"""What is done with a message: the admins' rules, compiled and walked. Pure but for loading."""
