// Which instruction of the Xpulp extension a word would be on a core that has it.
//
// Follows `cv32e40p_decoder.sv` of the locked core revision (7a49867) with PULP_XPULP = 1 and PULP_CLUSTER = 0; names are
// those of its comments. This core is built without the extension: the words are illegal, and only diagnostics come here.

/// An instruction of Xpulp.
struct XpulpInstruction: Equatable {
  /// The parts of the extension.
  enum Group: String, CaseIterable {
    case hardwareLoop = "hardware loops"
    case postIncrement = "post-increment loads and stores"
    case registerOffset = "loads and stores with a register offset"
    case eventLoad = "event load of clusters"
    case immediateBranch = "immediate branches"
    case bitManipulation = "bit manipulation"
    case general = "general ALU operations"
    case multiply = "multiply and multiply-accumulate"
    case normalization = "add and subtract with normalization"
    case simd = "SIMD"
  }

  let group: Group
  /// Nil: a word of the group's opcode that the decoder refuses even with the extension.
  let name: String?
}

enum XpulpEncoding {
  /// What `word` would be; nil if it is none of Xpulp's.
  static func instruction(_ word: UInt32) -> XpulpInstruction? {
    switch word & 0x7F {
    case 0x0B: XpulpInstruction(group: .postIncrement, name: load(word, isPost: true))
    case 0x2B: XpulpInstruction(group: .postIncrement, name: store(word, isPost: true))
    case 0x03: plainLoad(word)
    case 0x23: store(word, isPost: false).map { XpulpInstruction(group: .registerOffset, name: $0) }
    case 0x63: immediateBranch(word)
    case 0x33: operation(word)
    case 0x5B: threeOperands(word)
    case 0x57: XpulpInstruction(group: .simd, name: SIMDEncoding.name(word))
    case 0x7B: XpulpInstruction(group: .hardwareLoop, name: loop(word))
    default: nil
    }
  }

  private static func funct3(_ word: UInt32) -> Int { Int(word >> 12 & 7) }
  private static func funct7(_ word: UInt32) -> UInt32 { word >> 25 }
  private static func rs1(_ word: UInt32) -> UInt32 { word >> 15 & 31 }
  private static func rs2(_ word: UInt32) -> UInt32 { word >> 20 & 31 }

  // MARK: Loads, stores, branches

  private static let loads = ["lb", "lh", "lw", nil, "lbu", "lhu", nil, nil]

  private static func load(_ word: UInt32, isPost: Bool) -> String? {
    if funct3(word) == 7 {
      // The offset is a register, the size stands in funct7.
      let name: String? =
        switch funct7(word) {
        case 0x00: "lb"
        case 0x20: "lbu"
        case 0x08: "lh"
        case 0x28: "lhu"
        case 0x10: "lw"
        default: nil
        }
      return name.map { "p." + $0 }
    }
    return isPost ? loads[funct3(word)].map { "p." + $0 } : nil
  }

  private static func plainLoad(_ word: UInt32) -> XpulpInstruction? {
    if funct3(word) == 6 { return XpulpInstruction(group: .eventLoad, name: "p.elw") }
    return load(word, isPost: false).map { XpulpInstruction(group: .registerOffset, name: $0) }
  }

  private static func store(_ word: UInt32, isPost: Bool) -> String? {
    guard isPost || funct3(word) >= 4 else { return nil }
    return ["p.sb", "p.sh", "p.sw", nil][funct3(word) & 3]
  }

  private static func immediateBranch(_ word: UInt32) -> XpulpInstruction? {
    switch funct3(word) {
    case 2: XpulpInstruction(group: .immediateBranch, name: "p.beqimm")
    case 3: XpulpInstruction(group: .immediateBranch, name: "p.bneimm")
    default: nil
    }
  }

  // MARK: Register operations

  private static let fields = ["p.extract", "p.extractu", "p.insert", "p.bclr", "p.bset"]

  private static func operation(_ word: UInt32) -> XpulpInstruction? {
    let operation = funct3(word)
    func found(_ group: XpulpInstruction.Group, _ names: [String?]) -> XpulpInstruction? {
      names[operation].map { XpulpInstruction(group: group, name: $0) }
    }
    switch word >> 30 {
    case 3:
      if operation < 5 { return XpulpInstruction(group: .bitManipulation, name: fields[operation]) }
      let isReverse = operation == 5 && word >> 27 & 7 == 0
      return XpulpInstruction(group: .bitManipulation, name: isReverse ? "p.bitrev" : nil)
    case 2:
      guard funct7(word) == 0x40 else { return nil }
      return XpulpInstruction(group: .bitManipulation, name: operation < 5 ? fields[operation] + "r" : nil)
    default: break
    }
    switch funct7(word) {
    case 0x21: return found(.multiply, ["p.mac", "p.msu", nil, nil, nil, nil, nil, nil])
    case 0x02:
      if operation == 0, rs2(word) != 0 { return nil }
      return found(.general, ["p.abs", nil, "p.slet", "p.sletu", "p.min", "p.minu", "p.max", "p.maxu"])
    case 0x04: return found(.bitManipulation, [nil, nil, nil, nil, nil, "p.ror", nil, nil])
    case 0x08:
      guard rs2(word) == 0 else { return nil }
      if operation < 4 {
        return found(.bitManipulation, ["p.ff1", "p.fl1", "p.clb", "p.cnt", nil, nil, nil, nil])
      }
      return found(.general, [nil, nil, nil, nil, "p.exths", "p.exthz", "p.extbs", "p.extbz"])
    case 0x0A: return found(.general, [nil, "p.clip", "p.clipu", nil, nil, "p.clipr", "p.clipur", nil])
    default: return nil
    }
  }

