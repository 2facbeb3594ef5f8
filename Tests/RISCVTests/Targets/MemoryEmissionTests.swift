// The accesses of both translation targets: which addresses pass the check, which lines stop a store, and what is loaded
// and stored, at the edges of one and of two ranges, in the lower and in the upper half of the address space.

import HardwareModel
import Testing

@testable import RISCV

@Suite struct MemoryEmissionTests {
  struct Layout: Sendable, CustomTestStringConvertible {
    var host: TranslationHost
    var base: UInt32
    var ranges: [(offset: UInt32, size: UInt32)]

    var testDescription: String { "\(host), \(String(base, radix: 16)), \(ranges.count) ranges" }

    func run(_ work: some EmissionWork) throws {
      switch host {
      case .x86:
        if let bench = EmissionBench<X86Target>(base: base, ranges: ranges) { try work.run(bench) }
      case .aarch64:
        if let bench = EmissionBench<AArch64Target>(base: base, ranges: ranges) { try work.run(bench) }
      }
    }
  }

  static let layouts: [Layout] = [TranslationHost.x86, .aarch64].flatMap { host in
    [0x1C00_0000, 0x2_0000, 0x7FFF_E000, 0xF000_0000].flatMap { base in
      [
        Layout(host: host, base: base, ranges: [(0, 0x4000)]),
        Layout(host: host, base: base, ranges: [(0, 0x1000), (0x2000, 0x800)]),
      ]
    }
  }

  private struct Checks: EmissionWork {
    func run<Target>(_ bench: EmissionBench<Target>) throws {
      let reach = bench.reach
      for register in emissionRegisters {
        for alignment in 0...2 as ClosedRange<UInt8> {
          for (low, span) in [(0, 1 << UInt32(alignment)), (8, 16), (0xFFFF_FFF4, 32), (0x400, 4)] as [(UInt32, UInt32)]
          {
            let check = AddressCheck(
              base: .register(register), displacement: low &- reach.base, alignment: alignment,
              limit: (reach.size - span) >> UInt32(alignment), secondOffset: reach.secondOffset,
              secondLimit: reach.secondSize >= span ? (reach.secondSize - span) >> UInt32(alignment) : nil)
            let code = try #require(bench.make { $0.check(check, index: 7) })
            var distances: Set<UInt32> = [0, 1, 2, 3, 4, 0x4000, 0x8000_0000, 0 &- reach.base]
            for edge in [0, reach.size, reach.secondOffset, reach.secondOffset &+ reach.secondSize] {
              for step in 0...40 as ClosedRange<UInt32> { distances.formUnion([edge &+ step, edge &- step]) }
            }
            for distance in distances.sorted() {
              let run = bench.run(code.body, [register: reach.base &+ distance &- low])
              let isAligned = distance % (1 << UInt32(alignment)) == 0
              let passes = isAligned && reach.holds(distance, span)
              guard run.after == run.before, run.outcome == .left(passes ? 99 : 7) else {
                Issue.record("x\(register), \(low), \(span) bytes, alignment \(alignment), \(distance): \(run.outcome)")
                return
              }
            }
          }
        }
      }
    }
  }

  @Test(arguments: layouts) func addressesPassThatLieInMemory(_ layout: Layout) throws { try layout.run(Checks()) }

  private static let loads: [(MicroCode, UInt32)] = [(.lb, 1), (.lbu, 1), (.lh, 2), (.lhu, 2), (.lw, 4)]
  private static let stores: [(MicroCode, UInt32)] = [(.sb, 1), (.sh, 2), (.sw, 4)]

  /// Addresses as a register and an immediate, and as constants.
  private static func places(_ reach: TranslatedMemory, _ size: UInt32) -> [(
    base: GuestOperand, register: UInt32, displacement: UInt32, distance: UInt32
  )] {
    var places: [(base: GuestOperand, register: UInt32, displacement: UInt32, distance: UInt32)] = []
    let last = reach.size - size
    for distance in [0, size, 0x7FC, last] {
      places.append((.constant(0), 0, distance, distance))
      for register in emissionRegisters {
        for immediate in [0, 4, 0x7FF & ~3, 0xFFFF_F800] as [UInt32] {
          let start = reach.base &+ distance &- immediate
          places.append((.register(register), start, immediate &- reach.base, distance))
        }
      }
    }
    return places
  }

