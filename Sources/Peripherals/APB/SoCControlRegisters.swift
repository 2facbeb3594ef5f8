// The registers of the SoC control block, in the layouts of both hardware profiles.
//
// P8: `soc_ctrl_reg.hjson` of pulp_soc v5.0.1 (reference section 6.1.1); P7: `apb_soc_ctrl.sv` of pulp_soc v4.4.0
// (section 6.1.2).

import HardwareModel

/// Declaration of the SoC control block's registers in profile P8.
public enum SoCControlRegisters {
  public static let info = Register("INFO", at: 0x00, reset: 0x0008_0000, .readOnly, "Cores and clusters fitted") {
    Field("N_CLUSTERS", 0...15, "Number of clusters")
    Field("N_CORES", 16...31, "Number of cores of a cluster")
  }
  public static let fcBootAddr = Register(
    "FC_BOOTADDR", at: 0x04, reset: 0x1A00_0080, .readWrite, "Address at which the core starts")
  public static let fcFetchEn = Register(
    "FC_FETCH_EN", at: 0x08, .readWrite, "Fetch enable of the core; the pin sets it again a cycle after it was cleared"
  ) {
    Field("FC_FETCH_EN", 1, "Core may fetch")
  }
  public static let socInfo = Register("SOC_INFO", at: 0x0C, reset: 0x0020_0005, .readOnly, "Version and options") {
    Field("VERSION", 0...15, "PULPissimo version")
    Field(
      "CORE_TYPE", 16...18, "Core fitted",
      values: [
        EnumeratedValue("CV32E40P", 0, "CV32E40P"), EnumeratedValue("IBEX_RV32IMC", 1, "Ibex, RV32IMC"),
        EnumeratedValue("IBEX_RV32EC", 2, "Ibex, RV32EC"),
      ])
    Field("FPU", 19, "Floating-point unit fitted")
    Field("ZFINX", 20, "Floating point in integer registers")
    Field("HWPE", 21, "Hardware processing engine fitted")
  }
  public static let gpTestReg = Register.array("GP_TESTREG", count: 4, at: 0x10, .readWrite, "Scratch register")
  public static let clusterCtrl = Register("CLUSTER_CTRL", at: 0x70, reset: 1, .readWrite, "Cluster control") {
    Field("CLUSTER_RSTN", 0, "Reset of the cluster, active low")
  }
  public static let jtagReg = Register("JTAGREG", at: 0x74, .readWrite, "Mailbox to and from JTAG") {
    Field("JTAG_REG_OUT", 0...7, "Towards JTAG", .writeOnly)
    Field("JTAG_REG_IN", 8...15, "From JTAG", .readOnly)
  }
  public static let coreStatus = Register("CORESTATUS", at: 0xA0, .readWrite, "End of the program and its exit code") {
    Field("STATUS", 0...30, "Exit code; 0 is success")
    Field("EOC", 31, "End of computation")
  }
  public static let coreStatusReadOnly = Register(
    "CORESTATUS_READ_ONLY", at: 0xC0, .readOnly, "Mirror of CORESTATUS"
  ) {
    Field("STATUS", 0...30, "Exit code")
    Field("EOC", 31, "End of computation")
  }
  public static let bootSel = Register("BOOTSEL", at: 0xC4, .readOnly, "Boot mode pins") {
    Field("BOOTSEL", 0...1, "Level of the pins")
  }
  public static let clkSel = Register("CLKSEL", at: 0xC8, .readOnly, "Clock source selected by JTAG") {
    Field("CLKSEL", 0, "Level of the input")
  }

  public static let block = RegisterBlock(
    "SOC_CTRL", "SoC control", source: "soc_ctrl_reg.hjson (pulp_soc v5.0.1)", size: 0x100
  ) {
    info
    fcBootAddr
    fcFetchEn
    socInfo
    gpTestReg
    clusterCtrl
    jtagReg
    coreStatus
    coreStatusReadOnly
    bootSel
    clkSel
  }
}

