// A bench for the accelerator alone: queue, memory, exact access cycles, a seeded generator and descriptors by name.

import HardwareModel
import TestSupport

@testable import RetentionAccelerator

/// The accelerator with its memory at the reset cycle.
final class Bench {
  static let base: Address = 0x1C01_0000

  let queue = EventQueue()
  let memory = DirectMemory(name: "interleaved L2", base: Bench.base, size: 0x8_0000)
  let reta: RETA
  /// Pulses as (line, cycle).
  var pulses: [Pulse] = []
  var jobs: [JobRecord] = []

  struct Pulse: Equatable {
    var line: Int
    var cycle: Cycle

    init(_ line: Int, _ cycle: Cycle) {
      self.line = line
      self.cycle = cycle
    }
  }

  init(_ configuration: RETAConfiguration = RETAConfiguration(), port: TCDMPort = UncontendedPort()) {
    reta = RETA(queue: queue, memory: memory, configuration: configuration, port: port)
    reta.onEvent = { [unowned self] in pulses.append(Pulse($0, $1)) }
    reta.onJobEnded = { [unowned self] in jobs.append($0) }
  }

  func write(_ register: HardwareModel.Register, _ value: UInt32, at cycle: Cycle) {
    queue.run(through: cycle)
    reta.write(register.offset, value, at: cycle)
  }

  func read(_ register: HardwareModel.Register, at cycle: Cycle) -> UInt32 {
    queue.run(through: cycle)
    return reta.read(register.offset, at: cycle)
  }

  /// Writes the words one access a cycle from `cycle` on.
  func program(_ words: [UInt32], at cycle: Cycle) {
    for (index, word) in words.enumerated() { write(RETARegisters.job[index], word, at: cycle + UInt64(index)) }
  }

  /// Programs and triggers: the trigger takes effect in `cycle` + 16.
  func start(_ words: [UInt32], at cycle: Cycle) {
    program(words, at: cycle)
    write(RETARegisters.trigger, 0, at: cycle + 16)
  }

  /// Runs until nothing is left to do; the cycle after the last event.
  @discardableResult
  func finish(limit: Cycle = 1 << 40) -> Cycle {
    var last: Cycle = 0
    while queue.next < limit {
      last = queue.next
      queue.run(through: last)
    }
    return last
  }

  func store(_ address: Address, _ words: [UInt32]) {
    for (index, word) in words.enumerated() { memory.writeWord(address + 4 * UInt32(index), word) }
  }

  func fillMemory(_ random: inout SplitMix64) {
    for offset in stride(from: 0, to: memory.size, by: 8) {
      memory.bytes.storeBytes(of: random.next(), toByteOffset: offset, as: UInt64.self)
    }
  }

  var bytes: [UInt8] { [UInt8](UnsafeRawBufferPointer(start: memory.bytes, count: memory.size)) }
}

/// Builds descriptor words out of named fields.
func descriptor(_ opcode: Opcode, _ fields: [(DescriptorField, UInt32)] = []) -> [UInt32] {
  var words = [UInt32](repeating: 0, count: 16)
  for (field, value) in [(DescriptorFormat.op, UInt32(opcode.rawValue))] + fields {
    words[field.word] = words[field.word] & ~field.field.mask | (value << UInt32(field.field.lsb)) & field.field.mask
  }
  return words
}

/// MAP that copies `count` bytes.
func copy(_ count: UInt32, from source: Address, to target: Address, _ more: [(DescriptorField, UInt32)] = [])
  -> [UInt32]
{
  typealias Format = DescriptorFormat
  return descriptor(
    .map,
    [(Format.t, 1), (Format.n, count), (Format.x, source), (Format.y, target), (Format.mul, 1)] + more)
}

extension Descriptor {
  init(_ words: [UInt32]) {
    var inline = DescriptorWords(repeating: 0)
    for (index, word) in words.enumerated() { inline[index] = word }
    self.init(inline, bases: BaseRegisters(repeating: 0))
  }
}

/// A random legal data descriptor. Inputs lie anywhere, Y in an area of its own, so that they never overlap.
func randomDescriptor(_ random: inout SplitMix64, largest: Int = 70) -> [UInt32] {
  typealias Format = DescriptorFormat
  func number(_ range: ClosedRange<Int>) -> UInt32 { UInt32(Int.random(in: range, using: &random)) }
  func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
  func pointer() -> UInt32 { Bench.base + 4 * number(0...0x3FFF) }
  func stride(_ bytes: UInt32) -> UInt32 {
    switch number(0...3) {
    case 0: 0
    case 1: (bytes + 3) & ~3
    default: ((bytes + 3) & ~3) + 4 * number(0...4)
    }
  }
  let opcode = [Opcode.linear, .retention, .norm, .map][Int(number(0...3))]
  var rows = number(1...largest)
  var columns = number(1...largest)
  var inner = number(1...largest)
  var fields: [(DescriptorField, UInt32)] = []
  var rowBytes = columns
  let elementwise = chance(50) ? number(1...2) : 0
  fields.append((Format.elt, elementwise))
  fields.append((Format.f0, number(0...1)))
  if opcode != .retention { fields.append((Format.act, number(0...2))) }
  switch opcode {
  case .linear:
    if chance(40) {
      let output = number(1...2)
      fields += [(Format.out, output), (Format.act, 0), (Format.elt, 0)]
      rowBytes = output == 1 ? 4 * columns : 4
    }
  case .retention:
    rows = number(1...largest)
    columns = 4 * number(1...8)
    inner = 4 * number(1...8)
    let heads = number(1...4)
    rowBytes = heads * columns
    fields += [
      (Format.heads, heads - 1), (Format.chunk, number(1...64)), (Format.nrm, number(0...1)),
      (Format.load, number(0...1)), (Format.store, number(0...1)), (Format.mean, number(0...1)),
    ]
    for head in 0..<8 { fields.append((Format.dec[head], number(0...15))) }
  case .norm:
    let groups = number(1...3)
    columns = inner * groups
    rowBytes = columns
    fields += [(Format.mean, number(0...1)), (Format.f0, 0)]
  case .map, .ctrl, .list:
    break
  }
  fields += [
    (Format.t, rows), (Format.n, columns), (Format.k, inner), (Format.xs, stride(8 * inner)),
    (Format.ws, stride(8 * inner)), (Format.bs, stride(8 * columns)), (Format.zs, stride(rowBytes)),
    (Format.ys, (rowBytes + 3) & ~3 + 4 * number(0...2)), (Format.x, pointer()), (Format.w, pointer()),
    (Format.b, pointer()), (Format.l, pointer()), (Format.z, pointer()),
    (Format.y, Bench.base + 0x4_0000 + 4 * number(0...63)), (Format.a, Bench.base + 0x3_0000 + 4 * number(0...63)),
    (Format.mul, number(0...65535)), (Format.sh, chance(10) ? number(0...63) : number(6...34)),
    (Format.esh, chance(10) ? number(0...63) : number(0...16)), (Format.ma, number(0...65535)),
    (Format.mb, number(0...65535)),
  ]
  return descriptor(opcode, fields)
}
