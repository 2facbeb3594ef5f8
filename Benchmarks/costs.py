#!/usr/bin/env python3
"""What pulpemu costs besides running code: its start, and making translations.

    scripts/benchmark --hard mmio && python3 Benchmarks/costs.py [-n ROUNDS] [--other PULPEMU]

Start-up: CPU time (user + system) and greatest resident size of `pulpemu run` with a program of 30 instructions, and of
`pulpemu --version`. --other times a second executable in turn.

Translation: build/hard/cold-FEW.elf and cold-MANY.elf run through the same 140,000 instructions of straight code FEW and MANY
times. With and without translated code, the difference of the two gives the time of a pass, and what is left of the shorter
run is the code's first sight (decoding, blocks of the interpreter) and, with translated code, making it: blocks are translated
when they have run 32 times.
"""
import argparse
import pathlib

from measure import counts, median, timed

HERE = pathlib.Path(__file__).resolve().parent
PULPEMU = HERE.parent / ".build" / "release" / "pulpemu"
HARD = HERE / "build" / "hard"
FEW, MANY = 40, 200
TRANSLATED_AFTER = 32


def start_up(executables, rounds):
    cases = [(e, name, [e, *arguments]) for name, arguments in
             (("empty program", ["run", HARD / "empty.elf"]), ("--version", ["--version"])) for e in executables]
    times = {(e, name): [] for e, name, _ in cases}
    for _ in range(rounds):
        for executable, name, command in cases:
            times[executable, name].append(timed(command, discards_output=True)[:2])
    for (executable, name), values in times.items():
        seconds = [v[0] for v in values]
        print(f"start-up, {name:14} {1e3 * median(seconds):5.1f} ms, least {1e3 * min(seconds):5.1f} ms, "
              f"{max(v[1] for v in values) / 1024:5.1f} MiB   {executable if len(executables) > 1 else ''}", flush=True)


def translation(rounds):
    passes = {}
    instructions = {}
    for _ in range(rounds):
        for count in (FEW, MANY):
            for label, extra in (("on", []), ("off", ["--set", "core.translator=false"])):
                seconds, _, says = timed([PULPEMU, "run", *extra, HARD / f"cold-{count}.elf"], discards_output=True)
                passes.setdefault((label, count), []).append(seconds)
                _, instructions[count] = counts(says)
    least = {key: min(values) for key, values in passes.items()}
    start = min(timed([PULPEMU, "run", HARD / "empty.elf"], discards_output=True)[0] for _ in range(max(rounds, 5)))
    code = (instructions[MANY] - instructions[FEW]) / (MANY - FEW)
    interpreted = (least["off", MANY] - least["off", FEW]) / (MANY - FEW)
    translated = (least["on", MANY] - least["on", FEW]) / (MANY - FEW)
    first = least["off", FEW] - start - FEW * interpreted
    made = least["on", FEW] - start - first - TRANSLATED_AFTER * interpreted - (FEW - TRANSLATED_AFTER) * translated
    print(f"cold code, {code:.0f} instructions, least of {rounds} runs each")
    print(f"  interpreted, a pass      {1e9 * interpreted / code:7.2f} ns an instruction")
    print(f"  translated, a pass       {1e9 * translated / code:7.2f} ns an instruction")
    print(f"  first sight              {1e9 * first / code:7.0f} ns an instruction of code")
    print(f"  translation              {1e9 * made / code:7.0f} ns an instruction of code, "
          f"regained after {made / max(interpreted - translated, 1e-12):.0f} passes")
    total = least["on", FEW]
    print(f"  of a run of {FEW} passes: start {100 * start / total:.0f} %, first sight {100 * first / total:.0f} %, "
          f"interpreted {100 * TRANSLATED_AFTER * interpreted / total:.0f} %, translation {100 * made / total:.0f} %, "
          f"translated {100 * (FEW - TRANSLATED_AFTER) * translated / total:.0f} %", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--rounds", type=int, default=50, help="of the start-up; translation: a tenth, at least 3")
    parser.add_argument("--other", type=pathlib.Path)
    options = parser.parse_args()
    start_up([PULPEMU] + ([options.other] if options.other else []), options.rounds)
    translation(max(3, options.rounds // 10))


if __name__ == "__main__":
    main()
