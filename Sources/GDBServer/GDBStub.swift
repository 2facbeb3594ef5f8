// The stub: what is answered to each packet of gdb, without a connection and without running anything.
//
// Source: GDB manual, appendix E "GDB Remote Serial Protocol". The owner feeds bytes in (`receive`), sends out what
// `takeOutput` gives, lets the target go as `resumption` says, and reports with `stopped`. All-stop mode, one thread.
// Left out: run-length encoding, non-stop mode, file I/O, tracepoints, flash packets.

/// One gdb connection.
public final class GDBStub {
  /// Bytes of the longest packet that gdb may send, as `qSupported` tells it.
  static let packetSize = 0x4000

  let target: any DebugTarget
  private var decoder = PacketDecoder()
  private var output: [UInt8] = []
  private var lastFrame: [UInt8] = []
  private var acknowledges = true
  var lastStop = StopEvent.trap

  /// How the target shall go on: set while gdb waits for a stop.
  public internal(set) var resumption: Resumption?
  /// gdb wants a running target to stop.
  public private(set) var wantsInterrupt = false
  /// gdb has let go: the program shall go on by itself.
  public internal(set) var isDetached = false
  /// gdb has ended the session and the program with it.
  public internal(set) var isKilled = false
  /// gdb has killed the program and may start it again.
  public internal(set) var isDead = false
  /// gdb can start the program again after its end (`target extended-remote`).
  public internal(set) var isExtended = false

  public init(_ target: any DebugTarget) { self.target = target }

  /// What is to be sent now.
  public func takeOutput() -> [UInt8] {
    defer { output = [] }
    return output
  }

  /// Takes bytes of the connection.
  public func receive(_ bytes: [UInt8]) {
    for byte in bytes {
      switch decoder.take(byte) {
      case nil: break
      case .interrupt: if resumption != nil { wantsInterrupt = true }
      case .acknowledged: lastFrame = []
      case .refused: if acknowledges { output += lastFrame }
      case .damaged: if acknowledges { output.append(UInt8(ascii: "-")) }
      case .packet(let payload):
        if acknowledges { output.append(UInt8(ascii: "+")) }
        handle(payload)
      }
    }
  }

  /// The target stands again.
  public func stopped(_ event: StopEvent) {
    resumption = nil
    wantsInterrupt = false
    lastStop = event
    send(stopReply())
  }

  /// Shows `text` on gdb's console; only while the target runs or a `monitor` command is answered.
  public func show(_ text: String) {
    let bytes = Array(text.utf8)
    var start = 0
    while start < bytes.count {
      let end = min(start + 1024, bytes.count)
      send("O" + Hex.text(Array(bytes[start..<end])))
      start = end
    }
  }

  func send(_ text: String) { send(Array(text.utf8)) }

  func send(_ payload: [UInt8]) {
    let frame = PacketEncoder.frame(payload)
    lastFrame = frame
    output += frame
  }

  func turnOffAcknowledgements() {
    send("OK")
    acknowledges = false
  }

  func stopReply() -> String {
    if isDead { return "X09" }
    var signal = 5
    var reason = ""
    switch lastStop {
    case .trap: break
    // In the middle of its own steps gdb would take a trap for the end of one.
    case .interrupted, .caught: signal = 2
    case .aborted: signal = 6
    case .watch(let kind, let address):
      let name = kind == .read ? "rwatch" : kind == .access ? "awatch" : "watch"
      reason = "\(name):\(String(address, radix: 16));"
    case .start: reason = "replaylog:begin;"
    case .exited(let status): return "W" + Hex.text([status])
    }
    let pc = target.register(TargetDescription.pc) ?? 0
    return "T0\(signal)20:\(Hex.word(pc));thread:1;\(reason)"
  }
}
