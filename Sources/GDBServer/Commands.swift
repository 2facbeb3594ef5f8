// The packets one by one.

extension GDBStub {
  func handle(_ payload: [UInt8]) {
    guard let first = payload.first else { return send("") }
    let rest = payload.dropFirst()
    switch first {
    case UInt8(ascii: "?"): send(stopReply())
    case UInt8(ascii: "!"):
      isExtended = true
      send("OK")
    case UInt8(ascii: "g"): send((0...TargetDescription.pc).map { Hex.word(target.register($0) ?? 0) }.joined())
    case UInt8(ascii: "G"): writeRegisters(rest)
    case UInt8(ascii: "p"): readRegister(rest)
    case UInt8(ascii: "P"): writeRegister(rest)
    case UInt8(ascii: "m"): readMemory(rest)
    case UInt8(ascii: "M"), UInt8(ascii: "X"): writeMemory(rest, isBinary: first == UInt8(ascii: "X"))
    case UInt8(ascii: "c"), UInt8(ascii: "s"), UInt8(ascii: "C"), UInt8(ascii: "S"): resume(first, rest)
    case UInt8(ascii: "b"): reverse(rest)
    case UInt8(ascii: "Z"), UInt8(ascii: "z"): changePoint(rest, inserts: first == UInt8(ascii: "Z"))
    case UInt8(ascii: "D"):
      isDetached = true
      send("OK")
    case UInt8(ascii: "k"): killTarget()
    // There is one thread.
    case UInt8(ascii: "H"), UInt8(ascii: "T"): send("OK")
    // No answer is foreseen for a restart.
    case UInt8(ascii: "R"): _ = startTarget()
    case UInt8(ascii: "q"), UInt8(ascii: "Q"): query(payload)
    case UInt8(ascii: "v"): verbose(payload)
    default: send("")
    }
  }

  // MARK: Registers

