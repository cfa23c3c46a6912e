"""The running service: receive, process, deliver, at the times the schedule gives."""
