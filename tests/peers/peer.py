"""What the peers have in common: they say where they are, and end when the test does."""

import os
import sys
import threading


def announce(port):
    """Print the port; from here on the program ends when its standard input does."""
    print(port, flush=True)
    threading.Thread(target=_end_with_stdin, daemon=True).start()


def _end_with_stdin():
    sys.stdin.buffer.read()
    os._exit(0)
