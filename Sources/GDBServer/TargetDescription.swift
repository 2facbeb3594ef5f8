// The XML documents that gdb asks for: registers and memory map.
//
// Source: GDB manual, appendix G.5.12 "RISC-V Features" and appendix E.15 "Memory Map Format". Register numbers are
// gdb's own: CSR n is 65 + n.

enum TargetDescription {
  static let firstCSR = 65
  static let pc = 32

  private static let abiNames = [
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "fp", "s1", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "s2",
    "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
  ]

  static func features(_ target: any DebugTarget) -> String {
    var text = """
      <?xml version="1.0"?>
      <!DOCTYPE target SYSTEM "gdb-target.dtd">
      <target version="1.0">
      <architecture>riscv:rv32</architecture>
      <feature name="org.gnu.gdb.riscv.cpu">

      """
    for (number, name) in abiNames.enumerated() {
      let type =
        ["ra": "code_ptr", "sp": "data_ptr", "gp": "data_ptr", "tp": "data_ptr", "fp": "data_ptr"][name] ?? "int"
      text += "<reg name=\"\(name)\" bitsize=\"32\" regnum=\"\(number)\" type=\"\(type)\"/>\n"
    }
    text += "<reg name=\"pc\" bitsize=\"32\" regnum=\"\(pc)\" type=\"code_ptr\"/>\n</feature>\n"
    text += "<feature name=\"org.gnu.gdb.riscv.csr\">\n"
    for csr in target.csrs {
      text += "<reg name=\"\(csr.name)\" bitsize=\"32\" regnum=\"\(firstCSR + Int(csr.number))\" group=\"csr\"/>\n"
    }
    return text + "</feature>\n</target>\n"
  }

  static func memoryMap(_ target: any DebugTarget) -> String {
    var text = """
      <?xml version="1.0"?>
      <!DOCTYPE memory-map PUBLIC "+//IDN gnu.org//DTD GDB Memory Map V1.0//EN" "http://sourceware.org/gdb/gdb-memory-map.dtd">
      <memory-map>

      """
    for memory in target.memoryMap {
      text += "<memory type=\"\(memory.isROM ? "rom" : "ram")\" start=\"0x\(String(memory.start, radix: 16))\" "
      text += "length=\"0x\(String(memory.size, radix: 16))\"/>\n"
    }
    return text + "</memory-map>\n"
  }
}
