/// A descriptor as the engine sees it: fields taken apart, base registers added.
///
/// Models: decoding of the 16 words and the list of tensors that an operation uses.
/// Follows: retention-accelerator.md section 5.
/// Leaves out: whether the descriptor is legal (`DescriptorChecker`) and what CTRL does (`ControlOperation`).

import HardwareModel

/// BASE1..7 at their own index; index 0 is the constant 0 that SEL = 0 adds.
public typealias BaseRegisters = InlineArray<8, UInt32>

/// What the output stage does after the primitive.
public enum Activation: UInt32, Sendable {
  case none, relu, lut, reserved
}

/// How the output stage combines the result with Z.
public enum Elementwise: UInt32, Sendable {
  case none, add, multiply, reserved
}

/// What LINEAR writes.
public enum LinearOutput: UInt32, Sendable {
  case int8, int32, argmax, reserved
}

/// A decoded descriptor.
public struct Descriptor: Sendable {
  public let words: DescriptorWords
  /// The base registers that were added.
  public let bases: BaseRegisters
  /// Nil: no such operation.
  public let opcode: Opcode?

  // Header.
  public let end: Bool
  public let evt: Bool
  public let activation: Activation
  public let elementwise: Elementwise
  public let output: LinearOutput
  /// BIAS, ROT, IDX, BRK or RESUME.
  public let f0: Bool
  public let normalises: Bool
  public let loads: Bool
  public let stores: Bool
  public let removesMean: Bool
  public let heads: Int
  public let chunk: Int

  // Sizes in elements, strides in bytes.
  public let rows: Int
  public let columns: Int
  public let inner: Int
  public let xStride: Int
  public let wStride: Int
  public let bStride: Int
  public let zStride: Int
  public let yStride: Int

  // Effective addresses: pointer + base register, modulo 2^32.
  public let x: Address
  public let w: Address
  public let b: Address
  public let a: Address
  public let l: Address
  public let z: Address
  public let y: Address
  /// Position of row 0.
  public let position: UInt32

  // Scales.
  public let multiplier: Int64
  public let shift: Int64
  public let elementShift: Int64
  public let resultMultiplier: Int64
  public let operandMultiplier: Int64

  public init(_ words: DescriptorWords, bases: BaseRegisters) {
    typealias Format = DescriptorFormat
    self.words = words
    self.bases = bases
    opcode = Opcode(rawValue: UInt8(Format.op.extract(words)))
    end = Format.end.extract(words) != 0
    evt = Format.evt.extract(words) != 0
    activation = Activation(rawValue: Format.act.extract(words)) ?? .reserved
    elementwise = Elementwise(rawValue: Format.elt.extract(words)) ?? .reserved
    output = LinearOutput(rawValue: Format.out.extract(words)) ?? .reserved
    f0 = Format.f0.extract(words) != 0
    normalises = Format.nrm.extract(words) != 0
    loads = Format.load.extract(words) != 0
    stores = Format.store.extract(words) != 0
    removesMean = Format.mean.extract(words) != 0
    heads = Int(Format.heads.extract(words)) + 1
    chunk = Int(Format.chunk.extract(words))
    rows = Int(Format.t.extract(words))
    columns = Int(Format.n.extract(words))
    inner = Int(Format.k.extract(words))
    xStride = Int(Format.xs.extract(words))
    wStride = Int(Format.ws.extract(words))
    bStride = Int(Format.bs.extract(words))
    zStride = Int(Format.zs.extract(words))
    yStride = Int(Format.ys.extract(words))
    x = Format.x.extract(words) &+ bases[Int(Format.selX.extract(words))]
    w = Format.w.extract(words) &+ bases[Int(Format.selW.extract(words))]
    b = Format.b.extract(words) &+ bases[Int(Format.selB.extract(words))]
    a = Format.a.extract(words) &+ bases[Int(Format.selA.extract(words))]
    l = Format.l.extract(words) &+ bases[Int(Format.selL.extract(words))]
    z = Format.z.extract(words) &+ bases[Int(Format.selZ.extract(words))]
    y = Format.y.extract(words) &+ bases[Int(Format.selY.extract(words))]
    position = bases[Int(Format.selPOS.extract(words))]
    multiplier = Int64(Format.mul.extract(words))
    shift = Int64(Format.sh.extract(words))
    elementShift = Int64(Format.esh.extract(words))
    resultMultiplier = Int64(Format.ma.extract(words))
    operandMultiplier = Int64(Format.mb.extract(words))
  }

