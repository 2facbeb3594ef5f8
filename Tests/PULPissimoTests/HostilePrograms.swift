// Programs that no sane person would write, from seeds.

import HardwareModel
import PULPissimo
import RetentionAccelerator
import TestSupport

/// A program made of bytes: what a fail case is kept as.
struct HostileProgram {
  var bytes: [UInt8]
  var configuration = MachineConfiguration()
  var name: String

  /// A machine with the program at the usual entry.
  func machine() -> Machine {
    let machine = Machine(configuration)
    machine.write(bytes, at: entry)
    machine.boot(at: entry)
    return machine
  }
}

/// Makes hostile programs.
struct HostileGenerator {
  private var random: SplitMix64
  private let seed: UInt64

  /// Base address and size of everything on the peripheral bus, and some places where nothing is.
  static let blocks: [(base: UInt32, size: UInt32)] =
    MachineDescription.placedBlocks.map { ($0.base, min($0.block.size, 0x1000)) } + [
      (0x1A10_0000, 0x40), (0x1A10_2000, 0x1000), (0x1A10_5000, 0x1000), (0x1A10_9000, 0x1000), (0x1A12_0000, 0x3000),
      (0x1A00_0000, 0x2000), (0x1C08_FF00, 0x200), (0x0000_0000, 0x40), (0xFFFF_FF00, 0x100), (0x2000_0000, 0x1000),
    ]

  init(seed: UInt64) {
    self.seed = seed
    random = SplitMix64(seed: seed)
  }

  /// The program of this seed.
  mutating func program() -> HostileProgram {
    var configuration = MachineConfiguration()
    if below(4) == 0 { configuration.profile = .p7 }
    if below(4) == 0 { configuration.interleavedKiB = 256 }
    if below(8) == 0 { configuration.hart.cycleModel = false }
    if below(8) == 0 { configuration.sameDirectionWait = true }
    let kind = seed % 6
    let bytes: [UInt8]
    switch kind {
    case 0: bytes = noise()
    case 1: bytes = instructions()
    case 2: bytes = accesses()
    case 3: bytes = jobs(isList: false)
    case 4: bytes = jobs(isList: true)
    default: bytes = selfModifying()
    }
    let names = ["noise", "instructions", "accesses", "jobs", "lists", "self-modifying"]
    return HostileProgram(bytes: bytes, configuration: configuration, name: "\(names[Int(kind)])-\(seed)")
  }

  private mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
  private mutating func word() -> UInt32 {
    switch below(6) {
    case 0: 0
    case 1: .max
    case 2: UInt32(below(256))
    case 3: 1 << UInt32(below(32))
    case 4: 0x1C00_0000 &+ UInt32(below(0x9_0010))
    default: UInt32.random(in: 0 ... .max, using: &random)
    }
  }

  // MARK: Kinds

  /// Random bytes.
  private mutating func noise() -> [UInt8] {
    (0..<4096).map { _ in UInt8.random(in: 0...255, using: &random) }
  }

  private static let opcodes: [UInt32] = [
    0x03, 0x13, 0x17, 0x23, 0x33, 0x37, 0x63, 0x67, 0x6F, 0x73, 0x0F, 0x13, 0x33, 0x03, 0x23, 0x63,
  ]
  private static let csrs: [UInt32] = [
    0x300, 0x304, 0x305, 0x340, 0x341, 0x342, 0x344, 0x320, 0x323, 0xB00, 0xB02, 0xB03, 0xB80, 0x800, 0xC00, 0xF14,
  ]

  /// Random words with valid opcodes, behind registers that point to interesting places.
  private mutating func instructions() -> [UInt8] {
    let p = Assembly { _ in }
    for register in 5..<32 as Range<UInt32> {
      guard let register = GPR(rawValue: register) else { continue }
      p.li(register, below(3) == 0 ? address() : word())
    }
    for _ in 0..<700 {
      var word = UInt32.random(in: 0 ... .max, using: &random) & ~0x7F | Self.opcodes[below(Self.opcodes.count)]
      if below(4) == 0 { word = UInt32(below(0x1_0000)) & ~3 | UInt32(below(3)) | word & 0xFFFF_0000 }
      if word & 0x7F == 0x73, below(2) == 0 { word = word & 0xF_FFFF | Self.csrs[below(Self.csrs.count)] << 20 }
      p.word(word)
    }
    p.word(0x0000_006F)
    return p.bytes
  }

  private mutating func address() -> UInt32 {
    let block = Self.blocks[below(Self.blocks.count)]
    var address = block.base &+ UInt32(below(Int(max(block.size, 1))))
    if below(4) != 0 { address &= ~3 }
    // Ending the program is no fun.
    if address & ~0xF == 0x1A10_40A0 { address &-= 0x20 }
    return address
  }

