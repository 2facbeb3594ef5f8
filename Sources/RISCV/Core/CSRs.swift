// The control and status registers of CV32E40P as PULPissimo instantiates it, machine mode only.
//
// Source: `pulpissimo.md` section 2.2, `cv32e40p-timing.md` section 5, `cv32e40p_cs_registers.sv`. Anything not listed
// is illegal. Debug-mode CSRs are illegal, since the core is never in debug mode here.

import HardwareModel

/// Storage of the CSRs. Those that interrupt handlers save and restore lie beside the integer registers, where blocks
/// reach them (`BlockCSR`).
struct CSRState {
  private let words: UnsafeMutablePointer<UInt32>

  var mie: UInt32 = 0
  var mtvec: UInt32 = 1
  /// Bits 0, 2 and 3: counter stopped.
  var mcountinhibit: UInt32 = 0xD
  var mhpmevent3: UInt32 = 0
  /// lpstart0, lpend0, lpcount0, (none), lpstart1, lpend1, lpcount1: storage of the XPULP core's loop registers.
  var hardwareLoop: (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0, 0, 0, 0)
  var mcycle = FreeRunningCounter()
  var minstret = FreeRunningCounter()
  var mhpmcounter3 = FreeRunningCounter()

  /// `words`: the words of a hart behind its integer registers too.
  init(words: UnsafeMutablePointer<UInt32>) {
    self.words = words
    words[BlockCSR.mstatus.word] = BlockCSR.mstatus.fixed
  }

  var mstatus: UInt32 {
    get { words[BlockCSR.mstatus.word] }
    nonmutating set { words[BlockCSR.mstatus.word] = BlockCSR.mstatus.stored(newValue) }
  }

  /// mstatus.MIE.
  var interruptEnable: Bool {
    get { mstatus & BlockCSR.interruptEnable != 0 }
    nonmutating set { mstatus = newValue ? mstatus | 8 : mstatus & ~8 }
  }

  /// mstatus.MPIE.
  var previousInterruptEnable: Bool {
    get { mstatus & 0x80 != 0 }
    nonmutating set { mstatus = newValue ? mstatus | 0x80 : mstatus & ~0x80 }
  }

  var mscratch: UInt32 {
    get { words[BlockCSR.mscratch.word] }
    nonmutating set { words[BlockCSR.mscratch.word] = newValue }
  }

  var mepc: UInt32 {
    get { words[BlockCSR.mepc.word] }
    nonmutating set { words[BlockCSR.mepc.word] = BlockCSR.mepc.stored(newValue) }
  }

  var mcause: UInt32 {
    get { words[BlockCSR.mcause.word] }
    nonmutating set { words[BlockCSR.mcause.word] = BlockCSR.mcause.stored(newValue) }
  }
}

/// A 64-bit counter that follows a monotone source (core cycles, retired instructions) while it is not inhibited.
struct FreeRunningCounter {
  private var value: UInt64 = 0
  /// Source reading at which `value` was right; meaningful while running.
  private var since: UInt64 = 0
  private var isRunning = false

  /// The count when the source reads `source`.
  func read(_ source: UInt64) -> UInt64 { isRunning ? value &+ (source &- since) : value }

  /// Sets the count; it goes on from there, starting with source reading `source`.
  mutating func write(_ newValue: UInt64, from source: UInt64) {
    value = newValue
    since = source
  }

  /// Starts or stops the counter at source reading `source`.
  mutating func setRunning(_ running: Bool, at source: UInt64) {
    guard running != isRunning else { return }
    if running { since = source } else { value = read(source) }
    isRunning = running
  }
}

extension Hart {
  /// True if an access to `csr` empties the pipeline (4 cycles): `csr_status_o` in `cv32e40p_decoder.sv`.
  static func flushesPipeline(_ csr: UInt16) -> Bool {
    switch csr {
    case 0x300, 0x305, 0x341, 0x342, 0x320...0x33F, 0xB00...0xB9F, 0xC00...0xC9F, 0xCC1: true
    default: false
    }
  }

