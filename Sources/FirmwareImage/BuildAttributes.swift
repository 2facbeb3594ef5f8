// What an image was compiled for: e_flags and the .riscv.attributes section (RISC-V ELF psABI, "Attributes").

/// The instruction set and ABI that an image says it needs.
public struct BuildAttributes: Sendable {
  /// e_flags of the ELF header.
  public let flags: UInt32
  /// Tag_RISCV_arch, for example `rv32i2p1_m2p0_c2p0_zicsr2p0`; nil when the image does not say.
  public let architecture: String?
  /// Tag_RISCV_stack_align in bytes; nil when the image does not say.
  public let stackAlignment: UInt32?

  init(flags: UInt32, _ file: ELFFile, sections: [ELFFile.Section]) {
    let section = sections.first { $0.type == 0x7000_0003 }  // SHT_RISCV_ATTRIBUTES
    self.init(flags: flags, section: section.map { file.contents(of: $0) } ?? [])
  }

  /// `section`: the bytes of .riscv.attributes; anything malformed in it ends the reading and keeps what was found.
  public init(flags: UInt32, section: [UInt8]) {
    self.flags = flags
    var architecture: String?
    var stackAlignment: UInt32?
    var reader = AttributeReader(section[...])
    if reader.byte() == 0x41 {  // 'A', the format's version
      while let vendor = reader.block(), var content = Optional(AttributeReader(vendor)) {
        guard content.text() == "riscv" else { continue }
        while let tag = content.number(), let body = content.block(including: tag.size) {
          guard tag.value == 1 else { continue }  // Tag_file: for the whole file
          var attributes = AttributeReader(body)
          while let attribute = attributes.number() {
            if attribute.value & 1 == 1 {  // odd tags hold a string, even ones a number
              guard let text = attributes.text() else { break }
              if attribute.value == 5 { architecture = text }
            } else {
              guard let number = attributes.number() else { break }
              if attribute.value == 4 { stackAlignment = UInt32(clamping: number.value) }
            }
          }
        }
      }
    }
    self.architecture = architecture
    self.stackAlignment = stackAlignment
  }

  /// Compressed instructions are used (EF_RISCV_RVC).
  public var usesCompressed: Bool { flags & 1 != 0 }
  /// The ABI with 16 registers (EF_RISCV_RVE).
  public var usesEmbeddedABI: Bool { flags & 8 != 0 }
  /// `soft`, `single`, `double` or `quad`: where floating-point arguments are passed (EF_RISCV_FLOAT_ABI).
  public var floatABI: String { ["soft", "single", "double", "quad"][Int(flags >> 1 & 3)] }

  /// The extensions of `architecture` without versions, in its order, for example `["i", "m", "c", "zicsr"]`;
  /// `g` is written out.
  public var extensions: [String] { architecture.map(Self.extensions(in:)) ?? [] }

  /// One sentence for each thing that the image says it uses and the core (RV32IMC, Zicsr, Zifencei) lacks.
  public var warnings: [String] {
    var found: [String] = []
    if let architecture, !architecture.lowercased().hasPrefix("rv32") {
      found.append("the image was built for \(architecture), the core is rv32imc")
    }
    for name in extensions where !Self.provided.contains(name) {
      found.append(
        name == "e"
          ? "the image uses the base with 16 registers (E); the core has 32, so it runs, but not with code of the I base"
          : "the image was built for the extension \(Self.title(name)), which the core lacks: "
            + "its instructions trap as illegal")
    }
    if usesEmbeddedABI && !extensions.contains("e") {
      found.append("the image uses the ABI of the E base (16 registers)")
    }
    if floatABI != "soft" {
      found.append("the image passes \(floatABI)-precision arguments in floating-point registers; the core has none")
    }
    return found
  }

  /// What the core executes, and what is part of it or only a hint.
  private static let provided: Set<String> = [
    "i", "m", "c", "zicsr", "zifencei", "zmmul", "zca", "zicntr", "zihpm", "zihintpause", "zihintntl",
  ]

  private static func title(_ name: String) -> String { name.prefix(1).uppercased() + name.dropFirst() }

  static func extensions(in architecture: String) -> [String] {
    var rest = Substring(architecture.lowercased())
    guard rest.hasPrefix("rv") else { return [] }
    rest = rest.dropFirst(2).drop(while: \.isNumber)
    var found: [String] = []
    func add(_ name: String) { if !found.contains(name) { found.append(name) } }
    for part in rest.split(separator: "_") {
      var part = part
      while let letter = part.first {
        if "zsxh".contains(letter) && part.dropFirst().first?.isLetter == true {
          add(withoutVersion(part))
          break
        }
        part = part.dropFirst()
        let version = part.prefix(while: \.isNumber)
        if !version.isEmpty {
          part = part.dropFirst(version.count)
          if part.first == "p", part.dropFirst().first?.isNumber == true {
            part = part.dropFirst().drop(while: \.isNumber)
          }
        }
        if letter == "g" { ["i", "m", "a", "f", "d", "zicsr", "zifencei"].forEach(add) } else { add(String(letter)) }
      }
    }
    return found
  }

  /// `zicsr2p0` -> `zicsr`; `xpulpv2` keeps its digit, which is part of the name.
  private static func withoutVersion(_ name: Substring) -> String {
    let reversed = name.reversed()
    let minor = reversed.prefix(while: \.isNumber)
    let behindMinor = reversed.dropFirst(minor.count)
    guard !minor.isEmpty, behindMinor.first == "p" else { return String(name) }
    let major = behindMinor.dropFirst().prefix(while: \.isNumber)
    guard !major.isEmpty else { return String(name) }
    return String(name.dropLast(minor.count + 1 + major.count))
  }
}

/// Reads the nested, length-prefixed form of build attributes; every read fails at the end instead of passing it.
private struct AttributeReader {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  mutating func byte() -> UInt8? { rest.popFirst() }

  /// A ULEB128 number and how many bytes it took.
  mutating func number() -> (value: UInt64, size: Int)? {
    var value: UInt64 = 0
    for position in 0..<10 {
      guard let byte = rest.popFirst() else { return nil }
      value |= position < 9 ? UInt64(byte & 0x7F) << UInt64(7 * position) : 0
      if byte & 0x80 == 0 { return (value, position + 1) }
    }
    return nil
  }

  /// A string up to its NUL.
  mutating func text() -> String? {
    guard let end = rest.firstIndex(of: 0) else { return nil }
    defer { rest = rest[(end + 1)...] }
    return String(decoding: rest[..<end], as: UTF8.self)
  }

  /// The content of a block: a 32-bit length that counts itself and the `including` bytes before it.
  mutating func block(including before: Int = 0) -> ArraySlice<UInt8>? {
    guard rest.count >= 4 else { return nil }
    let length = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    let count = length - 4 - before
    guard count >= 0, count <= rest.count - 4 else { return nil }
    let content = rest.dropFirst(4).prefix(count)
    rest = rest.dropFirst(4 + count)
    return content
  }
}
