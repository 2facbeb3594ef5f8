// What is illegal, in which order, and what an operation does not look at (retention-accelerator.md 4.5).

import HardwareModel
import Testing

@testable import RetentionAccelerator

@Suite("Descriptor check")
struct CheckerTests {
  typealias Format = DescriptorFormat
  typealias Change = (DescriptorField, UInt32)

  private func check(_ words: [UInt32], inList: Bool = false) -> ErrorCode {
    DescriptorChecker(configuration: RETAConfiguration()).check(
      Descriptor(words), inList: inList, bases: BaseRegisters(repeating: 0))
  }

  /// A legal descriptor of each opcode with every optional tensor in use.
  private func legal(_ opcode: Opcode, _ changes: Change...) -> [UInt32] {
    var fields: [Change] = [
      (Format.f0, 1), (Format.elt, 1), (Format.t, 2), (Format.n, 8), (Format.k, 8), (Format.xs, 8), (Format.ws, 8),
      (Format.bs, 8), (Format.zs, 8), (Format.ys, 8),
    ]
    for pointer in [Format.x, Format.w, Format.b, Format.a, Format.l, Format.z, Format.y] {
      fields.append((pointer, Bench.base + 0x100))
    }
    switch opcode {
    case .linear, .map: fields.append((Format.act, 2))
    case .retention: fields += [(Format.chunk, 4), (Format.load, 1)]
    case .norm: fields += [(Format.f0, 0), (Format.act, 2)]
    case .ctrl:
      return descriptor(
        .ctrl, [(Format.f0, 1), (Format.count, 2), (Format.breakPointer, Bench.base), (Format.value[0], 7)] + changes)
    case .list: return descriptor(.list, [(Format.x, Bench.base)] + changes)
    }
    return descriptor(opcode, fields + changes)
  }

  @Test("Every opcode's model descriptor is legal, and reserved bits of header and SEL are not")
  func reservedBits() {
    for opcode in Opcode.allCases {
      let words = legal(opcode)
      let inList = opcode == .ctrl
      #expect(check(words, inList: inList) == .none)
      for bit in 4..<32 where opcode.allowedHeader & (1 << UInt32(bit)) == 0 {
        var changed = words
        changed[0] |= 1 << UInt32(bit)
        #expect(check(changed, inList: inList) == .field, "\(opcode) bit \(bit)")
      }
      for nibble in 0..<8 {
        var changed = words
        changed[1] |= 8 << UInt32(4 * nibble)
        #expect(check(changed, inList: inList) == .field, "\(opcode) SEL \(nibble)")
      }
    }
  }

  @Test("Unknown opcodes, LIST in a list and CTRL as a register job are ERR_OP")
  func opcodes() {
    for opcode: UInt32 in [0, 5, 6, 7, 9, 10, 11, 12, 13, 14] {
      #expect(check([opcode | 0x8000_0000] + [UInt32](repeating: 0, count: 15)) == .op)
    }
    #expect(check(legal(.list), inList: true) == .op)
    #expect(check(legal(.ctrl)) == .op)
  }

  @Test("Reserved encodings, and OUT with ACT or ELT, are ERR_FIELD")
  func fields() {
    #expect(check(legal(.linear, (Format.act, 3))) == .field)
    #expect(check(legal(.norm, (Format.elt, 3))) == .field)
    #expect(check(legal(.linear, (Format.out, 3), (Format.act, 0), (Format.elt, 0))) == .field)
    #expect(check(legal(.linear, (Format.out, 1), (Format.act, 0))) == .field)
    #expect(check(legal(.linear, (Format.out, 2), (Format.elt, 0))) == .field)
    #expect(check(legal(.linear, (Format.out, 2), (Format.elt, 0), (Format.act, 0))) == .none)
    #expect(check(legal(.ctrl, (Format.mode[2], 3)), inList: true) == .field)
    for bit: UInt32 in [0, 1, 16, 31] {
      var words = legal(.ctrl)
      words[6] |= 1 << bit
      #expect(check(words, inList: true) == .field)
    }
    for bit: UInt32 in [22, 23, 30, 31] {
      for opcode in [Opcode.linear, .retention, .norm, .map] {
        var words = legal(opcode)
        words[13] |= 1 << bit
        #expect(check(words) == .field)
      }
    }
  }