  /// The value that an instruction leaving ID at `t` reads from `csr`; nil if the CSR does not exist.
  func readCSR(_ csr: UInt16, at t: UInt64) -> UInt32? {
    let index = csr & 0x1F
    switch csr {
    case 0x300: return csrs.mstatus
    case 0x301: return 0x4000_1104
    case 0x304: return csrs.mie
    case 0x305: return csrs.mtvec
    case 0x320: return csrs.mcountinhibit
    case 0x323: return csrs.mhpmevent3
    case 0x324...0x33F: return 0
    case 0x340: return csrs.mscratch
    case 0x341: return csrs.mepc
    case 0x342: return csrs.mcause
    case 0x343: return 0
    case 0x344:
      let line = requestLine(at: t)
      return line >= 0 ? 1 << UInt32(line) : 0
    case 0x7A0, 0x7A3, 0x7A8, 0x7AA: return 0
    case 0x7A1: return 0x2800_1040
    case 0x7A2: return 0
    case 0x7A4: return 4
    case 0x800, 0x801, 0x802, 0x804, 0x805, 0x806:
      return configuration.xpulpCSRs ? hardwareLoopRegister(csr) : nil
    case 0xB00, 0xC00: return UInt32(truncatingIfNeeded: csrs.mcycle.read(coreCycle(t)))
    case 0xB80, 0xC80: return UInt32(truncatingIfNeeded: csrs.mcycle.read(coreCycle(t)) >> 32)
    case 0xB02, 0xC02: return UInt32(truncatingIfNeeded: csrs.minstret.read(counters.instructions))
    case 0xB82, 0xC82: return UInt32(truncatingIfNeeded: csrs.minstret.read(counters.instructions) >> 32)
    case 0xB03, 0xC03: return UInt32(truncatingIfNeeded: csrs.mhpmcounter3.read(performanceCount(through: t)))
    case 0xB83, 0xC83: return UInt32(truncatingIfNeeded: csrs.mhpmcounter3.read(performanceCount(through: t)) >> 32)
    case 0xB00...0xB1F, 0xB80...0xB9F, 0xC00...0xC1F, 0xC80...0xC9F: return index >= 4 ? 0 : nil
    case 0xCC0: return configuration.xpulpCSRs ? configuration.hartID : nil
    case 0xCC1: return configuration.xpulpCSRs ? 3 : nil
    case 0xF11: return 0x602
    case 0xF12: return 4
    case 0xF13: return 0
    case 0xF14: return configuration.hartID
    default: return nil
    }
  }

  /// True if a write to the existing `csr` is an illegal instruction.
  static func isReadOnly(_ csr: UInt16) -> Bool { csr >> 10 == 3 }

  /// Writes `csr` by the instruction that leaves ID at `t`. Its new value is effective for the next instruction.
  func writeCSR(_ csr: UInt16, _ value: UInt32, at t: UInt64) {
    switch csr {
    case 0x300:
      csrs.mstatus = value
      interruptsSensedFrom = t + 1
    case 0x304:
      csrs.mie = value
      interruptsSensedFrom = t + 1
    case 0x305: csrs.mtvec = value & 0xFFFF_FF01
    case 0x320: setCountInhibit(value & 0xD, at: t)
    case 0x323:
      settlePerformanceCount(through: t + 1)
      csrs.mhpmevent3 = value & 0xFFFF
      updateSlowCounters()
    case 0x340: csrs.mscratch = value
    case 0x341: csrs.mepc = value
    case 0x342: csrs.mcause = value
    case 0x800, 0x801, 0x802, 0x804, 0x805, 0x806: setHardwareLoopRegister(csr, value)
    case 0xB00, 0xB80:
      // The write happens in EX at t + 1; counting goes on from t + 2.
      let old = csrs.mcycle.read(coreCycle(t))
      csrs.mcycle.write(Self.merge(old, value, upper: csr == 0xB80), from: coreCycle(t + 1))
    case 0xB02, 0xB82:
      // The writing instruction itself is not counted afterwards.
      let old = csrs.minstret.read(counters.instructions)
      csrs.minstret.write(Self.merge(old, value, upper: csr == 0xB82), from: counters.instructions + 1)
    case 0xB03, 0xB83:
      let old = csrs.mhpmcounter3.read(performanceCount(through: t))
      csrs.mhpmcounter3.write(
        Self.merge(old, value, upper: csr == 0xB83), from: performanceCount(through: t + 1))
    default: break
    }
  }

  private static func merge(_ old: UInt64, _ value: UInt32, upper: Bool) -> UInt64 {
    upper ? old & 0xFFFF_FFFF | UInt64(value) << 32 : old & ~0xFFFF_FFFF | UInt64(value)
  }

  private func setCountInhibit(_ value: UInt32, at t: UInt64) {
    settlePerformanceCount(through: t + 1)
    csrs.mcountinhibit = value
    csrs.mcycle.setRunning(value & 1 == 0, at: coreCycle(t + 1))
    // The event of the writing instruction falls into the cycle in which the old setting still holds.
    csrs.minstret.setRunning(value & 4 == 0, at: counters.instructions + 1)
    csrs.mhpmcounter3.setRunning(value & 8 == 0, at: performance.count)
    updateSlowCounters()
  }

  private func hardwareLoopRegister(_ csr: UInt16) -> UInt32 {
    switch csr {
    case 0x800: csrs.hardwareLoop.0
    case 0x801: csrs.hardwareLoop.1
    case 0x802: csrs.hardwareLoop.2
    case 0x804: csrs.hardwareLoop.4
    case 0x805: csrs.hardwareLoop.5
    default: csrs.hardwareLoop.6
    }
  }

  private func setHardwareLoopRegister(_ csr: UInt16, _ value: UInt32) {
    switch csr {
    case 0x800: csrs.hardwareLoop.0 = value
    case 0x801: csrs.hardwareLoop.1 = value
    case 0x802: csrs.hardwareLoop.2 = value
    case 0x804: csrs.hardwareLoop.4 = value
    case 0x805: csrs.hardwareLoop.5 = value
    default: csrs.hardwareLoop.6 = value
    }
  }
}