  private static func threeOperands(_ word: UInt32) -> XpulpInstruction {
    let rounds = word >> 14 & 1 != 0
    let isSet30 = word >> 30 & 1 != 0
    let isSet31 = word >> 31 != 0
    if word >> 13 & 1 == 0 {
      // Bit 31: signed; bit 30: the upper half words.
      let accumulates = word >> 12 & 1 != 0
      let name =
        "p." + (accumulates ? "mac" : "mul") + (isSet30 ? "hh" : "") + (isSet31 ? "s" : "u") + (rounds ? "RN" : "N")
      return XpulpInstruction(group: .multiply, name: name)
    }
    // Bit 31: unsigned; bit 30: the shift stands in a register, and the field for it is 0.
    let name =
      "p." + (word >> 12 & 1 != 0 ? "sub" : "add") + (isSet31 ? "u" : "") + (rounds ? "RN" : "N") + (isSet30 ? "r" : "")
    return XpulpInstruction(group: .normalization, name: isSet30 && word >> 25 & 31 != 0 ? nil : name)
  }

  // MARK: Hardware loops

  private static func loop(_ word: UInt32) -> String? {
    guard word >> 8 & 15 == 0 else { return nil }
    switch funct3(word) {
    case 0: return rs1(word) == 0 ? "lp.starti" : nil
    case 1: return rs1(word) == 0 ? "lp.endi" : nil
    case 2: return word >> 20 == 0 ? "lp.count" : nil
    case 3: return rs1(word) == 0 ? "lp.counti" : nil
    case 4: return "lp.setup"
    case 5: return "lp.setupi"
    default: return nil
    }
  }
}

/// The packed operations of Xpulp (OPCODE_VECOP).
enum SIMDEncoding {
  /// What else of the word decides whether it is legal, besides funct6.
  private enum Rule {
    /// Vector, scalar (.sc) and immediate (.sci) forms.
    case plain
    /// As plain, without the scalar form.
    case noScalar
    /// Immediate form only: bits 14:12 = 7.
    case immediateBytes
    /// Vector form only.
    case vector
    /// Vector form with rs2 = 0.
    case unary
    /// Bits 14:12 exactly so; bit 25 is 0.
    case only(UInt32)
    /// Bits 14:12 exactly so; bit 25 is part of the operation.
    case onlyAnyBit25(UInt32)
    /// An element is chosen: bits 14:13 = 3.
    case element
    /// Complex numbers: half words only.
    case complex
    /// Complex numbers, with one of the three divisors.
    case divided
  }

  private static let operations: [UInt32: (String, Rule)] = [
    0b000000: ("add", .plain), 0b000010: ("sub", .plain), 0b000100: ("avg", .plain), 0b000110: ("avgu", .plain),
    0b001000: ("min", .plain), 0b001010: ("minu", .plain), 0b001100: ("max", .plain), 0b001110: ("maxu", .plain),
    0b010000: ("srl", .plain), 0b010010: ("sra", .plain), 0b010100: ("sll", .plain), 0b010110: ("or", .plain),
    0b011000: ("xor", .plain), 0b011010: ("and", .plain), 0b011100: ("abs", .unary),
    0b110000: ("shuffle", .noScalar), 0b111010: ("shuffleI1", .immediateBytes),
    0b111100: ("shuffleI2", .immediateBytes), 0b111110: ("shuffleI3", .immediateBytes),
    0b110010: ("shuffle2", .vector), 0b110100: ("pack", .onlyAnyBit25(0)), 0b110110: ("packhi", .only(1)),
    0b111000: ("packlo", .only(1)), 0b011110: ("extract", .element), 0b100100: ("extractu", .element),
    0b101100: ("insert", .element), 0b100000: ("dotup", .plain), 0b100010: ("dotusp", .plain),
    0b100110: ("dotsp", .plain), 0b101000: ("sdotup", .plain), 0b101010: ("sdotusp", .plain),
    0b101110: ("sdotsp", .plain), 0b010101: ("cplxmul", .complex), 0b011011: ("subrotmj", .complex),
    0b010111: ("cplxconj", .unary), 0b011101: ("add.div", .divided), 0b011001: ("sub.div", .divided),
    0b000001: ("cmpeq", .plain), 0b000011: ("cmpne", .plain), 0b000101: ("cmpgt", .plain), 0b000111: ("cmpge", .plain),
    0b001001: ("cmplt", .plain), 0b001011: ("cmple", .plain), 0b001101: ("cmpgtu", .plain),
    0b001111: ("cmpgeu", .plain), 0b010001: ("cmpltu", .plain), 0b010011: ("cmpleu", .plain),
  ]

  /// The operation, or nil if the decoder refuses the word.
  static func name(_ word: UInt32) -> String? {
    guard let (name, rule) = operations[word >> 26] else { return nil }
    let mode = word >> 12 & 7
    let bit25 = word >> 25 & 1
    let isLegal =
      switch rule {
      case .plain: mode != 2 && mode != 3 && (mode >= 6 || bit25 == 0)
      case .noScalar: (mode < 2 || mode >= 6) && (mode >= 6 || bit25 == 0)
      case .immediateBytes: mode == 7
      case .vector: mode < 2 && bit25 == 0
      case .unary: (name == "abs" ? mode < 2 : mode == 0) && word >> 20 & 0x3F == 0
      case .only(let value): mode == value && bit25 == 0
      case .onlyAnyBit25(let value): mode == value
      case .element: mode >= 6
      case .complex: mode & 1 == 0 && (name == "cplxmul" || bit25 == 0)
      case .divided: (mode == 2 || mode == 4 || mode == 6) && bit25 == 0
      }
    return isLegal ? "cv." + name : nil
  }
}
