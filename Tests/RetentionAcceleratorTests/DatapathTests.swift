// The arithmetic: fast datapath against a plain transcription of the specification, and the laws of section 7.

import HardwareModel
import TestSupport
import Testing

@testable import RetentionAccelerator

@Suite("Datapath")
struct DatapathTests {
  typealias Format = DescriptorFormat

  @Test("Random descriptors give the bytes of the plain transcription", arguments: 0..<6)
  func randomDescriptors(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed) &* 977)
    for _ in 0..<25 {
      let words = randomDescriptor(&random, largest: 40)
      let bench = Bench()
      bench.fillMemory(&random)
      if words[0] & 0xF == 4 {
        // Indices around the end of the table, not random words.
        let area = Descriptor(words).a
        for row in 0..<64 { bench.memory.writeWord(area + 4 * UInt32(row), UInt32.random(in: 0...90, using: &random)) }
      }
      var reference = ReferenceModel(memory: bench.bytes)
      let decoded = Descriptor(words)
      reference.execute(decoded)
      bench.start(words, at: 0)
      bench.finish()
      #expect(bench.reta.error == .none, "\(decoded.description)")
      #expect(bench.bytes == reference.memory, "\(decoded.description)")
      let counted = bench.reta.totals(at: 1 << 40)
      let cost = CycleModel(bench.reta.configuration).cost(of: decoded, zeroRows: bench.reta.datapath.zeroRows(decoded))
      #expect(counted.runCycles == cost.cycles + 9)
      #expect(counted.bytesWritten == cost.bytesWritten)
    }
  }

  @Test("With gamma = 1 every chunk length gives the same outputs and the same state", arguments: [true, false])
  func chunkEquivalence(normalises: Bool) {
    var results: [[UInt8]] = []
    for chunk in [1, 3, 16, 23, 24, 64] {
      var random = SplitMix64(seed: 7)
      let bench = Bench()
      bench.fillMemory(&random)
      bench.store(Bench.base + 0x2_0000, (0..<512).map { _ in UInt32.random(in: 0...0xFFFF, using: &random) })
      bench.start(
        descriptor(
          .retention,
          [
            (Format.t, 24), (Format.n, 16), (Format.k, 16), (Format.heads, 1), (Format.chunk, UInt32(chunk)),
            (Format.f0, 1), (Format.nrm, normalises ? 1 : 0), (Format.mean, 1), (Format.load, 1), (Format.store, 1),
            (Format.xs, 32), (Format.ws, 32), (Format.bs, 32), (Format.ys, 32), (Format.x, Bench.base),
            (Format.w, Bench.base + 0x1000), (Format.b, Bench.base + 0x2000), (Format.l, Bench.base + 0x3000),
            (Format.a, Bench.base + 0x2_0000), (Format.y, Bench.base + 0x3_0000), (Format.mul, 0x8000),
            (Format.sh, 33),
          ]), at: 0)
      bench.finish()
      #expect(bench.reta.error == .none)
      results.append(bench.bytes)
    }
    for result in results { #expect(result == results[0]) }
  }

  @Test("Rows split over two jobs at a multiple of C give what one job gives")
  func splitJobs() {
    func run(_ parts: [(first: UInt32, rows: UInt32)]) -> [UInt8] {
      var random = SplitMix64(seed: 11)
      let bench = Bench()
      bench.fillMemory(&random)
      bench.store(Bench.base + 0x2_0000, [UInt32](repeating: 0, count: 256))
      var cycle: Cycle = 0
      for part in parts {
        bench.write(RETARegisters.base[0], 0xFFFF_FFF8 &+ part.first, at: cycle)
        bench.start(
          descriptor(
            .retention,
            [
              (Format.t, part.rows), (Format.n, 16), (Format.k, 16), (Format.chunk, 8), (Format.f0, 1), (Format.nrm, 1),
              (Format.load, 1), (Format.store, 1), (Format.selPOS, 1), (Format.xs, 16), (Format.ws, 16),
              (Format.bs, 16), (Format.ys, 16), (Format.x, Bench.base + 16 * part.first),
              (Format.w, Bench.base + 0x1000 + 16 * part.first), (Format.b, Bench.base + 0x2000 + 16 * part.first),
              (Format.l, Bench.base + 0x3000), (Format.a, Bench.base + 0x2_0000),
              (Format.y, Bench.base + 0x3_0000 + 16 * part.first), (Format.mul, 0x8000), (Format.sh, 33),
              (Format.dec[0], 5),
            ]), at: cycle + 1)
        cycle = bench.finish() + 10
        #expect(bench.reta.error == .none)
      }
      return bench.bytes
    }
    // The position wraps at row 8.
    #expect(run([(0, 21)]) == run([(0, 16), (16, 5)]))
  }

  @Test("The state saturates at the limits of int32")
  func stateSaturation() {
    let bench = Bench()
    bench.store(Bench.base, [UInt32](repeating: 0x8080_8080, count: 8))
    bench.store(
      Bench.base + 0x100, [UInt32](repeating: 0x7FFF_FF00, count: 8) + [UInt32](repeating: 0x8000_0000, count: 8))
    bench.start(
      descriptor(
        .retention,
        [
          (Format.t, 1), (Format.n, 4), (Format.k, 4), (Format.chunk, 1), (Format.load, 1), (Format.store, 1),
          (Format.x, Bench.base), (Format.w, Bench.base), (Format.b, Bench.base), (Format.a, Bench.base + 0x100),
          (Format.y, Bench.base + 0x200),
        ]), at: 0)
    bench.finish()
    // 256 * (-128) * (-128) = 2^22 is added to each element.
    #expect(bench.memory.word(Bench.base + 0x100) == 0x7FFF_FFFF)
    #expect(bench.memory.word(Bench.base + 0x120) == 0x8040_0000)
  }

  @Test("Argmax takes the smallest of equal indices")
  func argmaxTies() {
    let bench = Bench()
    bench.store(Bench.base, [1, 0])
    bench.store(Bench.base + 0x10, [0, 5, 3, 5])
    bench.start(
      descriptor(
        .linear,
        [
          (Format.t, 1), (Format.n, 4), (Format.k, 4), (Format.out, 2), (Format.ws, 4), (Format.x, Bench.base),
          (Format.w, Bench.base + 0x10), (Format.y, Bench.base + 0x40),
        ]), at: 0)
    bench.finish()
    #expect(bench.memory.word(Bench.base + 0x40) == 1)
  }

  @Test("The integer root is exact around squares and at the largest sums")
  func roots() {
    var random = SplitMix64(seed: 3)
    for _ in 0..<2000 {
      let root = UInt64.random(in: 1...0xFFFF_FFFF, using: &random)
      #expect(integerSquareRoot(root * root) == root)
      #expect(integerSquareRoot(root * root - 1) == root - 1)
    }
    #expect(integerSquareRoot(0) == 0)
    #expect(integerSquareRoot(.max) == 0xFFFF_FFFF)
  }

  @Test("Rounding shifts send halves up, also below zero")
  func rounding() {
    #expect(roundingShift(2, 2) == 1)
    #expect(roundingShift(-2, 2) == 0)
    #expect(roundingShift(-3, 2) == -1)
    #expect(roundingShift(-6, 2) == -1)
    #expect(roundingShift(5, 0) == 5)
    #expect(roundingShift(-1, 63) == 0)
  }
}