  private func value(_ bytes: [UInt8]) -> UInt32? {
    guard bytes.count == 4 else { return nil }
    return bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  private func readRegister(_ text: ArraySlice<UInt8>) {
    guard let number = Hex.number(text), number < 1 << 16 else { return send("E01") }
    let index = Int(number)
    if index <= TargetDescription.pc {
      send(target.register(index).map(Hex.word) ?? "E01")
    } else if index >= TargetDescription.firstCSR, let csr = UInt16(exactly: index - TargetDescription.firstCSR) {
      send(target.csr(csr).map(Hex.word) ?? "E01")
    } else {
      send("E01")
    }
  }

  private func writeRegister(_ text: ArraySlice<UInt8>) {
    let parts = text.split(separator: UInt8(ascii: "="), maxSplits: 1)
    guard parts.count == 2, let number = Hex.number(parts[0]), number < 1 << 16, let bytes = Hex.parse(parts[1]),
      let value = value(bytes)
    else { return send("E01") }
    let index = Int(number)
    let isDone: Bool
    if index <= TargetDescription.pc {
      isDone = target.setRegister(index, value)
    } else if index >= TargetDescription.firstCSR, let csr = UInt16(exactly: index - TargetDescription.firstCSR) {
      isDone = target.setCSR(csr, value)
    } else {
      isDone = false
    }
    send(isDone ? "OK" : "E01")
  }

  private func writeRegisters(_ text: ArraySlice<UInt8>) {
    guard let bytes = Hex.parse(text), bytes.count >= 4 * (TargetDescription.pc + 1) else { return send("E01") }
    for index in 0...TargetDescription.pc {
      let word = value(Array(bytes[4 * index..<4 * index + 4])) ?? 0
      if target.register(index) != word { _ = target.setRegister(index, word) }
    }
    send("OK")
  }

  // MARK: Memory

  private func range(_ text: some Collection<UInt8>) -> (address: UInt32, count: Int)? {
    let parts = text.split(separator: UInt8(ascii: ","), maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let address = Hex.number(parts[0]), address <= UInt64(UInt32.max),
      let count = Hex.number(parts[1]), count <= 1 << 32
    else { return nil }
    return (UInt32(address), Int(count))
  }

  private func readMemory(_ text: ArraySlice<UInt8>) {
    guard let (address, count) = range(text) else { return send("E01") }
    let bytes = target.read(address, count: min(count, Self.packetSize / 2))
    send(bytes.isEmpty && count > 0 ? "E14" : Hex.text(bytes))
  }

  private func writeMemory(_ text: ArraySlice<UInt8>, isBinary: Bool) {
    let parts = text.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let (address, count) = range(parts[0]),
      let bytes = isBinary ? Array(parts[1]) : Hex.parse(parts[1]), bytes.count == count
    else { return send("E01") }
    send(bytes.isEmpty || target.write(bytes, at: address) ? "OK" : "E14")
  }

  // MARK: Running

  /// In extended mode the session goes on: the program may be started again.
  private func killTarget() {
    if isExtended { isDead = true } else { isKilled = true }
  }

  /// There is a program that has neither ended nor been killed.
  private var hasProgram: Bool {
    if case .exited = lastStop { false } else { !isDead }
  }

  private func startTarget() -> Bool {
    guard target.restart() else { return false }
    lastStop = .trap
    isDead = false
    return true
  }

  private func go(_ resumption: Resumption) {
    if isDead { return send("E01") }
    if case .exited = lastStop { return send("E01") }
    self.resumption = resumption
  }

  /// `c [ADDRESS]`, `s [ADDRESS]`, `C SIGNAL[;ADDRESS]`, `S SIGNAL[;ADDRESS]`: signals mean nothing to the core.
  private func resume(_ command: UInt8, _ text: ArraySlice<UInt8>) {
    var address = text
    if command == UInt8(ascii: "C") || command == UInt8(ascii: "S") {
      address = text.firstIndex(of: UInt8(ascii: ";")).map { text[($0 + 1)...] } ?? []
    }
    if !address.isEmpty {
      guard let value = Hex.number(address), value <= UInt64(UInt32.max) else { return send("E01") }
      _ = target.setRegister(TargetDescription.pc, UInt32(value))
    }
    go(command | 0x20 == UInt8(ascii: "c") ? .run : .step(while: 0..<0))
  }

  private func reverse(_ text: ArraySlice<UInt8>) {
    guard target.canReverse else { return send("") }
    switch text.first {
    case UInt8(ascii: "c"): go(.reverseRun)
    case UInt8(ascii: "s"): go(.reverseStep)
    default: send("")
    }
  }

  private func verbose(_ payload: [UInt8]) {
    let text = String(decoding: payload, as: UTF8.self)
    if text == "vCont?" { return send("vCont;c;C;s;S;r") }
    if text.hasPrefix("vCont;") {
      // One thread: the first action is the one that counts.
      let action = payload.dropFirst(6).prefix { $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: ";") }
      switch action.first {
      case UInt8(ascii: "c"), UInt8(ascii: "C"): go(.run)
      case UInt8(ascii: "s"), UInt8(ascii: "S"): go(.step(while: 0..<0))
      case UInt8(ascii: "r"):
        let ends = action.dropFirst().split(separator: UInt8(ascii: ",")).map { Hex.number($0) }
        guard ends.count == 2, let start = ends[0], let end = ends[1], start <= end, end <= UInt64(UInt32.max)
        else { return send("E01") }
        go(.step(while: UInt32(start)..<UInt32(end)))
      default: send("E01")
      }
      return
    }
    if text == "vRun" || text.hasPrefix("vRun;") {
      guard startTarget() else { return send("E01") }
      return send(stopReply())
    }
    if text == "vKill" || text.hasPrefix("vKill;") {
      killTarget()
      return send("OK")
    }
    // vMustReplyEmpty, and whatever else there will be.
    send("")
  }

  private func changePoint(_ text: ArraySlice<UInt8>, inserts: Bool) {
    // Conditions are gdb's business: none are offered in qSupported.
    let parts = text.prefix { $0 != UInt8(ascii: ";") }.split(separator: UInt8(ascii: ","))
    guard parts.count == 3, let number = Hex.number(parts[0]), let address = Hex.number(parts[1]),
      let length = Hex.number(parts[2]), address <= UInt64(UInt32.max), length <= 1 << 20
    else { return send("E01") }
    guard let kind = PointKind(rawValue: number) else { return send("") }
    let point = DebugPoint(kind, address: UInt32(address), length: UInt32(length))
    send((inserts ? target.insert(point) : target.remove(point)) ? "OK" : "E01")
  }

  // MARK: Queries

  private func query(_ payload: [UInt8]) {
    let text = String(decoding: payload, as: UTF8.self)
    let name = text.prefix { $0 != ":" && $0 != "," && $0 != ";" }
    switch name {
    case "qSupported":
      let reverse = target.canReverse ? ";ReverseStep+;ReverseContinue+" : ""
      send(
        "PacketSize=\(String(Self.packetSize, radix: 16));QStartNoAckMode+;qXfer:features:read+;"
          + "qXfer:memory-map:read+;vContSupported+" + reverse)
    case "QStartNoAckMode": turnOffAcknowledgements()
    case "qAttached": send("1")
    case "qC": send(hasProgram ? "QC1" : "")
    case "qfThreadInfo": send(hasProgram ? "m1" : "l")
    case "qsThreadInfo": send("l")
    case "qXfer": transfer(text.dropFirst("qXfer:".count))
    case "qRcmd":
      guard let command = Hex.parse(payload.dropFirst("qRcmd,".utf8.count)) else { return send("E01") }
      show(target.monitor(String(decoding: command, as: UTF8.self)))
      send("OK")
    default: send("")
    }
  }

  /// `OBJECT:read:ANNEX:OFFSET,LENGTH`.
  private func transfer(_ request: Substring) {
    let parts = request.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 4, parts[1] == "read" else { return send("") }
    let document: String
    switch (parts[0], parts[2]) {
    case ("features", "target.xml"): document = TargetDescription.features(target)
    case ("memory-map", ""): document = TargetDescription.memoryMap(target)
    case ("features", _), ("memory-map", _): return send("E00")
    default: return send("")
    }
    let numbers = parts[3].split(separator: ",").map { Hex.number(Array($0.utf8)) }
    guard numbers.count == 2, let offset = numbers[0], let length = numbers[1] else { return send("E01") }
    let bytes = Array(document.utf8)
    guard offset < UInt64(bytes.count) else { return send("l") }
    let end = Int(min(UInt64(bytes.count), offset + min(length, UInt64(Self.packetSize) / 2)))
    send(Array((end < bytes.count ? "m" : "l").utf8) + bytes[Int(offset)..<end])
  }
}