  private struct Loads: EmissionWork {
    func run<Target>(_ bench: EmissionBench<Target>) throws {
      let reach = bench.reach
      for (operation, size) in loads {
        for place in places(reach, size) {
          for rd in emissionRegisters {
            let code = try #require(bench.make { $0.load(operation, rd, place.base, place.displacement) })
            for value in [0x8081_8283, 0x7F7E_7D7C, 0xFFFF_FFFF, 0x0000_8000] as [UInt32] {
              let bytes = reach.bytes + Int(place.distance)
              for byte in 0..<size {
                bytes.storeBytes(of: UInt8(value >> (8 * byte) & 0xFF), toByteOffset: Int(byte), as: UInt8.self)
              }
              var registers: [UInt8: UInt32] = [:]
              if case .register(let number) = place.base { registers[number] = place.register }
              let run = bench.run(code.body, registers)
              let unused = UInt32(32) - 8 * size
              let isSigned = operation == .lb || operation == .lh
              let expected =
                isSigned
                ? UInt32(bitPattern: Int32(bitPattern: value << unused) >> Int32(unused)) : (value << unused) >> unused
              guard run.after[Int(rd)] == expected, run.outcome == .left(99) else {
                Issue.record("\(operation) x\(rd), \(place): \(run.after[Int(rd)])")
                return
              }
            }
          }
        }
      }
    }
  }

  @Test(arguments: layouts) func loadsBringWhatIsThere(_ layout: Layout) throws { try layout.run(Loads()) }

  private struct Stores: EmissionWork {
    func run<Target>(_ bench: EmissionBench<Target>) throws {
      let reach = bench.reach
      for (operation, size) in stores {
        for place in places(reach, size) {
          for value in emissionRegisters.map({ GuestOperand.register($0) }) + [.constant(0), .constant(0x8765_4321)] {
            let code = try #require(bench.make { $0.store(operation, value, place.base, place.displacement) })
            let around = UnsafeMutableRawBufferPointer(start: bench.memory.bytes, count: bench.memory.size)
            around.initializeMemory(as: UInt8.self, repeating: 0xA5)
            var registers: [UInt8: UInt32] = [:]
            if case .register(let number) = value { registers[number] = 0x1234_ABCD }
            if case .register(let number) = place.base { registers[number] = place.register }
            let run = bench.run(code.body, registers)
            let stored: UInt32
            switch value {
            case .register(let number): stored = run.before[Int(number)]
            case .constant(let constant): stored = constant
            }
            var expected = [UInt8](repeating: 0xA5, count: bench.memory.size)
            for byte in 0..<size { expected[Int(place.distance + byte)] = UInt8(stored >> (8 * byte) & 0xFF) }
            guard around.elementsEqual(expected), run.after == run.before, run.outcome == .left(99) else {
              Issue.record("\(operation) \(value), \(place)")
              return
            }
          }
        }
      }
    }
  }

  @Test(arguments: layouts) func storesChangeTheirBytesOnly(_ layout: Layout) throws { try layout.run(Stores()) }

  private struct Lines: EmissionWork {
    func run<Target>(_ bench: EmissionBench<Target>) throws {
      let reach = bench.reach
      for register in emissionRegisters {
        for immediate in [0, 4, 0xFFFF_F800] as [UInt32] {
          let code = try #require(
            bench.make { $0.checkLine(.register(register), immediate &- reach.base, reach.lines, index: 8) })
          for distance in [0, 63, 64, 127, 128, reach.size - 1] {
            let constant = try #require(bench.make { $0.checkLine(.constant(0), distance, reach.lines, index: 8) })
            for marked in [0, 64, 128, reach.size - 64] {
              reach.lines[Int(marked >> 6)] = CodeRegion.watchMark
              let stops = distance >> 6 == marked >> 6
              let run = bench.run(code.body, [register: reach.base &+ distance &- immediate])
              #expect(run.outcome == .left(stops ? 8 : 99))
              #expect(run.after == run.before)
              #expect(bench.run(constant.body).outcome == .left(stops ? 8 : 99))
              reach.lines[Int(marked >> 6)] = 0
            }
          }
        }
      }
    }
  }

  @Test(arguments: layouts) func storesStopAtMarkedLines(_ layout: Layout) throws { try layout.run(Lines()) }
}