  @Test("Sizes outside the rules are ERR_SIZE")
  func sizes() {
    for opcode in [Opcode.linear, .retention, .norm, .map] {
      for field in [Format.t, Format.n, Format.k] { #expect(check(legal(opcode, (field, 0))) == .size) }
    }
    #expect(check(legal(.map, (Format.f0, 0), (Format.k, 0))) == .none)
    for size: UInt32 in [2, 6, 66, 68] {
      #expect(check(legal(.retention, (Format.n, size), (Format.ys, 68))) == .size)
      #expect(check(legal(.retention, (Format.k, size))) == .size)
    }
    #expect(check(legal(.retention, (Format.chunk, 0))) == .size)
    #expect(check(legal(.retention, (Format.chunk, 65))) == .size)
    #expect(check(legal(.retention, (Format.chunk, 64))) == .none)
    #expect(check(legal(.norm, (Format.k, 3))) == .size)
    #expect(check(legal(.norm, (Format.n, 1025), (Format.k, 1025), (Format.ys, 1028))) == .size)
    #expect(check(legal(.norm, (Format.n, 1024), (Format.k, 1024), (Format.ys, 1024))) == .none)
  }

  @Test("Misaligned pointers and strides count only where they are used")
  func alignment() {
    let used: [(Opcode, [DescriptorField])] = [
      (
        .linear,
        [Format.x, Format.w, Format.b, Format.l, Format.z, Format.y, Format.xs, Format.ws, Format.zs, Format.ys]
      ),
      (
        .retention,
        [
          Format.x, Format.w, Format.b, Format.a, Format.l, Format.z, Format.y, Format.xs, Format.ws, Format.bs,
          Format.zs, Format.ys,
        ]
      ),
      (.norm, [Format.x, Format.l, Format.z, Format.y, Format.xs, Format.zs, Format.ys]),
      (.map, [Format.x, Format.a, Format.l, Format.z, Format.y, Format.xs, Format.zs, Format.ys]),
    ]
    let all = [
      Format.x, Format.w, Format.b, Format.a, Format.l, Format.z, Format.y, Format.xs, Format.ws, Format.bs, Format.zs,
      Format.ys,
    ]
    for (opcode, fields) in used {
      for field in all {
        let value = field.word < 6 ? UInt32(10) : Bench.base + 0x102
        let expected = fields.contains { $0.name == field.name } ? ErrorCode.align : .none
        #expect(check(legal(opcode, (field, value))) == expected, "\(opcode) \(field.name)")
        #expect(check(legal(opcode, (field, value), (Format.t, 1))) == expected, "\(opcode) \(field.name), one row")
      }
    }
    #expect(check(legal(.linear, (Format.f0, 0), (Format.b, 1))) == .none)
    #expect(check(legal(.linear, (Format.elt, 0), (Format.z, 1), (Format.zs, 1))) == .none)
    #expect(check(legal(.norm, (Format.act, 1), (Format.l, 1))) == .none)
    #expect(check(legal(.map, (Format.f0, 0), (Format.a, 1))) == .none)
    #expect(check(legal(.retention, (Format.load, 0), (Format.a, 1))) == .none)
    #expect(check(legal(.retention, (Format.load, 0), (Format.store, 1), (Format.a, 1))) == .align)
    #expect(check(legal(.retention, (Format.f0, 0), (Format.l, 1))) == .none)
    #expect(check(legal(.list, (Format.x, Bench.base + 1))) == .align)
    #expect(check(legal(.list, (Format.x, 0))) == .none)
    #expect(check(legal(.ctrl, (Format.breakPointer, 2)), inList: true) == .align)
    #expect(check(legal(.ctrl, (Format.breakPointer, 4)), inList: true) == .addr)
    #expect(check(legal(.ctrl, (Format.breakPointer, 4), (Format.count, 0)), inList: true) == .addr)
    #expect(check(legal(.ctrl, (Format.breakPointer, 2), (Format.f0, 0)), inList: true) == .none)
  }

  @Test("Output rows may not overlap, and the smallest code of several wins")
  func strideAndOrder() {
    #expect(check(legal(.map, (Format.ys, 4))) == .stride)
    #expect(check(legal(.map, (Format.ys, 4), (Format.t, 1))) == .none)
    #expect(check(legal(.map, (Format.ys, 4), (Format.x, 0))) == .stride)
    #expect(check(legal(.map, (Format.ys, 4), (Format.z, 2))) == .align)
    #expect(check(legal(.map, (Format.ys, 4), (Format.z, 2), (Format.n, 0))) == .size)
    #expect(check(legal(.map, (Format.ys, 4), (Format.z, 2), (Format.n, 0), (Format.elt, 3))) == .field)
    #expect(check(legal(.linear, (Format.out, 1), (Format.act, 0), (Format.elt, 0), (Format.ys, 28))) == .stride)
    #expect(check(legal(.linear, (Format.out, 1), (Format.act, 0), (Format.elt, 0), (Format.ys, 32))) == .none)
    #expect(check(legal(.linear, (Format.out, 2), (Format.act, 0), (Format.elt, 0), (Format.ys, 4))) == .none)
    #expect(check(legal(.retention, (Format.heads, 1), (Format.ys, 12), (Format.zs, 16))) == .stride)
  }

  @Test("A tensor must end inside the reachable memory, without wrapping")
  func range() {
    let end: UInt32 = 0x1C09_0000
    for field in [Format.x, Format.w, Format.b, Format.l, Format.z, Format.y] {
      #expect(check(legal(.linear, (field, Bench.base - 4))) == .addr)
      #expect(check(legal(.linear, (field, 0xFFFF_FFFC))) == .addr)
    }
    #expect(check(legal(.linear, (Format.x, end - 16))) == .none)
    #expect(check(legal(.linear, (Format.x, end - 12))) == .addr)
    #expect(check(legal(.linear, (Format.b, end - 32))) == .none)
    #expect(check(legal(.linear, (Format.b, end - 28))) == .addr)
    #expect(check(legal(.linear, (Format.l, end - 256))) == .none)
    #expect(check(legal(.linear, (Format.l, end - 252))) == .addr)
    #expect(check(legal(.retention, (Format.a, end - 256))) == .none)
    #expect(check(legal(.retention, (Format.a, end - 252))) == .addr)
    // All rows of the table count, whatever the indices are.
    #expect(check(legal(.map, (Format.k, 65535), (Format.xs, 8))) == .addr)
    #expect(check(legal(.map, (Format.k, 65535), (Format.xs, 4))) == .none)
    #expect(check(legal(.linear, (Format.t, 65535), (Format.xs, 65532), (Format.ys, 8))) == .addr)
  }

  @Test("An illegal descriptor in a list ends it: what came before stays, ERR_PC and LIST_PC name it")
  func listError() {
    let bench = Bench()
    let list = Bench.base + 0x400
    bench.memory.writeWord(Bench.base, 0x1234_5678)
    bench.store(list, copy(4, from: Bench.base, to: Bench.base + 16))
    bench.store(list + 64, legal(.list))
    bench.start(descriptor(.list, [(Format.x, list)]), at: 0)
    bench.finish()
    #expect(bench.jobs[0].error == .op)
    #expect(bench.read(RETARegisters.errPC, at: 900) == list + 64)
    #expect(bench.read(RETARegisters.listPC, at: 900) == list + 64)
    #expect(bench.memory.word(Bench.base + 16) == 0x1234_5678)
    // 3 + 4 + (4 + 2 + 4 + 8) + (4 + 2 + 4) + 2 cycles, section 8.3; both descriptors were read.
    #expect(bench.jobs[0].end - bench.jobs[0].start + 1 == 37)
    #expect(bench.jobs[0].bytesRead == 64 + 4 + 64)
    #expect(bench.jobs[0].descriptors == 1)
  }

  @Test("A fetch outside the memory costs nothing; a branch target is checked when it is fetched")
  func fetchError() {
    let bench = Bench()
    bench.start(descriptor(.list, [(Format.x, 0x1C08_FFC4)]), at: 0)
    bench.finish()
    #expect(bench.jobs[0].error == .addr)
    #expect(bench.jobs[0].end - bench.jobs[0].start + 1 == 9)
    #expect(bench.jobs[0].bytesRead == 0)
    #expect(bench.read(RETARegisters.errPC, at: 500) == 0x1C08_FFC4)
    bench.write(RETARegisters.err, 0, at: 501)
    bench.store(
      Bench.base, descriptor(.ctrl, [(Format.count, 0xFFFF_FFFF), (Format.target, Bench.base + 2), (Format.end, 1)]))
    bench.start(descriptor(.list, [(Format.x, Bench.base)]), at: 510)
    bench.finish()
    #expect(bench.jobs[1].error == .align)
    #expect(bench.read(RETARegisters.listPC, at: 900) == Bench.base + 2)
    #expect(bench.jobs[1].end - bench.jobs[1].start + 1 == 7 + 10 + 1 + 2)
    #expect(bench.read(RETARegisters.cnt[0], at: 901) == 1)
  }

  @Test("A loop body runs n times; the break word ends it early; bases change before they are used")
  func loops() {
    let bench = Bench()
    let list = Bench.base + 0x400
    // Each pass copies a word to BASE1 + 0x100 and moves BASE1 on; the third output is the break value.
    bench.store(Bench.base, [7])
    bench.store(list, copy(4, from: Bench.base, to: Bench.base + 0x100, [(Format.selY, 1)]))
    func control(_ more: [Change]) -> [UInt32] {
      descriptor(
        .ctrl,
        [
          (Format.end, 1), (Format.counter, 2), (Format.count, 5), (Format.target, list), (Format.mode[0], 2),
          (Format.value[0], 4),
        ] + more)
    }
    bench.store(list + 64, control([]))
    bench.start(descriptor(.list, [(Format.x, list)]), at: 0)
    var now = bench.finish()
    #expect(bench.jobs[0].descriptors == 10)
    #expect(bench.read(RETARegisters.base[0], at: now + 1) == 20)
    #expect(bench.read(RETARegisters.cnt[2], at: now + 1) == 0)
    // Break word at 0x108 - 4 + BASE1: written two passes ahead.
    bench.write(RETARegisters.base[0], 0, at: now + 2)
    bench.store(Bench.base + 0x100, [0, 0, 0, 0, 0, 0])
    bench.store(Bench.base + 0x110, [9])
    bench.store(
      list + 64,
      control([(Format.f0, 1), (Format.selB, 1), (Format.breakPointer, Bench.base + 0x104), (Format.breakValue, 9)]))
    bench.start(descriptor(.list, [(Format.x, list)]), at: now + 10)
    now = bench.finish()
    #expect(bench.jobs[1].descriptors == 6)
    #expect(bench.jobs[1].bytesRead == 3 * (64 + 4 + 64 + 4))
    #expect(bench.read(RETARegisters.cnt[2], at: now + 1) == 0)
    // n = 0 falls through and leaves the counter alone.
    bench.write(RETARegisters.cnt[2], 3, at: now + 2)
    bench.store(list + 64, control([(Format.count, 0)]))
    bench.start(descriptor(.list, [(Format.f0, 1), (Format.x, list + 64)]), at: now + 10)
    now = bench.finish()
    #expect(bench.read(RETARegisters.cnt[2], at: now + 1) == 3)
  }
}

@Suite("Configuration")
struct ConfigurationTests {
  @Test("Capability registers follow the parameters, and impossible values are refused by name")
  func capabilities() throws {
    var configuration = RETAConfiguration()
    try configuration.validate()
    configuration.macRows = 32
    configuration.hMax = 4
    configuration.l2Hi = 0x1C05_0000
    try configuration.validate()
    let bench = Bench(configuration)
    #expect(bench.read(RETARegisters.cap0, at: 0) == 0x0440_2010)
    #expect(bench.read(RETARegisters.cap1, at: 0) == 0x0204_4040)
    #expect(bench.read(RETARegisters.l2Hi, at: 0) == 0x1C05_0000)
    for parameter in RETAConfiguration.parameters {
      for value in [parameter.range.lowerBound - 1, parameter.range.upperBound + 1] {
        var wrong = RETAConfiguration()
        wrong[keyPath: parameter.keyPath] = value
        let error = #expect(throws: RETAConfiguration.InvalidParameter.self) { try wrong.validate() }
        #expect(error?.description.hasPrefix("\(parameter.name) ") == true)
      }
    }
    configuration.macRows = 30
    #expect(throws: RETAConfiguration.InvalidParameter.self) { try configuration.validate() }
  }

  @Test("A descriptor's text names its fields")
  func text() {
    let words = copy(4, from: Bench.base, to: Bench.base + 16)
    #expect(Descriptor(words).description == "OP=MAP, T=1, N=4, X=0x1c010000, Y=0x1c010010, MUL=1")
    #expect(DescriptorFormat.fields.count == Set(DescriptorFormat.fields.map(\.name)).count)
  }
}
