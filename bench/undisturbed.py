"""Real-time priority for what is measured and its children, where the system grants it: what else the machine does then
hardly shows in a rate. Without it (an ordinary user) the figures are right on an idle machine only."""
import contextlib
import os


@contextlib.contextmanager
def undisturbed():
    """Tells whether it was granted."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        yield False
        return
    try:
        yield True
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