  /// Decay shift of a head, 0...15; 0 means gamma = 1.
  func decayShift(head: Int) -> Int64 { Int64(DescriptorFormat.dec[head & 7].extract(words)) }

  /// True if ACT reads the table at L.
  var usesTable: Bool { activation == .lut }
  /// True if ELT reads Z.
  var usesZ: Bool { elementwise != .none }
  /// Bytes of an output row.
  var outputRowBytes: Int {
    switch opcode {
    case .linear where output == .int32: 4 * columns
    case .linear where output == .argmax: 4
    case .retention: heads * columns
    default: columns
    }
  }

  /// The text of the descriptor: opcode and fields that are not 0.
  public var description: String { DescriptorFormat.describe(words) }
}

/// A tensor that a descriptor uses: a list of rows of contiguous bytes.
public struct TensorUse: Sendable {
  /// Which pointer names the tensor.
  public enum Pointer: String, Sendable {
    case x = "X"
    case w = "W"
    case b = "B"
    case a = "A"
    case l = "L"
    case z = "Z"
    case y = "Y"
  }

  public let pointer: Pointer
  /// Effective address of the first row.
  public let address: Address
  /// Bytes from row to row; nil: contiguous, the descriptor's stride is not used.
  public let stride: Int?
  public let rows: Int
  public let rowBytes: Int
  public let isRead: Bool
  public let isWritten: Bool

  /// First byte after the tensor; more than 32 bits, because the check does not wrap.
  public var endAddress: UInt64 {
    UInt64(address) &+ UInt64(max(0, (rows &- 1) &* (stride ?? rowBytes) &+ rowBytes))
  }
}

extension Descriptor {
  /// Calls `body` for each tensor that the operation uses, in the order X, W, B, A, L, Z, Y. CTRL and LIST use none.
  @inline(__always)
  public func forEachTensor(_ body: (TensorUse) -> Void) {
    func use(
      _ pointer: TensorUse.Pointer, _ address: Address, stride: Int? = nil, rows: Int = 1, bytes: Int,
      read: Bool = true, written: Bool = false
    ) {
      body(
        TensorUse(
          pointer: pointer, address: address, stride: stride, rows: rows, rowBytes: bytes, isRead: read,
          isWritten: written))
    }
    switch opcode {
    case .linear:
      use(.x, x, stride: xStride, rows: rows, bytes: inner)
      use(.w, w, stride: wStride, rows: columns, bytes: inner)
      if f0 { use(.b, b, bytes: 4 * columns) }
    case .retention:
      use(.x, x, stride: xStride, rows: rows, bytes: heads * inner)
      use(.w, w, stride: wStride, rows: rows, bytes: heads * inner)
      use(.b, b, stride: bStride, rows: rows, bytes: heads * columns)
      if loads || stores { use(.a, a, bytes: 4 * heads * inner * columns, read: loads, written: stores) }
      if f0 { use(.l, l, bytes: 2 * inner) }
    case .norm:
      use(.x, x, stride: xStride, rows: rows, bytes: columns)
    case .map:
      use(.x, x, stride: xStride, rows: f0 ? inner : rows, bytes: columns)
      if f0 { use(.a, a, bytes: 4 * rows) }
    case .ctrl, .list, nil:
      return
    }
    if usesTable { use(.l, l, bytes: 256) }
    if usesZ { use(.z, z, stride: zStride, rows: rows, bytes: outputRowBytes) }
    use(.y, y, stride: yStride, rows: rows, bytes: outputRowBytes, read: false, written: true)
  }
}
