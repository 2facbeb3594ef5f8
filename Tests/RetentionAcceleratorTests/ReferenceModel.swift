// The primitives once more, as plain as the specification writes them: mathematical integers, one element at a time,
// nothing shared with the datapath. Slow; an oracle for random descriptors.

import HardwareModel

@testable import RetentionAccelerator

/// Executes a descriptor on a copy of the L2 (retention-accelerator.md sections 3 and 6).
struct ReferenceModel {
  typealias Number = Int128

  var memory: [UInt8]

  func rs(_ x: Number, _ s: Number) -> Number {
    if s == 0 { return x }
    let divisor = Number(1) << s
    let dividend = x + divisor / 2
    let quotient = dividend / divisor
    return dividend % divisor < 0 ? quotient - 1 : quotient
  }

  func sat8(_ x: Number) -> Number { min(max(x, -128), 127) }
  func sat32(_ x: Number) -> Number { min(max(x, -(1 << 31)), (1 << 31) - 1) }

  func byte(_ address: Number) -> Number { Number(Int8(bitPattern: memory[Int(address - Number(Bench.base))])) }

  func word(_ address: Number) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(memory[Int(address - Number(Bench.base)) + $1]) << UInt32(8 * $1) }
  }

  mutating func setByte(_ address: Number, _ value: Number) {
    memory[Int(address - Number(Bench.base))] = UInt8(truncatingIfNeeded: value)
  }

  mutating func setWord(_ address: Number, _ value: UInt32) {
    for lane in 0..<4 { setByte(address + Number(lane), Number((value >> UInt32(8 * lane)) & 0xFF)) }
  }

  func norm(_ x: [Number], _ d: Descriptor) -> [Number] {
    let n = Number(x.count)
    let sum = x.reduce(0, +)
    let centred = d.removesMean ? x.map { n * $0 - sum } : x
    let largest = centred.map { abs($0) }.max() ?? 0
    if largest == 0 { return x.map { _ in 0 } }
    var length: Number = 0
    while largest >> length != 0 { length += 1 }
    let e = length - 15
    let t = centred.map { e > 0 ? $0 >> e : $0 << -e }
    let squares = t.map { $0 * $0 }.reduce(0, +)
    var r: Number = 0
    var bit: Number = 1 << 30
    while bit > 0 {
      if (r + bit) * (r + bit) <= squares { r += bit }
      bit >>= 1
    }
    let m = Number(d.multiplier) * (1 << 24) / r
    return t.map { sat8(rs($0 * m, Number(d.shift))) }
  }

  func rq(_ a: Number, _ d: Descriptor) -> Number { sat8(rs(a * Number(d.multiplier), Number(d.shift))) }

  func output(_ y0: Number, _ d: Descriptor, row: Int, column: Int) -> Number {
    var y = y0
    switch d.activation {
    case .relu: y = max(y, 0)
    case .lut: y = byte(Number(d.l) + (y & 255))
    case .none, .reserved: break
    }
    let z = d.usesZ ? byte(Number(d.z) + Number(row * d.zStride + column)) : 0
    let ma = Number(d.resultMultiplier)
    switch d.elementwise {
    case .add: return sat8(rs(y * ma + z * Number(d.operandMultiplier), Number(d.elementShift)))
    case .multiply: return sat8(rs(y * z * ma, Number(d.elementShift)))
    case .none, .reserved: return y
    }
  }

  mutating func execute(_ d: Descriptor) {
    let before = self
    func x(_ row: Int, _ column: Int) -> Number { before.byte(Number(d.x) + Number(row * d.xStride + column)) }
    func w(_ row: Int, _ column: Int) -> Number { before.byte(Number(d.w) + Number(row * d.wStride + column)) }
    func b(_ row: Int, _ column: Int) -> Number { before.byte(Number(d.b) + Number(row * d.bStride + column)) }
    func y(_ row: Int, _ column: Int) -> Number { Number(d.y) + Number(row * d.yStride + column) }
    switch d.opcode {
    case .linear:
      for t in 0..<d.rows {
        var acc: [Int32] = []
        for n in 0..<d.columns {
          var sum = d.f0 ? Number(Int32(bitPattern: before.word(Number(d.b) + Number(4 * n)))) : 0
          for k in 0..<d.inner { sum += x(t, k) * w(n, k) }
          acc.append(Int32(truncatingIfNeeded: sum))
        }
        switch d.output {
        case .int8:
          for n in 0..<d.columns {
            setByte(y(t, n), before.output(rq(Number(acc[n]), d), d, row: t, column: n))
          }
        case .int32: for n in 0..<d.columns { setWord(y(t, 4 * n), UInt32(bitPattern: acc[n])) }
        default: setWord(y(t, 0), UInt32(acc.firstIndex(of: acc.max() ?? 0) ?? 0))
        }
      }
    case .norm:
      for t in 0..<d.rows {
        for group in 0..<d.columns / d.inner {
          let values = norm((0..<d.inner).map { x(t, group * d.inner + $0) }, d)
          for (index, value) in values.enumerated() {
            let column = group * d.inner + index
            setByte(y(t, column), before.output(value, d, row: t, column: column))
          }
        }
      }
    case .map:
      for t in 0..<d.rows {
        let index = d.f0 ? Int(before.word(Number(d.a) + Number(4 * t))) : t
        let inside = !d.f0 || index < d.inner
        for n in 0..<d.columns {
          setByte(y(t, n), before.output(rq(inside ? x(index, n) : 0, d), d, row: t, column: n))
        }
      }
    case .retention:
      for head in 0..<d.heads { retention(d, head, before, x, w, b, y) }
    case .ctrl, .list, nil:
      break
    }
  }

  private mutating func retention(
    _ d: Descriptor, _ head: Int, _ before: ReferenceModel, _ x: (Int, Int) -> Number, _ w: (Int, Int) -> Number,
    _ b: (Int, Int) -> Number, _ y: (Int, Int) -> Number
  ) {
    let (dk, dv) = (d.inner, d.columns)
    func rotated(_ value: (Int, Int) -> Number, _ t: Int) -> [Number] {
      let row = (0..<dk).map { value(t, head * dk + $0) }
      guard d.f0 else { return row }
      var result = row
      for j in 0..<dk / 2 {
        let p = UInt32(truncatingIfNeeded: UInt64(d.position) + UInt64(t))
        let i = Int(((p &* before.word(Number(d.l) + Number(4 * j))) &+ (1 << 21)) >> 22)
        let (sin, cos) = (Number(SineROM.entries[i]), Number(SineROM.entries[(i + 256) % 1024]))
        result[2 * j] = sat8(rs(row[2 * j] * cos - row[2 * j + 1] * sin, 14))
        result[2 * j + 1] = sat8(rs(row[2 * j + 1] * cos + row[2 * j] * sin, 14))
      }
      return result
    }
    let stateAddress = Number(d.a) + Number(4 * head * dk * dv)
    var state = (0..<dk).map { i in
      (0..<dv).map { j in
        d.loads ? Number(Int32(bitPattern: before.word(stateAddress + Number(4 * (i * dv + j))))) : 0
      }
    }
    var power: Number = 1 << 30
    var g: [Number] = []
    for _ in 0...64 {
      g.append(rs(power, 14))
      if d.decayShift(head: head) != 0 { power -= rs(power, Number(d.decayShift(head: head))) }
    }
    var start = 0
    while start < d.rows {
      let c = min(d.chunk, d.rows - start)
      let q = (0..<c).map { rotated(x, start + $0) }
      let k = (0..<c).map { rotated(w, start + $0) }
      let v = (0..<c).map { m in (0..<dv).map { b(start + m, head * dv + $0) } }
      for n in 0..<c {
        var o: [Number] = []
        for j in 0..<dv {
          var sum: Number = 0
          for m in 0...n {
            let score = (0..<dk).map { q[n][$0] * k[m][$0] }.reduce(0, +)
            sum += rs(score * g[n - m], 8) * v[m][j]
          }
          let cross = (0..<dk).map { q[n][$0] * state[$0][j] }.reduce(0, +)
          o.append(sum + rs(cross * g[n + 1], 16))
        }
        let y0 = d.normalises ? norm(o, d) : o.map { rq($0, d) }
        for j in 0..<dv {
          let column = head * dv + j
          setByte(y(start + n, column), before.output(y0[j], d, row: start + n, column: column))
        }
      }
      for i in 0..<dk {
        for j in 0..<dv {
          let update = (0..<c).map { rs(k[$0][i] * g[c - 1 - $0], 8) * v[$0][j] }.reduce(0, +)
          state[i][j] = sat32(rs(state[i][j] * g[c], 16) + update)
        }
      }
      start += c
    }
    guard d.stores else { return }
    for i in 0..<dk {
      for j in 0..<dv {
        setWord(stateAddress + Number(4 * (i * dv + j)), UInt32(truncatingIfNeeded: state[i][j]))
      }
    }
  }
}
