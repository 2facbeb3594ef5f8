/// The register block of RETA, declared once.
///
/// Models: offsets, fields, reset values and access rules of the accelerator's APB slot.
/// Follows: retention-accelerator.md section 4 (hwpe-ctrl mandatory registers, context registers, extension block).
/// Leaves out: the context copies of the job registers at 0x140, 0x240 and 0x340, which repeat JOB0..15 for reads and
/// are decoded by `RETA`.

import HardwareModel

/// Names and places of all registers of RETA; code says `RETARegisters.trigger.offset`, never a literal.
public enum RETARegisters {
  // MARK: hwpe-ctrl mandatory registers (4.1)

  public static let trigger = Register(
    "TRIGGER", at: 0x00, .writeOnly,
    "Any write commits the context being programmed; the value 0 also starts the queue. Reads 0xDEADBEEF")
  public static let acquire = Register(
    "ACQUIRE", at: 0x04, .readOnly,
    "Takes the lock: a job id (8 bits), 0xFFFFFFFE if the lock is held, 0xFFFFFFFF if all contexts are committed")
  public static let finished = Register(
    "FINISHED", at: 0x08, .readToClear, "Jobs finished since the last access, saturating at 2; any access clears it"
  ) {
    Field("COUNT", 0...1, "Jobs finished")
  }
  public static let status = Register("STATUS", at: 0x0C, .readOnly, "Committed contexts and the error code") {
    Field("CONTEXT0", 0...7, "1 from the TRIGGER write of 0 that commits context 0 until its job has finished")
    Field("CONTEXT1", 8...15, "1 from the TRIGGER write of 0 that commits context 1 until its job has finished")
    Field(
      "ERROR", 24...31, "Code of the recorded error; the queue is halted unless it is ERR_NONE", values: errorValues)
  }
  public static let runningJob = Register(
    "RUNNING_JOB", at: 0x10, .readOnly, "Id of the job that runs or will run next: counts finished jobs"
  ) {
    Field("ID", 0...7, "Job id")
  }
  public static let softClear = Register(
    "SOFT_CLEAR", at: 0x14, .pulse,
    "Any write aborts the running job and drops all contexts; the value 0 also clears the registers and job ids")
  public static let swEvt = Register("SW_EVT", at: 0x1C, .pulse, "Pulses an event line, whatever EVT_MASK says") {
    Field("LINE", 0, "Event line to pulse: 0 = SoC event 140, 1 = SoC event 141")
  }

  // MARK: Job-independent registers (4.2)

  public static let scratch = Register("SCRATCH", at: 0x20, .readWrite, "No function")
  /// BASE1...BASE7.
  public static let base = Register.array(
    "BASE", count: 7, first: 1, at: 0x24, .readWrite,
    "Base register: address offset, position or count. Writes while a job runs are ignored")

  // MARK: Job-dependent registers (4.3)

  /// JOB0...JOB15, the words of the descriptor of the context being programmed. The fields are those of the data
  /// opcodes; CTRL and LIST give some words another meaning (`DescriptorFormat`).
  public static let job: [Register] = (0..<DescriptorFormat.wordCount).map { word in
    Register(
      "JOB\(word)", at: 0x40 + 4 * UInt32(word), .readWrite,
      "Word \(word) of the descriptor: \(DescriptorFormat.summary(ofWord: word))"
    ) {
      DescriptorFormat.fields(ofWord: word)
    }
  }

  // MARK: Extension block (4.4)

  public static let id = Register("ID", at: 0x400, reset: 0x5245_5441, .readOnly, "Identification: \"RETA\"")
  public static let version = Register(
    "VERSION", at: 0x404, reset: 0x0001_0000, .readOnly, "Version of the architecture"
  ) {
    Field("MINOR", 0...15, "Minor version")
    Field("MAJOR", 16...31, "Major version")
  }
  public static let cap0 = Register("CAP0", at: 0x408, reset: 0x0440_1010, .readOnly, "Capabilities: array and ports") {
    Field("A_N", 0...7, "Outputs of the MAC array")
    Field("A_K", 8...15, "Inner size of the MAC array")
    Field("TT", 16...23, "Rows of accumulators")
    Field("PORTS", 24...31, "32-bit data ports")
  }
  public static let cap1 = Register("CAP1", at: 0x40C, reset: 0x0208_4040, .readOnly, "Capabilities: RETENTION limits")
  {
    Field("D_MAX", 0...7, "Largest head size")
    Field("C_MAX", 8...15, "Largest chunk")
    Field("H_MAX", 16...23, "Most heads")
    Field("CONTEXTS", 24...31, "Contexts of the register file")
  }
  public static let cap2 = Register("CAP2", at: 0x410, reset: 0x0400_811E, .readOnly, "Capabilities: opcodes and NORM")
  {
    Field("OPCODES", 0...15, "Bit n: opcode n exists")
    Field("G_MAX", 16...31, "Longest norm group")
  }
  public static let l2Lo = Register(
    "L2_LO", at: 0x414, reset: 0x1C01_0000, .readOnly, "First byte of the memory that the ports reach")
  public static let l2Hi = Register(
    "L2_HI", at: 0x418, reset: 0x1C09_0000, .readOnly, "First byte after the memory that the ports reach")
  public static let err = Register(
    "ERR", at: 0x420, .writeToClear, "Error code; any write clears it, and a halted queue continues"
  ) {
    Field("CODE", 0...7, "Code of the recorded error", values: errorValues)
  }
  public static let errPC = Register(
    "ERR_PC", at: 0x424, .readOnly, "Address of the failing descriptor in a list, 0 for a register job")
  public static let errJob = Register("ERR_JOB", at: 0x428, .readOnly, "Id of the failing job") {
    Field("ID", 0...7, "RUNNING_JOB while it ran")
  }
  public static let suspend = Register(
    "SUSPEND", at: 0x42C, .readWrite, "Ends the running list after its current descriptor"
  ) {
    Field("REQUEST", 0, "Write 1 to request, 0 to withdraw, while a list runs; reads 1 while pending")
    Field("SUSPENDED", 1, "The last finished list ended by suspension", .readOnly)
  }
  public static let listPC = Register(
    "LIST_PC", at: 0x430, .readOnly, "Address of the list's next descriptor; of the failing one after an error")
  public static let progress = Register(
    "PROGRESS", at: 0x434, .writeToClear, "Descriptors with EVT executed; any write clears it")
  public static let evtMask = Register(
    "EVT_MASK", at: 0x43C, reset: 7, .readWrite, "Which occasions pulse the event lines"
  ) {
    Field("DONE", 0, "Job done pulses line 0")
    Field("ERROR", 1, "Error pulses line 1")
    Field("PROGRESS", 2, "Descriptor with EVT pulses line 0")
  }
  /// CNT0...CNT3.
  public static let cnt = Register.array(
    "CNT", count: 4, at: 0x440, .readWrite, "Loop counter of CTRL. Writes while a job runs are ignored")

