"""What every Python peer of the training bench does: it speaks lines of JSON with the bench that started it."""

import json
import resource
import sys
import time


def serve(name, version, step, finish=lambda: None, warm_up=5):
    """Answers `run N` with the milliseconds of a step, and `end` with the peak of resident memory."""
    for _ in range(warm_up):
        step()
    finish()
    reply(name=name, version=version)
    for line in sys.stdin:
        verb, *rest = line.split()
        if verb == "end":
            reply(peak_bytes=peak_bytes())
            return
        steps = int(rest[0])
        start = time.perf_counter()
        for _ in range(steps):
            step()
        finish()
        reply(ms=(time.perf_counter() - start) * 1000 / steps)


def peak_bytes():
    """Of resident memory. Linux begins ru_maxrss with what the parent held, and tells this process's own elsewhere."""
    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


def reply(**fields):
    print(json.dumps(fields), flush=True)


def asked():
    """The workload and the number of threads that the bench asks for."""
    return json.loads(sys.argv[1]), int(sys.argv[2])
