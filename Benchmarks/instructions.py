#!/usr/bin/env python3
"""Host instructions for each guest instruction, by kernel: a figure that no other load of the machine disturbs.

    make -C Benchmarks && python3 Benchmarks/instructions.py [KERNEL...]

valgrind counts the instructions of runs that end after FEW and after MANY guest instructions; their difference leaves start-up and
the making of translations out. Kernels as they are compared with QEMU: with an interrupt every 50,000 cycles and another event
every 10,000, and `quiet` without.
"""
import math
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PULPEMU = HERE.parent / ".build" / "release" / "pulpemu"
FEW, MANY = 30_000_000, 60_000_000
LIMIT_REACHED = 124


def host_instructions(program, engine, elf, limit):
    with tempfile.NamedTemporaryFile() as log:
        # Translated code lies in a file in memory, so all code has to be checked for changes.
        run = subprocess.run(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--smc-check=all", f"--log-file={log.name}",
             program, "run", "--engine", engine, "--max-instructions", str(limit), elf],
            stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if run.returncode != LIMIT_REACHED:
            sys.exit(f"{elf} ended with {run.returncode}: {run.stderr}")
        return int(re.search(r"Collected : (\d+)", log.read().decode()).group(1))


def main():
    kernels = sys.argv[1:] or sorted(p.stem for p in (HERE / "kernels").glob("*.c"))
    print(f"host instructions for each guest instruction, from {FEW:,} to {MANY:,} guest instructions\n")
    columns = [("translator", "quiet"), ("translator", "pulpemu"), ("interpreter", "pulpemu")]
    print("kernel   " + "".join(f"{'quiet' if variant == 'quiet' else engine:>13}" for engine, variant in columns))
    logs = [0.0] * len(columns)
    with tempfile.TemporaryDirectory() as folder:
        # valgrind reads no debugging information of this kind.
        program = str(pathlib.Path(folder) / "pulpemu")
        subprocess.run(["strip", "-o", program, PULPEMU], check=True)
        for kernel in kernels:
            row = []
            for engine, variant in columns:
                elf = str(HERE / "build" / f"{kernel}-{variant}.elf")
                few, many = (host_instructions(program, engine, elf, limit) for limit in (FEW, MANY))
                row.append((many - few) / (MANY - FEW))
            logs = [total + math.log(value) for total, value in zip(logs, row)]
            print(f"{kernel:9}" + "".join(f"{value:13.2f}" for value in row), flush=True)
    print("mean     " + "".join(f"{math.exp(total / len(kernels)):13.2f}" for total in logs) + "   (geometric)")


main()
