"""Waiting that another thread can end, on a socket or on nothing."""

from __future__ import annotations

import select
import socket
import threading


class Waker:
    """Sleeps until something can be read, time is up, or `wake` is called; a `wake` before the sleep counts."""

    def __init__(self) -> None:
        """Nothing is opened before the first sleep, and nothing stays open after it."""
        self._lock = threading.RLock()  # reentrant: a signal handler may call `wake` in the thread that sleeps
        self._sender: socket.socket | None = None
        self._woken = False

    def wake(self) -> None:
        """End the sleep that is on, or the next one; safe from any thread and from a signal handler."""
        with self._lock:
            self._woken = True
            if self._sender is not None:
                self._sender.send(b"w")

    def sleep(self, seconds: float, descriptor: int | None = None) -> bool:
        """Sleep at most `seconds`; return whether, unless woken, `descriptor` has something to read, or was closed."""
        receiver, sender = socket.socketpair()
        with receiver, sender:
            poll = select.poll()
            poll.register(receiver, select.POLLIN)
            if descriptor is not None:
                poll.register(descriptor, select.POLLIN)
            with self._lock:
                if self._woken:
                    seconds = 0
                self._sender = sender
            ready = poll.poll(max(0, seconds) * 1000)
            with self._lock:
                self._sender = None
                woken, self._woken = self._woken, False
        return not woken and any(one == descriptor for one, _ in ready)
