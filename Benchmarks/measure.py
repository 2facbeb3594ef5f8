"""What the benchmarks share: running a command, and reading what it cost."""
import os
import re
import subprocess
import sys


def timed(command, discards_output=False):
    """CPU seconds (user + system), greatest resident KiB and text of a command; discards_output: only of its standard error."""
    streams = ({"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE} if discards_output
               else {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT})
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, text=True, **streams)
    text = (process.stderr or process.stdout).read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}: {text}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss, text


def counts(text):
    """Cycles and instructions of a run, from its last line."""
    match = re.search(r"after (\d+) cycles and (\d+) instructions", text)
    return int(match.group(1)), int(match.group(2))


def median(values):
    return sorted(values)[len(values) // 2]
