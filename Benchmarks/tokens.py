#!/usr/bin/env python3
"""What an emulated token costs the host, and how fast the emulator is while the accelerator works.

    make -C firmware && python3 Benchmarks/tokens.py [-n ROUNDS] [--pulpemu PULPEMU] [STYLE ...]

The shipped character model (firmware/examples/retnet-generate) generates with each host style. Each program generates twice,
after a prompt of one token: a few tokens and many. The difference of the two CPU times (user + system of the whole process)
over the difference of tokens is free of start-up, loading and the printing that does not grow. `prefill` reads a prompt in chunks
of 64 tokens instead of generating. The figure of a round is one such pair.

In `list` the core sleeps while the accelerator works; in `shared` they meet at the banks in every turn of the core's loop, and
the core is stepped cycle by cycle; in `host` the core does the arithmetic itself.
"""
import argparse
import pathlib
import struct
import subprocess
import sys
import tempfile

from measure import counts, median, timed

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIRMWARE = ROOT / "firmware" / "build"
MAGIC = 0x51544E52  # retnet_request.magic
MAX_TOKENS = 2048  # RETNET_MAX_PROMPT, RETNET_MAX_GENERATE
# Name, program, tokens of the short and the long run, tokens that one step of the prompt reads.
CASES = [
    ("list", "list", 48, 2048, 1),
    ("irq", "irq", 48, 1048, 1),
    ("poll", "poll", 48, 1048, 1),
    ("queue", "queue", 48, 1048, 1),
    ("shared", "shared", 48, 548, 1),
    ("prefill", "list", 64, 1984, 64),
    ("host", "host", 16, 116, 1),
]


def request_address(elf):
    for line in subprocess.run(["riscv64-unknown-elf-nm", elf], capture_output=True, text=True, check=True).stdout.splitlines():
        address, _, name = line.split()
        if name == "retnet_request":
            return int(address, 16)
    sys.exit(f"{elf}: no retnet_request; build the firmware with make -C firmware")


def run(pulpemu, elf, folder, tokens, chunk):
    """CPU seconds and simulated cycles."""
    prompt, count = (tokens, 1) if chunk > 1 else (1, tokens)
    words = [MAGIC, prompt, count, chunk] + [1 + i % 64 for i in range(prompt)]
    request = pathlib.Path(folder) / "request.bin"
    request.write_bytes(struct.pack(f"<{len(words)}I", *words))
    seconds, _, says = timed(
        [pulpemu, "run", "--load", f"{request}@{request_address(elf):#x}", elf], discards_output=True)
    return seconds, counts(says)[0]


def report(pulpemu, rounds, names):
    print(f"{'style':8} {'us a token, median (min..max)':>34} {'cycles a token':>15} {'M cycles a second':>18}")
    for name, program, short, long, chunk in CASES:
        if names and name not in names:
            continue
        elf = FIRMWARE / f"retnet-generate-{program}.elf"
        costs = []
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(rounds):
                less, few = run(pulpemu, elf, folder, short, chunk)
                more, many = run(pulpemu, elf, folder, long, chunk)
                costs.append((more - less) / (long - short))
        costs.sort()
        middle = median(costs)
        cycles = (many - few) / (long - short)
        spread = f"{1e6 * middle:.1f} ({1e6 * costs[0]:.1f}..{1e6 * costs[-1]:.1f})"
        print(f"{name:8} {spread:>34} {cycles:15.0f} {cycles / middle / 1e6:18.1f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--rounds", type=int, default=5)
    parser.add_argument("--pulpemu", default=ROOT / ".build" / "release" / "pulpemu")
    parser.add_argument("styles", nargs="*", metavar="STYLE", help=" ".join(case[0] for case in CASES))
    options = parser.parse_args()
    report(options.pulpemu, options.rounds, options.styles)


if __name__ == "__main__":
    main()
