/// The 16-word descriptor, declared once: name, word and bits of every field.
///
/// Models: the format that the job registers and command lists share. The decoder (`Descriptor`), the fields of
/// JOB0..15 and the text of a descriptor are derived from this table.
/// Follows: retention-accelerator.md section 5, and 6.5 for the words that CTRL uses in its own way.
/// Leaves out: which fields an operation uses; that is the checker's matter.

import HardwareModel

/// A field of a descriptor: a register field and the word that it lies in.
public struct DescriptorField: Sendable {
  /// Number of the word, 0...15.
  public let word: Int
  public let field: Field

  init(_ word: Int, _ field: Field) {
    self.word = word
    self.field = field
  }

  public var name: String { field.name }

  /// The field's value in a descriptor.
  @inline(__always)
  public func extract(_ words: DescriptorWords) -> UInt32 { field.extract(words[word]) }
}

/// The words of a descriptor as they stand in memory or in JOB0..15.
public typealias DescriptorWords = InlineArray<16, UInt32>

/// The operation of a descriptor: word 0, field OP.
public enum Opcode: UInt8, Sendable, CaseIterable {
  case linear = 1
  case retention = 2
  case norm = 3
  case map = 4
  case ctrl = 8
  case list = 15

  public var name: String {
    switch self {
    case .linear: "LINEAR"
    case .retention: "RETENTION"
    case .norm: "NORM"
    case .map: "MAP"
    case .ctrl: "CTRL"
    case .list: "LIST"
    }
  }

  /// Bits of word 0 that may be 1; all others are reserved for this operation.
  var allowedHeader: UInt32 {
    switch self {
    case .linear: 0x0000_1FFF
    case .retention: 0x7F71_F33F
    case .norm: 0x0001_03FF
    case .map: 0x0000_13FF
    case .ctrl: 0x0030_103F
    case .list: 0x0000_100F
    }
  }
}

/// The fields of the descriptor.
public enum DescriptorFormat {
  /// Words in a descriptor.
  public static let wordCount = 16
  /// Bytes from one descriptor of a list to the next.
  public static let byteCount: UInt32 = 64

  // Word 0: the header.
  public static let op = DescriptorField(
    0,
    Field(
      "OP", 0...3, "Operation",
      values: Opcode.allCases.map { EnumeratedValue($0.name, UInt32($0.rawValue), "Operation \($0.name)") }))
  public static let end = DescriptorField(0, Field("END", 4, "The list ends after this descriptor"))
  public static let evt = DescriptorField(0, Field("EVT", 5, "Progress event after this descriptor"))
  public static let act = DescriptorField(
    0,
    Field(
      "ACT", 6...7, "Activation",
      values: [EnumeratedValue("RELU", 1, "max(y, 0)"), EnumeratedValue("LUT", 2, "Table of 256 int8 at L")]))
  public static let elt = DescriptorField(
    0,
    Field(
      "ELT", 8...9, "Element-wise operation with Z",
      values: [EnumeratedValue("ADD", 1, "Scaled sum"), EnumeratedValue("MUL", 2, "Scaled product")]))
  public static let out = DescriptorField(
    0,
    Field(
      "OUT", 10...11, "Output of LINEAR; 0 = int8",
      values: [EnumeratedValue("INT32", 1, "Raw accumulators"), EnumeratedValue("ARGMAX", 2, "Index of the largest")]))
  public static let f0 = DescriptorField(
    0, Field("F0", 12, "LINEAR: BIAS; RETENTION: ROT; MAP: IDX; CTRL: BRK; LIST: RESUME"))
  public static let nrm = DescriptorField(0, Field("NRM", 13, "RETENTION: group norm instead of requantisation"))
  public static let load = DescriptorField(0, Field("LOAD", 14, "RETENTION: load the state"))
  public static let store = DescriptorField(0, Field("STORE", 15, "RETENTION: store the state"))
  public static let mean = DescriptorField(0, Field("MEAN", 16, "NORM, RETENTION: remove the mean"))
  public static let heads = DescriptorField(
    0, Field("HEADS_1", 20...22, "RETENTION: heads - 1; CTRL: bits 21:20 number the loop counter"))
  public static let chunk = DescriptorField(0, Field("CHUNK", 24...30, "RETENTION: chunk length C"))

  // Word 1: base registers.
  public static let selX = select(0, "SEL_X", "X")
  public static let selW = select(1, "SEL_W", "W")
  public static let selB = select(2, "SEL_B", "B")
  public static let selA = select(3, "SEL_A", "A")
  public static let selL = select(4, "SEL_L", "L")
  public static let selZ = select(5, "SEL_Z", "Z")
  public static let selY = select(6, "SEL_Y", "Y")
  public static let selPOS = select(7, "SEL_POS", "the position")

  // Words 2..5: sizes and strides.
  public static let t = DescriptorField(2, Field("T", 0...15, "Rows"))
  public static let n = DescriptorField(2, Field("N", 16...31, "Columns of the output (RETENTION: dv)"))
  public static let k = DescriptorField(
    3, Field("K", 0...15, "Inner size (RETENTION: dk; NORM: group length; MAP with IDX: table rows)"))
  public static let xs = DescriptorField(3, Field("XS", 16...31, "Row stride of X in bytes"))
  public static let ws = DescriptorField(4, Field("WS", 0...15, "Row stride of W in bytes"))
  public static let bs = DescriptorField(4, Field("BS", 16...31, "Row stride of B in bytes"))
  public static let zs = DescriptorField(5, Field("ZS", 0...15, "Row stride of Z in bytes"))
  public static let ys = DescriptorField(5, Field("YS", 16...31, "Row stride of Y in bytes"))

