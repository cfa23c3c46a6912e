"""The main job shown on one machine: loopback servers, thirty letters, and the real daemon between them."""
