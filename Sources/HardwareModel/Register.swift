// The declaration of a register block: the single source of offsets, fields, reset values and access rules.
//
// Emulation (`RegisterBank`), the register viewer, trace text, the SVD file, the firmware's C header and the
// documentation are all derived from these values; nothing of them is written a second time anywhere.

/// What software may do with a field, in the words of CMSIS-SVD and of data sheets.
public enum Access: String, Sendable {
  case readWrite = "read-write"
  case readOnly = "read-only"
  /// Writes act, reads give 0.
  case writeOnly = "write-only"
  /// Writing 1 clears the bit, reads give its value.
  case writeOneToClear = "write-1-to-clear"
  /// Writing 1 sets the bit, reads give its value.
  case writeOneToSet = "write-1-to-set"
  /// A read returns the value and clears it; writes are ignored.
  case readToClear = "read-to-clear"
  /// Any write clears the field, reads give its value.
  case writeToClear = "write-to-clear"
  /// A write makes a pulse and is not stored; reads give 0.
  case pulse = "pulse"
}

/// A name for one value of a field.
public struct EnumeratedValue: Sendable, Equatable {
  public let name: String
  public let value: UInt32
  public let summary: String

  public init(_ name: String, _ value: UInt32, _ summary: String) {
    self.name = name
    self.value = value
    self.summary = summary
  }
}

/// A group of adjacent bits of a register.
public struct Field: Sendable {
  public let name: String
  /// Number of the lowest bit.
  public let lsb: Int
  /// Number of bits, 1...32.
  public let width: Int
  public let summary: String
  /// Nil: as the register.
  public let access: Access?
  public let values: [EnumeratedValue]
  /// Why the emulator gives the field no effect, if it gives none: the first access is reported with this text.
  public let notModelled: String?

  public init(
    _ name: String, _ bits: ClosedRange<Int>, _ summary: String, _ access: Access? = nil,
    values: [EnumeratedValue] = [], notModelled: String? = nil
  ) {
    self.name = name
    self.lsb = bits.lowerBound
    self.width = bits.count
    self.summary = summary
    self.access = access
    self.values = values
    self.notModelled = notModelled
  }

  public init(
    _ name: String, _ bit: Int, _ summary: String, _ access: Access? = nil, values: [EnumeratedValue] = [],
    notModelled: String? = nil
  ) {
    self.init(name, bit...bit, summary, access, values: values, notModelled: notModelled)
  }

  /// The field's bits in place.
  public var mask: UInt32 {
    width >= 32 ? .max : ((1 << UInt32(width)) &- 1) << UInt32(lsb)
  }

  /// The field's value inside a register value.
  public func extract(_ value: UInt32) -> UInt32 { (value & mask) >> UInt32(lsb) }
}

/// A 32-bit register of a block.
public struct Register: Sendable {
  public let name: String
  /// Byte offset in the block.
  public let offset: UInt32
  public let reset: UInt32
  public let access: Access
  public let summary: String
  /// Empty: one field over all 32 bits.
  public let fields: [Field]

  public init(
    _ name: String, at offset: UInt32, reset: UInt32 = 0, _ access: Access, _ summary: String,
    @FieldListBuilder fields: () -> [Field] = { [] }
  ) {
    self.init(name, at: offset, reset: reset, access, summary, fieldList: fields())
  }

  /// A register that software reads and writes.
  public init(
    _ name: String, at offset: UInt32, reset: UInt32 = 0, _ summary: String,
    @FieldListBuilder fields: () -> [Field] = { [] }
  ) {
    self.init(name, at: offset, reset: reset, .readWrite, summary, fieldList: fields())
  }

  init(
    _ name: String, at offset: UInt32, reset: UInt32, _ access: Access, _ summary: String, fieldList: [Field]
  ) {
    self.name = name
    self.offset = offset
    self.reset = reset
    self.access = access
    self.summary = summary
    self.fields = fieldList
  }

  /// `count` registers of one shape: NAME`first`, NAME`first + 1`, …, `stride` bytes apart.
  public static func array(
    _ name: String, count: Int, first: Int = 0, at offset: UInt32, stride: UInt32 = 4, reset: UInt32 = 0,
    _ access: Access, _ summary: String, @FieldListBuilder fields: () -> [Field] = { [] }
  ) -> [Register] {
    let fieldList = fields()
    return (0..<count).map { index in
      Register(
        "\(name)\(first + index)", at: offset + UInt32(index) * stride, reset: reset, access, summary,
        fieldList: fieldList)
    }
  }

