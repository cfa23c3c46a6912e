"""The kill proof (H1): the daemon killed at every step of the river, and what must hold afterwards."""
