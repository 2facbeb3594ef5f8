#!/usr/bin/env python3
"""How fast the emulator is while the accelerator works: CPU seconds, simulated instructions and cycles a second.

    make -C firmware && python3 Benchmarks/accelerator.py [-n RUNS]

Each program runs as `pulpemu run --stats`; the figures are of the run with the least CPU time (user + system of the whole
process). In `shared` the core and the accelerator meet at the banks in every turn of the core's loop, and code is stepped
cycle by cycle; in `list` the core sleeps and the time is the accelerator's arithmetic.
"""
import argparse
import json
import os
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PULPEMU = ROOT / ".build" / "release" / "pulpemu"
STYLES = ["host", "poll", "irq", "queue", "list", "shared"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--runs", type=int, default=3)
    options = parser.parse_args()
    print(f"{'style':8}{'CPU s':>8}{'M instr.':>10}{'MIPS':>8}{'M cycles':>10}{'MHz':>8}{'RETA busy':>11}{'stalls':>9}{'M MACs/s':>10}")
    for style in STYLES:
        best = None
        for _ in range(options.runs):
            with tempfile.TemporaryDirectory() as folder:
                stats = pathlib.Path(folder) / "stats.json"
                process = subprocess.Popen(
                    [PULPEMU, "run", "--quiet", "--stats", stats, ROOT / "firmware" / "build" / f"retnet-generate-{style}.elf"],
                    stdout=subprocess.DEVNULL)
                _, status, usage = os.wait4(process.pid, 0)
                if status != 0:
                    raise SystemExit(f"{style} ended with {os.waitstatus_to_exitcode(status)}")
                seconds = usage.ru_utime + usage.ru_stime
                if best is None or seconds < best[0]:
                    best = seconds, json.loads(stats.read_text())
        seconds, s = best
        a = s["accelerator"]
        busy = (a["busyCycles"] + a["stallCycles"]) / s["cycles"]
        print(f"{style:8}{seconds:8.2f}{s['instructions'] / 1e6:10.1f}{s['instructions'] / seconds / 1e6:8.1f}{s['cycles'] / 1e6:10.1f}"
              f"{s['cycles'] / seconds / 1e6:8.1f}{100 * busy:10.1f}%{100 * a['stallCycles'] / max(1, a['busyCycles'] + a['stallCycles']):8.1f}%"
              f"{a['macs'] / seconds / 1e6:10.1f}", flush=True)


if __name__ == "__main__":
    main()