  /// `count` registers of one shape that software reads and writes.
  public static func array(
    _ name: String, count: Int, first: Int = 0, at offset: UInt32, stride: UInt32 = 4, reset: UInt32 = 0,
    _ summary: String, @FieldListBuilder fields: () -> [Field] = { [] }
  ) -> [Register] {
    array(
      name, count: count, first: first, at: offset, stride: stride, reset: reset, .readWrite, summary, fields: fields)
  }

  /// Bits for which `access(of:)` is one of `kinds`.
  public func mask(of kinds: Access...) -> UInt32 {
    if fields.isEmpty { return kinds.contains(access) ? .max : 0 }
    return fields.reduce(0) { kinds.contains($1.access ?? access) ? $0 | $1.mask : $0 }
  }

  /// `FIELD=value` for every field of `value` that is not 0, enumerated values by name: the text of traces.
  public func describe(_ value: UInt32) -> String {
    fields.filter { $0.extract(value) != 0 }.map { field in
      let part = field.extract(value)
      let name = field.values.first { $0.value == part }?.name
      return "\(field.name)=\(name ?? (part < 10 ? "\(part)" : "0x" + String(part, radix: 16)))"
    }.joined(separator: ", ")
  }
}

/// A named set of registers that occupies one range of addresses.
public struct RegisterBlock: Sendable {
  /// The block's name in headers, traces and statistics, for example `TIMER`.
  public let name: String
  public let summary: String
  /// The RTL file or specification section that the declaration follows.
  public let source: String
  /// Bytes of address space between repetitions of the block.
  public let size: UInt32
  /// In order of offset.
  public let registers: [Register]

  public init(
    _ name: String, _ summary: String, source: String, size: UInt32,
    @RegisterListBuilder registers: () -> [Register]
  ) {
    self.name = name
    self.summary = summary
    self.source = source
    self.size = size
    self.registers = registers().sorted { $0.offset < $1.offset }
  }

  /// The register that an access at `offset` (low two bits ignored) reaches.
  public func register(at offset: UInt32) -> Register? {
    let word = offset & ~3
    return registers.first { $0.offset == word }
  }

  public func register(named name: String) -> Register? { registers.first { $0.name == name } }

  /// What is wrong with the declaration: duplicates, overlaps, misplaced or undescribed parts. Empty when it is sound.
  public var problems: [String] {
    var found: [String] = []
    var offsets: Set<UInt32> = []
    var names: Set<String> = []
    for register in registers {
      let path = "\(name).\(register.name)"
      if register.offset % 4 != 0 || register.offset >= size { found.append("\(path): offset outside the block") }
      if !offsets.insert(register.offset).inserted { found.append("\(path): offset used twice") }
      if !names.insert(register.name).inserted { found.append("\(path): name used twice") }
      if register.summary.isEmpty { found.append("\(path): no description") }
      var bits: UInt32 = 0
      var fieldNames: Set<String> = []
      for field in register.fields {
        if field.lsb < 0 || field.width < 1 || field.lsb + field.width > 32 {
          found.append("\(path).\(field.name): bits outside the register")
          continue
        }
        if bits & field.mask != 0 { found.append("\(path).\(field.name): overlaps another field") }
        if !fieldNames.insert(field.name).inserted { found.append("\(path).\(field.name): name used twice") }
        if field.summary.isEmpty { found.append("\(path).\(field.name): no description") }
        if field.values.contains(where: { $0.value & ~(field.mask >> UInt32(field.lsb)) != 0 }) {
          found.append("\(path).\(field.name): a value does not fit")
        }
        bits |= field.mask
      }
      if !register.fields.isEmpty, register.reset & ~bits != 0 {
        found.append("\(path): reset value has bits outside the fields")
      }
    }
    return found
  }
}

/// Collects `Field`s.
@resultBuilder
public enum FieldListBuilder {
  public static func buildBlock(_ parts: [Field]...) -> [Field] { parts.flatMap { $0 } }
  public static func buildExpression(_ field: Field) -> [Field] { [field] }
  public static func buildExpression(_ fields: [Field]) -> [Field] { fields }
}

/// Collects `Register`s and arrays of them.
@resultBuilder
public enum RegisterListBuilder {
  public static func buildBlock(_ parts: [Register]...) -> [Register] { parts.flatMap { $0 } }
  public static func buildExpression(_ register: Register) -> [Register] { [register] }
  public static func buildExpression(_ registers: [Register]) -> [Register] { registers }
}
