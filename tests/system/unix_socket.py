"""What the kernel says of a Unix socket."""
import pathlib


def listens(path):
    """A Unix socket has its name before it listens, and refuses who connects between. The kernel's list tells."""
    lines = [line.split() for line in pathlib.Path('/proc/net/unix').read_text().splitlines()]
    return any(words[-1] == str(path) and words[3] == '00010000' for words in lines)
