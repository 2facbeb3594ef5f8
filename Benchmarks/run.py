#!/usr/bin/env python3
"""Times every kernel on pulpemu and on qemu-system-riscv32 in turn and prints the ratios.

CPU seconds (user + system) of the whole process. One round runs all contestants once; the ratio is taken round by round.
A ratio above 1: pulpemu is faster. pulpemu has a timer interrupt every 50,000 cycles and another event every 10,000;
QEMU has neither.

  --icount       QEMU with -icount shift=0 too
  --interpreter  the block engine without machine code too
  --quiet        neither interrupts nor events
  --often        interrupts every 10,000 cycles, events every 1,000
  --hard         the hard cases instead: register accesses, polling, cold code, the uDMA in the core's bank, on pulpemu alone
  --elf A=B      a pair of your own: A runs on pulpemu, B on QEMU (see README.md)
"""
import argparse
import math
import os
import pathlib
import re
import subprocess
import sys

from measure import counts, median, timed

HERE = pathlib.Path(__file__).resolve().parent
PULPEMU = HERE.parent / ".build" / "release" / "pulpemu"
QEMU = ["qemu-system-riscv32", "-machine", "virt", "-bios", "none", "-display", "none", "-monitor", "none", "-serial", "stdio"]


def hard_cases(rounds, names):
    for name in names or ("mmio", "poll", "cold-20", "udma"):
        elf = str(HERE / "build" / "hard" / f"{name}.elf")
        for label, extra in (("translator", []), ("interpreter", ["--set", "core.translator=false"])):
            times = []
            for _ in range(rounds):
                seconds, _, text = timed([str(PULPEMU), "run", *extra, elf])
                times.append(seconds)
            cycles, instructions = counts(text)
            print(f"{name:8} {label:11} {median(times):6.2f} s  {instructions / 1e6:7.1f} M instructions  "
                  f"{instructions / median(times) / 1e6:7.1f} MIPS  {cycles / median(times) / 1e6:7.1f} M cycles/s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--rounds", type=int, default=3)
    parser.add_argument("--icount", action="store_true")
    parser.add_argument("--interpreter", action="store_true")
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--often", action="store_true")
    parser.add_argument("--hard", action="store_true")
    parser.add_argument("--elf", action="append", default=[], metavar="A=B")
    parser.add_argument("kernels", nargs="*")
    options = parser.parse_args()
    version = subprocess.run(QEMU[:1] + ["--version"], capture_output=True, text=True).stdout.splitlines()[0]
    cpu = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "?")
    print(f"{cpu}, {os.cpu_count()} cores; {version}; {options.rounds} rounds; CPU seconds; ratios as median (min..max)")
    if options.hard:
        return hard_cases(options.rounds, options.kernels)
    variant = "often" if options.often else "quiet" if options.quiet else "pulpemu"
    names = options.kernels or ([] if options.elf else sorted(p.stem for p in (HERE / "kernels").glob("*.c")))
    pairs = [(n, str(HERE / "build" / f"{n}-{variant}.elf"), str(HERE / "build" / f"{n}-qemu.elf"), True) for n in names]
    pairs += [(pathlib.Path(e.split("=")[0]).stem[:12], *e.split("=", 1), False) for e in options.elf]
    ours = {"translator": []}
    if options.interpreter:
        ours["interpreter"] = ["--set", "core.translator=false"]
    theirs = {"qemu": []}
    if options.icount:
        theirs["qemu -icount"] = ["-icount", "shift=0"]
    logs = {(a, b): [] for a in ours for b in theirs}
    for name, mine, other, has_result in pairs:
        times = {label: [] for label in [*ours, *theirs]}
        for _ in range(options.rounds):
            results = set()
            for label, extra in ours.items():
                dump = ["--dump", "result:hex"] if has_result else []
                seconds, _, text = timed([str(PULPEMU), "run", *extra, *dump, mine])
                times[label].append(seconds)
                cycles, instructions = counts(text)
                if has_result:
                    results.add(re.search(r"result = 0x([0-9a-f]{8})", text).group(1))
            for label, extra in theirs.items():
                seconds, _, answer = timed(QEMU + extra + ["-kernel", other])
                times[label].append(seconds)
                if has_result:
                    results.add(answer.strip()[:8])
            if len(results) > 1:
                sys.exit(f"{name}: the results differ: {results}")
        line = f"{name:8} {instructions / 1e6:6.0f} M instructions "
        line += "  ".join(f"{label} {median(t):.2f} s" for label, t in times.items())
        line += f"  ({instructions / median(times['translator']) / 1e6:.0f} MIPS)"
        print(line)
        for (a, b), values in logs.items():
            ratios = sorted(y / x for x, y in zip(times[a], times[b]))
            values.append(math.log(median(ratios)))
            print(f"         {a} against {b}: {median(ratios):.2f} ({ratios[0]:.2f}..{ratios[-1]:.2f})", flush=True)
    for (a, b), values in logs.items():
        print(f"geometric mean, {a} against {b}: {math.exp(sum(values) / len(values)):.2f}")


if __name__ == "__main__":
    main()
