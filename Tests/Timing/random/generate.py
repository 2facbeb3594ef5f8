#!/usr/bin/env python3
"""Writes a random program for the core: generate.py SEED > FILE.S

Stretches of random instructions (hazards, misaligned accesses, branches, jumps, short loops, traps, refused encodings,
CSR accesses, compressed mixes), each between a start and a reading of mhpmcounter3 (with a random selection of events),
mcycle and minstret. The readings and the registers at the end are stored at `results`. Code, data and results are placed
by the linker; where two of them share a bank, the core's two ports compete. Seeds from 1000 on also access peripherals,
raise interrupts and sleep. expected.csv has what the RTL stored.
"""

import random
import sys

STRETCHES = 24
READINGS = 3 * STRETCHES + 25
# x26: results, x27: data, x28: loops, x29 to x31: readings and handler. With interrupts x2: timer, x3: one line,
# x4: interrupt controller, x5 and x6: sums of the handler.
SCRATCH = list(range(1, 26))
SCRATCH_WITH_INTERRUPTS = [1] + list(range(7, 26))


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.interrupts = seed >= 1000
        self.scratch = SCRATCH_WITH_INTERRUPTS if self.interrupts else SCRATCH
        self.labels = 0

    def label(self):
        self.labels += 1
        return f"L{self.labels}"

    def register(self):
        few = self.random.random() < 0.4
        return f"x{self.random.choice([8, 9, 10, 11, 12] if few else self.scratch)}"

    def short_register(self):
        return f"x{self.random.choice([8, 9, 10, 11, 12, 13])}"

    def offset(self):
        value = self.random.randint(0, 255)
        return value if self.random.random() < 0.3 else 4 * value & 1023

    def some(self, most, least=0):
        lines = []
        for _ in range(self.random.randint(least, most)):
            lines += self.instruction()
        return lines

    def refused(self):
        """An environment call, or an encoding that the core refuses."""
        choose, bits, between = self.random.choice, self.random.getrandbits, self.random.randint

        def any_register():
            return choose([0, 8, 9, 10, 11, 12, 2, 5])

        def word(opcode, funct3, funct7):
            fields = any_register() << 20 | any_register() << 15 | any_register() << 7
            return f".word {funct7 << 25 | fields | funct3 << 12 | opcode:#010x}"

        return choose([
            lambda: choose(["ecall", "ebreak", ".word 0xffffffff", ".half 0x0000"]),
            lambda: word(0x03, choose([3, 6, 7]), bits(7)),
            lambda: word(0x23, choose([3, 4, 5, 7]), bits(7)),
            lambda: word(0x63, choose([2, 3]), bits(7)),
            lambda: word(0x13, choose([1, 5]), choose([1, 2, 0x60, 0x30])),
            lambda: word(0x33, between(0, 7), choose([2, 3, 4, 5, 8, 0x10, 0x11, 0x18, 0x21, 0x40, 0x41, 0x60])),
            lambda: word(0x67, between(1, 7), bits(7)),
            lambda: word(0x73, 4, bits(7)),
            lambda: word(0x73, 0, choose([1, 2, 0x20])),
            lambda: word(0x73, choose([1, 2, 3, 5, 6, 7]), 0x3E),
            lambda: word(choose([0x0B, 0x2B, 0x5B, 0x57, 0x7B, 0x2F, 0x07, 0x27, 0x53, 0x43]), between(0, 7), bits(7)),
            lambda: f".half {between(0, 7) << 2:#06x}",
            lambda: f".half {0x4002 | between(0, 31) << 2:#06x}",
            lambda: f".half {0x1006 | any_register() << 7:#06x}",
            lambda: f".half {0x9001 | between(0, 7) << 7:#06x}",
            lambda: f".half {0x6001 | any_register() << 7:#06x}",
            lambda: ".half 0x8002",
        ])()

    def jump_register(self, loaded):
        target, base = self.label(), self.register()
        link = self.random.choice(["x0", "x1", base])
        wait = ["nop"] * self.random.randint(0, 2)
        if not loaded:
            return [f"la {base}, {target}"] + wait + [f"jalr {link}, 0({base})"] + self.some(2) + [f"{target}:"]
        return [f"la x25, {target}", "sw x25, 1020(x27)"] + ["nop"] * self.random.randint(0, 1) + [
            f"lw {base}, 1020(x27)"] + wait + [f"jalr {link}, 0({base})", f"{target}:"]

    def compressed(self):
        a, b, c, d = self.short_register(), self.short_register(), self.register(), self.register()
        small = self.random.choice([1, 2, 3, -1, -5, 17])
        return self.random.choice([
            [f"c.addi {a}, {small}"], [f"c.mv {c}, {d}"], [f"c.add {c}, {d}"], [f"c.and {a}, {b}"],
            [f"c.xor {a}, {b}"], [f"c.li {c}, {small}"], [f"c.slli {c}, {self.random.randint(1, 31)}"], ["c.nop"],
            ["mv x13, x27", f"c.lw {a}, 0(x13)"], ["mv x13, x27", f"c.sw {a}, 4(x13)"],
        ])

    def outside(self):
        """Accesses to peripherals, interrupts, sleep (only with an interrupt on its way)."""
        choose, register = self.random.choice, self.register
        return choose([
            lambda: [f"sw {register()}, 16(x2)"], lambda: [f"lw {register()}, 16(x2)"],
            lambda: [f"sw {register()}, 16(x4)"], lambda: ["sw x3, 16(x4)"], lambda: [f"lw {register()}, 0(x4)"],
            lambda: ["csrsi mstatus, 8"], lambda: ["csrci mstatus, 8"],
            lambda: ["csrci mstatus, 8"] + self.some(2) + ["csrci mstatus, 8", "sw x3, 16(x4)"]
            + ["nop"] * self.random.randint(0, 3) + ["wfi", "csrsi mstatus, 8"],
            lambda: ["csrci mstatus, 8", "sw x3, 16(x4)", "wfi", "csrsi mstatus, 8"],
        ])()

    def instruction(self):
        kind, choose, register = self.random.random(), self.random.choice, self.register
        if self.interrupts and self.random.random() < 0.12:
            return self.outside()
        if kind < 0.25:
            operation = choose("add sub xor or and sll srl sra slt sltu".split())
            return [f"{operation} {register()}, {register()}, {register()}"]
        if kind < 0.35:
            return [f"addi {register()}, {register()}, {self.random.randint(-2048, 2047)}"]
        if kind < 0.44:
            operation = choose("mul mulh mulhu mulhsu div divu rem remu".split())
            return [f"{operation} {register()}, {register()}, {register()}"]
        if kind < 0.56:
            return [f"{choose('lw lw lh lhu lb lbu'.split())} {register()}, {self.offset()}(x27)"]
        if kind < 0.66:
            return [f"{choose('sw sw sh sb'.split())} {register()}, {self.offset()}(x27)"]
        if kind < 0.78:
            return self.compressed()
        if kind < 0.88:
            target = self.label()
            branch = f"{choose('beq bne blt bge bltu bgeu'.split())} {register()}, {register()}, {target}"
            return [branch] + self.some(3) + [f"{target}:"]
        if kind < 0.91:
            target = self.label()
            return [f"jal {register()}, {target}"] + self.some(2) + [f"{target}:"]
        if kind < 0.935:
            return self.jump_register(loaded=False)
        if kind < 0.95:
            return self.jump_register(loaded=True)
        if kind < 0.965:
            return [choose([
                "csrrw x24, mscratch, x23", "csrr x22, mcycle", "csrr x22, mhpmcounter3", "csrr x21, minstret", "fence",
                "fence.i", "csrrs x20, mie, x0", "csrr x19, mepc", "csrrci x18, mstatus, 0"])]
        if kind < 0.985:
            return [self.refused()]
        target = self.label()
        body = self.some(4, least=1)
        if any("x28" in line for line in body):
            return body
        return [f"li x28, {self.random.randint(1, 6)}", f"{target}:"] + body + ["addi x28, x28, -1", f"bnez x28, {target}"]

    def events(self):
        single = 1 << self.random.choice([2, 3, 4, 4, 4, 5, 6, 7, 8, 9, 10, 1, 0])
        return single if self.random.random() < 0.7 else self.random.getrandbits(11)

    def program(self):
        yield ".option rvc\n.section .text.start\n.globl _start\n_start:"
        yield "la x1, trap\ncsrw mtvec, x1\ncsrw mie, x0\nla x26, results\nla x27, data\ncsrwi mcountinhibit, 0"
        if self.interrupts:
            # All lines but that of the reference clock.
            yield "li x2, 0x1A10B000\nli x3, 0xFFFFBFFF\nli x4, 0x1A109800\nsw x3, 0(x4)\ncsrw mie, x3"
            yield "li x3, 0x00400000\nli x5, 0\nli x6, 0"
        for index in self.scratch:
            value = self.random.getrandbits(32) if self.random.random() < 0.5 else self.random.randint(0, 40)
            yield f"li x{index}, {value}"
        for _ in range(STRETCHES):
            yield f"li x30, {self.events()}\ncsrw mhpmevent3, x30"
            yield "csrwi mhpmcounter3, 0\ncsrwi mcycle, 0\ncsrwi minstret, 0"
            if self.interrupts:
                yield "csrsi mstatus, 8"
            if self.random.random() < 0.3:
                yield ".balign 4"
            yield "\n".join(self.some(30, least=3))
            if self.interrupts:
                yield "csrci mstatus, 8"
            yield "csrr x29, mhpmcounter3\ncsrr x30, mcycle\ncsrr x31, minstret"
            yield "sw x29, 0(x26)\nsw x30, 4(x26)\nsw x31, 8(x26)\naddi x26, x26, 12"
        for index in range(1, 26):
            yield f"sw x{index}, {4 * (index - 1)}(x26)"
        yield "li x1, 0x1A1040A0\nli x2, 0x80000000\nsw x2, 0(x1)\nj ."
        yield """
.section .text.trap, "ax"
.option norvc
.balign 256
trap:  # skips the instruction that trapped; sums up when interrupts came
  csrr x29, mepc
  csrr x31, mcause
  bltz x31, interrupt
  lhu x31, 0(x29)
  andi x31, x31, 3
  addi x31, x31, -3
  addi x29, x29, 2
  bnez x31, 1f
  addi x29, x29, 2
1:
  csrw mepc, x29
  mret
interrupt:
  csrr x29, mcycle
  add x5, x5, x29
  xor x6, x6, x31
  mret

.data
data:"""
        for _ in range(260):
            yield f".word {self.random.getrandbits(32):#010x}"
        yield f'.section .results, "aw", @nobits\n.globl results\n.type results, @object\n.size results, {4 * READINGS}'
        yield f"results: .space {4 * READINGS}"


print("\n".join(Generator(int(sys.argv[1])).program()))