  // MARK: Performance counters (4.4), 64 bits each

  /// Low words of the performance counters, in the order of `PerformanceCounter`.
  public static let counterLow: [Register] = PerformanceCounter.allCases.map { counter in
    Register(
      counter.registerName, at: 0x480 + 8 * UInt32(counter.rawValue), .readOnly,
      "\(counter.summary); low word, reading it latches the high one")
  }
  /// High words of the performance counters.
  public static let counterHigh: [Register] = PerformanceCounter.allCases.map { counter in
    Register(
      counter.registerName + "_HI", at: 0x484 + 8 * UInt32(counter.rawValue), .readOnly,
      "\(counter.summary); high word as latched by the last read of the low one")
  }
  public static let perfClear = Register("PERF_CLEAR", at: 0x4BC, .pulse, "Any write clears the performance counters")

  // MARK: The block

  public static let block = RegisterBlock(
    "RETA", "Retention accelerator (HWPE): job control, descriptors, extension block, performance counters",
    source: "retention-accelerator.md section 4; hwpe_ctrl_slave.sv", size: 0x1000
  ) {
    trigger
    acquire
    finished
    status
    runningJob
    softClear
    swEvt
    scratch
    base
    job
    id
    version
    cap0
    cap1
    cap2
    l2Lo
    l2Hi
    err
    errPC
    errJob
    suspend
    listPC
    progress
    evtMask
    cnt
    counterLow
    counterHigh
    perfClear
  }

  /// Error codes as enumerated values of a field.
  static let errorValues = ErrorCode.allCases.map { EnumeratedValue($0.name, UInt32($0.rawValue), $0.summary) }

  /// What ACQUIRE reads when it gives no id, and what TRIGGER reads.
  static let lockHeld: UInt32 = 0xFFFF_FFFE
  static let allCommitted: UInt32 = 0xFFFF_FFFF
  static let triggerReads: UInt32 = 0xDEAD_BEEF
}

/// Codes of ERR and STATUS[31:24] (section 4.5); the smallest code of all broken rules is reported.
public enum ErrorCode: UInt8, Sendable, CaseIterable {
  case none, op, field, size, align, stride, addr

  public var name: String {
    switch self {
    case .none: "ERR_NONE"
    case .op: "ERR_OP"
    case .field: "ERR_FIELD"
    case .size: "ERR_SIZE"
    case .align: "ERR_ALIGN"
    case .stride: "ERR_STRIDE"
    case .addr: "ERR_ADDR"
    }
  }

  public var summary: String {
    switch self {
    case .none: "No error"
    case .op: "Unknown opcode; LIST inside a list; CTRL as a register job"
    case .field: "A reserved bit is 1, a reserved encoding, or OUT together with ACT or ELT"
    case .size: "A dimension is 0, too large, or violates a divisibility rule"
    case .align: "A used pointer or stride, a list address or a break pointer is not a multiple of 4"
    case .stride: "More than one output row and YS smaller than the row"
    case .addr: "A used tensor, a descriptor or a break word lies partly outside [L2_LO, L2_HI)"
    }
  }
}

/// The 64-bit performance counters, in the order of their registers.
public enum PerformanceCounter: Int, Sendable, CaseIterable {
  case cycles, stalls, macs, bytesRead, bytesWritten, descriptors, jobs

  var registerName: String {
    switch self {
    case .cycles: "CYCLES"
    case .stalls: "STALLS"
    case .macs: "MACS"
    case .bytesRead: "BYTES_RD"
    case .bytesWritten: "BYTES_WR"
    case .descriptors: "DESCS"
    case .jobs: "JOBS"
    }
  }

  var summary: String {
    switch self {
    case .cycles: "Cycles in which a job was running"
    case .stalls: "Cycles in which a beat waited for a grant"
    case .macs: "Useful multiply-accumulates"
    case .bytesRead: "4 x words read by the ports, descriptors included"
    case .bytesWritten: "Bytes written (enabled lanes)"
    case .descriptors: "Descriptors executed without error"
    case .jobs: "Jobs finished, also with an error"
    }
  }
}