/// Declaration of the SoC control block's registers in profile P7.
public enum APBSoCControlRegisters {
  public static let info = Register("INFO", at: 0x00, reset: 0x0008_0000, .readOnly, "Cores and clusters fitted") {
    Field("N_CLUSTERS", 0...15, "Number of clusters")
    Field("N_CORES", 16...31, "Number of cores of a cluster")
  }
  public static let fcBoot = Register(
    "FCBOOT", at: 0x04, reset: 0x1A00_0080, .readWrite, "Address at which the core starts")
  public static let fcFetch = Register("FCFETCH", at: 0x08, .writeOnly, "Fetch enable of the core; reads 0") {
    Field("FC_FETCH_EN", 0, "Core may fetch; overridden by the pin")
  }
  public static let padFun = Register.array(
    "PADFUN", count: 4, at: 0x10, .readWrite, "Pad functions, two bits for each of 16 pads")
  public static let padCfg = Register.array(
    "PADCFG", count: 16, at: 0x20, reset: 0x1F1F_1F1F, .readWrite, "Pad configurations, one byte for each of 4 pads"
  ) {
    Field("PAD0", 0...4, "Configuration of the group's pad 0")
    Field("PAD1", 8...12, "Configuration of the group's pad 1")
    Field("PAD2", 16...20, "Configuration of the group's pad 2")
    Field("PAD3", 24...28, "Configuration of the group's pad 3")
  }
  public static let clusterCtrl = Register("CLUSTER_CTRL", at: 0x70, reset: 0x9, .readWrite, "Cluster control") {
    Field("BYPASS", 0, "Clock domain crossing of the cluster is bypassed")
    Field("POWER", 1, "Power of the cluster")
    Field("FETCH_ENABLE", 2, "Fetch enable of the cluster")
    Field("RSTN", 3, "Reset of the cluster, active low")
  }
  public static let jtagReg = Register("JTAGREG", at: 0x74, .readWrite, "Mailbox to and from JTAG") {
    Field("JTAG_REG_OUT", 0...7, "Towards JTAG")
    Field("JTAG_REG_IN", 8...15, "From JTAG", .readOnly)
  }
  public static let ctrlPer = Register("CTRL_PER", at: 0x78, .readOnly, "No storage, reads 0")
  public static let clusterIRQ = Register("CLUSTER_IRQ", at: 0x7C, .readWrite, "Interrupt to the cluster") {
    Field("IRQ", 0, "Level of the line")
  }
  public static let clusterBootAddr = Register.array(
    "CLUSTER_BOOT_ADDR", count: 2, at: 0x80, .readWrite, "Boot address of the cluster")
  public static let coreStatus = Register("CORESTATUS", at: 0xA0, .readWrite, "End of the program and its exit code") {
    Field("STATUS", 0...30, "Exit code; 0 is success")
    Field("EOC", 31, "End of computation")
  }
  public static let coreStatusReadOnly = Register("CORESTATUS_READ_ONLY", at: 0xC0, .readOnly, "Mirror of CORESTATUS") {
    Field("STATUS", 0...30, "Exit code")
    Field("EOC", 31, "End of computation")
  }
  public static let bootSel = Register("BOOTSEL", at: 0xC4, .readOnly, "Boot mode pins, one cycle late") {
    Field("BOOTSEL", 0...1, "Level of the pins")
  }
  public static let clkSel = Register("CLKSEL", at: 0xC8, .readOnly, "Clock source selected by JTAG") {
    Field("CLKSEL", 0, "Level of the input")
  }

  public static let block = RegisterBlock(
    "SOC_CTRL", "SoC control (P7)", source: "apb_soc_ctrl.sv (pulp_soc v4.4.0)", size: 0x200
  ) {
    info
    fcBoot
    fcFetch
    padFun
    padCfg
    clusterCtrl
    jtagReg
    ctrlPer
    clusterIRQ
    clusterBootAddr
    coreStatus
    coreStatusReadOnly
    bootSel
    clkSel
  }
}
