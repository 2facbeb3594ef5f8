// The framework of register declarations: access kinds at run time, and what makes a declaration unsound.

import HardwareModel
import Testing

@Suite struct RegisterBankTests {
  static let block = RegisterBlock("B", "A block", source: "test", size: 0x40) {
    Register("RW", at: 0x00, reset: 0x12, .readWrite, "read-write")
    Register("RO", at: 0x04, reset: 0x34, .readOnly, "read-only")
    Register("WO", at: 0x08, reset: 0, .writeOnly, "write-only")
    Register("W1C", at: 0x0C, reset: 0xFF, .writeOneToClear, "write 1 to clear")
    Register("W1S", at: 0x10, reset: 0x01, .writeOneToSet, "write 1 to set")
    Register("RC", at: 0x14, reset: 0x77, .readToClear, "read to clear")
    Register("WC", at: 0x18, reset: 0x55, .writeToClear, "write to clear")
    Register("PULSE", at: 0x1C, .pulse, "pulse")
    Register("MIXED", at: 0x24, reset: 0x00F0_00A5, .readWrite, "mixed") {
      Field("LOW", 0...7, "read-write")
      Field("STICKY", 8, "write 1 to clear", .writeOneToClear)
      Field("FIXED", 20...23, "read-only", .readOnly)
      Field("GO", 31, "pulse", .pulse)
    }
  }

  @Test(
    arguments: [
      // offset, written, stored, read, read again
      (0x00, 0xFFFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFF),
      (0x04, 0xFFFF_FFFF, 0x34, 0x34, 0x34),
      (0x08, 0xABCD_0123, 0xABCD_0123, 0, 0),
      (0x0C, 0x0F, 0xF0, 0xF0, 0xF0),
      (0x10, 0x80, 0x81, 0x81, 0x81),
      (0x14, 0xFFFF_FFFF, 0x77, 0x77, 0),
      (0x18, 0, 0, 0, 0),
      (0x1C, 0xFFFF_FFFF, 0, 0, 0),
      (0x24, 0xFFFF_FF3C, 0x00F0_003C, 0x00F0_003C, 0x00F0_003C),
    ] as [(UInt32, UInt32, UInt32, UInt32, UInt32)])
  func `every access kind writes, reads and clears as data sheets say`(
    offset: UInt32, written: UInt32, stored: UInt32, read: UInt32, again: UInt32
  ) {
    let bank = RegisterBank(Self.block)
    bank.write(offset, written)
    #expect(bank[offset] == stored)
    #expect(bank.read(offset) == read)
    #expect(bank.read(offset) == again)
    bank.reset()
    #expect(bank[offset] == Self.block.register(at: offset)?.reset)
  }

  @Test func `the low two address bits do not matter, and where no register is nothing happens`() {
    let bank = RegisterBank(Self.block, unlisted: 0xDEAD)
    bank.write(0x02, 7)
    #expect(bank.read(0x03) == 7)
    for offset: UInt32 in [0x20, 0x28, 0x3C, 0x1000, 0xFFFF_FFFC] {
      bank.write(offset, 1)
      #expect(bank.read(offset) == 0xDEAD)
      #expect(bank[offset] == 0xDEAD)
      bank[offset] = 5
    }
  }

  @Test func `a peripheral sees and sets stored values behind the access rules`() throws {
    let bank = RegisterBank(Self.block)
    let register = try #require(Self.block.register(named: "RO"))
    bank[register] = 0x99
    #expect(bank.read(0x04) == 0x99)
    bank[0x24] = 0x0000_0100
    bank.write(0x24, 0x0000_0100)
    #expect(bank[0x24] == 0)
  }
}

@Suite struct RegisterDeclarationTests {
  @Test func `fields know their mask and value`() {
    let field = Field("F", 4...7, "four bits")
    #expect(field.mask == 0xF0)
    #expect(field.extract(0xABCD) == 0xC)
    #expect(Field("ALL", 0...31, "all").mask == .max)
    #expect(Field("TOP", 31, "top").mask == 0x8000_0000)
  }

  @Test func `a value is described by its fields, enumerated ones by name`() {
    let register = Register("R", at: 0, .readWrite, "r") {
      Field("MODE", 0...1, "mode", values: [EnumeratedValue("FAST", 2, "fast")])
      Field("COUNT", 8...15, "count")
      Field("ON", 31, "on")
    }
    #expect(register.describe(0x8000_1F02) == "MODE=FAST, COUNT=0x1f, ON=1")
    #expect(register.describe(0) == "")
  }

  @Test func `an array makes registers of one shape with numbered names`() {
    let registers = Register.array("CH", count: 3, first: 1, at: 0x10, stride: 8, reset: 5, .readWrite, "channel")
    #expect(registers.map(\.name) == ["CH1", "CH2", "CH3"])
    #expect(registers.map(\.offset) == [0x10, 0x18, 0x20])
    #expect(registers.allSatisfy { $0.reset == 5 })
  }

  @Test func `masks collect the bits of an access kind`() {
    let mixed = RegisterBankTests.block.register(named: "MIXED")
    #expect(mixed?.mask(of: .readWrite) == 0xFF)
    #expect(mixed?.mask(of: .writeOneToClear, .readOnly) == 0x00F0_0100)
    #expect(RegisterBankTests.block.register(named: "RO")?.mask(of: .readOnly) == .max)
  }

  @Test func `registers are kept in order of offset and found by offset and name`() {
    let block = RegisterBlock("B", "b", source: "test", size: 0x10) {
      Register("SECOND", at: 8, .readWrite, "second")
      Register("FIRST", at: 0, .readWrite, "first")
    }
    #expect(block.registers.map(\.name) == ["FIRST", "SECOND"])
    #expect(block.register(at: 0xB)?.name == "SECOND")
    #expect(block.register(at: 4) == nil)
    #expect(block.register(named: "FIRST")?.offset == 0)
    #expect(block.problems.isEmpty)
  }

  @Test func `unsound declarations are found`() {
    let block = RegisterBlock("B", "b", source: "test", size: 0x10) {
      Register("A", at: 0, .readWrite, "a")
      Register("A", at: 0, .readWrite, "twice")
      Register("C", at: 0x10, .readWrite, "outside")
      Register("D", at: 6, .readWrite, "misplaced")
      Register("E", at: 8, .readWrite, "")
      Register("F", at: 12, reset: 0x100, .readWrite, "fields") {
        Field("X", 0...3, "x")
        Field("X", 3...4, "overlap")
        Field("Y", 30...33, "outside")
        Field("Z", 6, "", values: [EnumeratedValue("BIG", 2, "too large")])
      }
    }
    let expected = [
      "B.A: offset used twice", "B.A: name used twice", "B.D: offset outside the block", "B.E: no description",
      "B.F.X: overlaps another field", "B.F.X: name used twice", "B.F.Y: bits outside the register",
      "B.F.Z: no description", "B.F.Z: a value does not fit", "B.F: reset value has bits outside the fields",
      "B.C: offset outside the block",
    ]
    #expect(Set(block.problems) == Set(expected))
    #expect(block.problems.count == expected.count)
  }
}