  /// Loads and stores of all widths all over the peripherals, with sleep, interrupts and jobs in between.
  private mutating func accesses() -> [UInt8] {
    let p = Assembly { _ in }
    p.li(.t0, 0x1C00_0001)
    p.csrw(0x305, .t0)
    if below(2) == 0 { p.csrsi(0x300, 8) }
    let registers = MachineDescription.placedBlocks.flatMap { block in
      block.block.registers.map { block.base &+ $0.offset }
    }
    for _ in 0..<900 {
      let address = below(3) == 0 ? address() : registers[below(registers.count)]
      if address == 0x1A10_40A0 { continue }
      p.li(.t0, address)
      p.li(.t1, word())
      switch below(10) {
      case 0: p.lb(.t2, 0, .t0)
      case 1: p.lh(.t2, 0, .t0)
      case 2, 3: p.lw(.t2, 0, .t0)
      case 4: p.sb(.t1, 0, .t0)
      case 5: p.sh(.t1, 0, .t0)
      default: p.sw(.t1, 0, .t0)
      }
      if below(200) == 0 { p.wfi() }
    }
    p.label("loop")
    p.word(0x0000_006F)
    return p.bytes
  }

  /// Words of a descriptor that has a fair chance to be legal.
  private mutating func descriptor(_ opcode: UInt32) -> [UInt32] {
    var words = (0..<16).map { _ in word() }
    guard below(5) != 0 else { return words }
    func pointer() -> UInt32 { 0x1C01_0000 &+ UInt32(below(0x7_0000)) & ~3 }
    func size() -> UInt32 {
      switch below(12) {
      case 0: 0
      case 1: 0xFFFF
      case 2: UInt32(below(4096))
      default: UInt32(1 + below(16)) * 4
      }
    }
    let allowed: [UInt32: UInt32] = [
      1: 0x1FDF, 2: 0x7F71_F33F, 3: 0x1_03DF, 4: 0x13DF, 8: 0x30_103F, 15: 0x100F,
    ]
    words[0] = UInt32.random(in: 0 ... .max, using: &random) & (allowed[opcode] ?? 0xF) & ~0xF | opcode
    if below(3) != 0 { words[0] &= ~0xFC0 }
    words[1] = below(3) == 0 ? words[1] & 0x7777_7777 : 0
    words[2] = size() | size() << 16
    words[3] = size() | size() << 16
    words[4] = size() | size() << 16
    words[5] = size() | size() << 16
    for index in 6...12 { words[index] = pointer() }
    words[13] &= 0x3F3F_FFFF
    if opcode == 8 {
      words[2] = UInt32(below(5))
      words[3] = 0x1C04_0000 &+ 64 * UInt32(below(16))
      words[4] = pointer()
      words[6] &= 0xFFFC
    }
    return words
  }

  /// Random descriptors through the job registers, or as a list, with random interference while they run.
  private mutating func jobs(isList: Bool) -> [UInt8] {
    let p = Assembly { _ in }
    let list: UInt32 = 0x1C04_0000
    p.li(.s0, At.reta)
    for _ in 0..<(isList ? 3 : 12) {
      if isList {
        p.li(.s2, list)
        for _ in 0..<16 {
          let opcode: UInt32 = below(3) == 0 ? 8 : UInt32(1 + below(4))
          for (index, word) in descriptor(opcode).enumerated() {
            p.li(.t0, word)
            p.sw(.t0, 4 * index, .s2)
          }
          p.addi(.s2, .s2, 64)
        }
        p.lw(.s1, 4, .s0)
        p.li(.t0, 15)
        p.sw(.t0, 0x40, .s0)
        p.li(.t0, list)
        p.sw(.t0, 0x58, .s0)
      } else {
        p.lw(.s1, 4, .s0)
        p.program(descriptor(UInt32(1 + below(4))))
      }
      p.li(.t0, UInt32(below(3)))
      p.sw(.t0, 0, .s0)
      for _ in 0..<below(12) {
        p.li(.t0, word())
        switch below(6) {
        case 0: p.sw(.t0, 4 * below(8), .s0)
        case 1: p.sw(.t0, 0x400 + 4 * below(16), .s0)
        default: p.lw(.t1, 4 * below(320), .s0)
        }
        p.nops(below(60))
      }
      // An error halts the queue until it is cleared.
      p.sw(.zero, 0x420, .s0)
      if below(6) == 0 { p.sw(.t0, 0x14, .s0) }
    }
    p.word(0x0000_006F)
    return p.bytes
  }

  /// Code that overwrites itself, before, at and behind the pc, through both addresses of L2.
  private mutating func selfModifying() -> [UInt8] {
    let p = Assembly { _ in }
    p.li(.s0, entry)
    p.li(.s1, entry & 0xF_FFFF)
    p.li(.s3, 0x13)
    let harmless: [UInt32] = [0x13, 0x0001_0001, 0x00A5_0513, 0x0505_0505, 0x40B5_05B3, 0xFE00_0EE3]
    for _ in 0..<600 {
      switch below(5) {
      case 0:
        p.li(.s3, harmless[below(harmless.count)])
      case 1:
        p.sw(.s3, 4 * below(500), below(2) == 0 ? .s0 : .s1)
      case 2:
        p.sh(.s3, 2 * below(1000), below(2) == 0 ? .s0 : .s1)
      case 3:
        p.sb(.s3, below(2000), .s0)
      default:
        p.addi(.a0, .a0, 1)
      }
    }
    p.word(0xFFFF_F06F &- 0x7E0 << 20)
    return p.bytes
  }
}
