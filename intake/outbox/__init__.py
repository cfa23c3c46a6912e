"""What is sent: acknowledgements, routed mail and digests, composed, queued and delivered."""
