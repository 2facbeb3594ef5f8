// Names of the control and status registers, as in the privileged specification and CV32E40P's manual.

/// Names of CSR numbers for disassembly and traces.
public enum CSRNames {
  private static let single: [UInt16: String] = [
    0x001: "fflags", 0x002: "frm", 0x003: "fcsr",
    0x300: "mstatus", 0x301: "misa", 0x304: "mie", 0x305: "mtvec", 0x306: "mcounteren", 0x320: "mcountinhibit",
    0x340: "mscratch", 0x341: "mepc", 0x342: "mcause", 0x343: "mtval", 0x344: "mip",
    0x7A0: "tselect", 0x7A1: "tdata1", 0x7A2: "tdata2", 0x7A3: "tdata3", 0x7A4: "tinfo", 0x7A8: "mcontext",
    0x7AA: "scontext", 0x7B0: "dcsr", 0x7B1: "dpc", 0x7B2: "dscratch0", 0x7B3: "dscratch1",
    0x800: "lpstart0", 0x801: "lpend0", 0x802: "lpcount0", 0x804: "lpstart1", 0x805: "lpend1", 0x806: "lpcount1",
    0xB00: "mcycle", 0xB02: "minstret", 0xB80: "mcycleh", 0xB82: "minstreth",
    0xC00: "cycle", 0xC01: "time", 0xC02: "instret", 0xC80: "cycleh", 0xC81: "timeh", 0xC82: "instreth",
    0xCC0: "uhartid", 0xCC1: "privlv",
    0xF11: "mvendorid", 0xF12: "marchid", 0xF13: "mimpid", 0xF14: "mhartid",
  ]

  /// The CSR's name, or its number in hexadecimal.
  public static func name(_ csr: UInt16) -> String {
    if let name = single[csr] { return name }
    let index = Int(csr & 0x1F)
    if index >= 3 {
      switch csr & 0xFE0 {
      case 0x320: return "mhpmevent\(index)"
      case 0xB00: return "mhpmcounter\(index)"
      case 0xB80: return "mhpmcounter\(index)h"
      case 0xC00: return "hpmcounter\(index)"
      case 0xC80: return "hpmcounter\(index)h"
      default: break
      }
    }
    return "0x" + String(csr, radix: 16)
  }
}