  // Words 6..12: pointers.
  public static let x = DescriptorField(6, Field("X", 0...31, "Pointer X: input, or q; LIST: first descriptor"))
  public static let w = DescriptorField(7, Field("W", 0...31, "Pointer W: weights, or k"))
  public static let b = DescriptorField(8, Field("B", 0...31, "Pointer B: bias, or v"))
  public static let a = DescriptorField(9, Field("A", 0...31, "Pointer A: state, or row indices"))
  public static let l = DescriptorField(10, Field("L", 0...31, "Pointer L: activation table, or theta"))
  public static let z = DescriptorField(11, Field("Z", 0...31, "Pointer Z: second operand of the output stage"))
  public static let y = DescriptorField(12, Field("Y", 0...31, "Pointer Y: output"))

  // Words 13..15: scales and decay.
  public static let mul = DescriptorField(13, Field("MUL", 0...15, "Multiplier of the requantisation"))
  public static let sh = DescriptorField(13, Field("SH", 16...21, "Shift of the requantisation"))
  public static let esh = DescriptorField(13, Field("ESH", 24...29, "Shift of the element-wise operation"))
  public static let ma = DescriptorField(14, Field("MA", 0...15, "Multiplier of the result"))
  public static let mb = DescriptorField(14, Field("MB", 16...31, "Multiplier of Z"))
  /// Decay shifts of the heads, 4 bits each.
  public static let dec: [DescriptorField] = (0..<8).map { head in
    DescriptorField(15, Field("DEC\(head)", (4 * head)...(4 * head + 3), "RETENTION: decay shift of head \(head)"))
  }

  /// All fields of the data opcodes, in order of word and bit.
  public static let fields: [DescriptorField] =
    [
      op, end, evt, act, elt, out, f0, nrm, load, store, mean, heads, chunk, selX, selW, selB, selA, selL, selZ, selY,
      selPOS, t, n, k, xs, ws, bs, zs, ys, x, w, b, a, l, z, y, mul, sh, esh, ma, mb,
    ] + dec

  // Words with another meaning in CTRL (6.5).
  public static let counter = DescriptorField(0, Field("COUNTER", 20...21, "Loop counter CNT0..CNT3"))
  public static let count = DescriptorField(2, Field("COUNT", 0...31, "Passes of the loop, + BASE[SEL.X]"))
  public static let target = DescriptorField(3, Field("TARGET", 0...31, "Branch address, + BASE[SEL.W]"))
  public static let breakPointer = DescriptorField(
    4, Field("BRK_PTR", 0...31, "Address of the break word, + BASE[SEL.B]"))
  public static let breakValue = DescriptorField(5, Field("BRK_VAL", 0...31, "Value that ends the loop"))
  /// MODE1...MODE7 at indices 0...6.
  public static let mode: [DescriptorField] = (1...7).map { base in
    DescriptorField(
      6,
      Field(
        "MODE\(base)", (2 * base)...(2 * base + 1), "What happens to BASE\(base)",
        values: [EnumeratedValue("SET", 1, "VAL"), EnumeratedValue("ADD", 2, "BASE + VAL")]))
  }
  /// VAL1...VAL7 at indices 0...6.
  public static let value: [DescriptorField] = (1...7).map { base in
    DescriptorField(8 + base, Field("VAL\(base)", 0...31, "Operand for BASE\(base)"))
  }

  /// All fields of CTRL, in order of word and bit.
  public static let controlFields: [DescriptorField] =
    [op, end, evt, f0, counter, selX, selW, selB, count, target, breakPointer, breakValue] + mode + value
  /// All fields of LIST.
  public static let listFields: [DescriptorField] = [op, f0, selX, x]

  // Reserved bits outside the header.
  static let reservedSelect: UInt32 = 0x8888_8888
  static let reservedScale: UInt32 = 0xC0C0_0000
  static let reservedMode: UInt32 = 0xFFFF_0003

  /// The data opcodes' fields of one word, for the declaration of JOB0..15.
  public static func fields(ofWord word: Int) -> [Field] { fields.filter { $0.word == word }.map(\.field) }

  static func summary(ofWord word: Int) -> String {
    switch word {
    case 0: "header"
    case 1: "base registers"
    case 2...5: "sizes and strides"
    case 6...12: "pointer"
    case 13, 14: "scales"
    default: "decay"
    }
  }

  /// The fields that a descriptor with this header is read by.
  public static func fields(of words: DescriptorWords) -> [DescriptorField] {
    switch Opcode(rawValue: UInt8(op.extract(words))) {
    case .ctrl: controlFields
    case .list: listFields
    default: fields
    }
  }

  /// `FIELD=value` for every field that is not 0: the text of a descriptor.
  public static func describe(_ words: DescriptorWords) -> String {
    fields(of: words).compactMap { field in
      let value = field.extract(words)
      guard value != 0 else { return nil }
      let name = field.field.values.first { $0.value == value }?.name
      return "\(field.name)=" + (name ?? (value < 0x1_0000 ? "\(value)" : "0x" + String(value, radix: 16)))
    }.joined(separator: ", ")
  }

  private static func select(_ index: Int, _ name: String, _ what: String) -> DescriptorField {
    DescriptorField(1, Field(name, (4 * index)...(4 * index + 2), "Base register added to \(what); 0 = none"))
  }
}
