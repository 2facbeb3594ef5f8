#!/usr/bin/env python3
"""Times every kernel on pulpemu and on qemu-system-riscv32 in turn and prints the ratios.

CPU seconds (user + system) of the whole process; each pair runs A B A B ...; the ratio is taken pair by pair.
A ratio above 1: pulpemu is faster. `--icount` also times QEMU with -icount shift=0.
"""
import argparse
import math
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PULPEMU = HERE.parent / ".build" / "release" / "pulpemu"
QEMU = ["qemu-system-riscv32", "-machine", "virt", "-bios", "none", "-display", "none", "-monitor", "none", "-serial", "stdio"]


def timed(command):
    """CPU seconds and output of a command."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    output = process.stdout.read() + process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}: {output}")
    return usage.ru_utime + usage.ru_stime, output


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--pairs", type=int, default=3)
    parser.add_argument("--icount", action="store_true")
    parser.add_argument("kernels", nargs="*")
    options = parser.parse_args()
    names = options.kernels or sorted(p.stem for p in (HERE / "kernels").glob("*.c"))
    version = subprocess.run(QEMU[:1] + ["--version"], capture_output=True, text=True).stdout.splitlines()[0]
    cpu = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "?")
    print(f"{cpu}; {version}; {options.pairs} pairs; CPU seconds, ratio = QEMU / pulpemu (min..max)")
    opponents = [("qemu", [])] + ([("qemu -icount", ["-icount", "shift=0"])] if options.icount else [])
    logs = {name: [] for name, _ in opponents}
    for kernel in names:
        ours = [str(PULPEMU), "run", "--dump", "result:hex", str(HERE / "build" / f"{kernel}-pulpemu.elf")]
        for opponent, extra in opponents:
            theirs = QEMU + extra + ["-kernel", str(HERE / "build" / f"{kernel}-qemu.elf")]
            pairs = []
            for _ in range(options.pairs):
                a, text = timed(ours)
                b, answer = timed(theirs)
                result = re.search(r"result = 0x([0-9a-f]{8})", text).group(1)
                if result != answer.strip()[:8]:
                    sys.exit(f"{kernel}: pulpemu computed {result}, QEMU {answer.strip()}")
                instructions = int(re.search(r"and (\d+) instructions", text).group(1))
                pairs.append((a, b))
            ratios = sorted(b / a for a, b in pairs)
            median = ratios[len(ratios) // 2]
            logs[opponent].append(math.log(median))
            a = sorted(p[0] for p in pairs)[len(pairs) // 2]
            b = sorted(p[1] for p in pairs)[len(pairs) // 2]
            print(f"{kernel:8} {instructions / 1e6:7.0f} M instructions  pulpemu {a:6.2f} s ({instructions / a / 1e6:5.0f} MIPS)  "
                  f"{opponent} {b:6.2f} s  ratio {median:.2f} ({ratios[0]:.2f}..{ratios[-1]:.2f})", flush=True)
    for opponent, values in logs.items():
        print(f"geometric mean against {opponent}: {math.exp(sum(values) / len(values)):.2f}")


if __name__ == "__main__":
    main()
