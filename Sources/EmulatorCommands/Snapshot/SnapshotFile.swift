// A snapshot in a file: what it was taken of, the state, and a digest that shows damage.
//
// Bytes: "PULPSNAP", the version of this frame (32 bits), the header and the state in the form of `StateArchive`, SHA-256 of
// all before. The header names the firmware and everything about the machine that must be the same again; how
// instructions are executed is no part of that. Which properties the state has needs no number: digests of their names
// are in it.

import Foundation
import HardwareModel
import PULPissimo

struct SnapshotFile {
  /// What must be the same again, in the order in which it is compared.
  struct Setting: Equatable {
    var name: String
    var value: String
  }

  private static let magic = Array("PULPSNAP".utf8)
  static let version: UInt32 = 1
  private static let digestSize = 32

  var settings: [Setting] = []
  var cycle: UInt64 = 0
  var instructions: UInt64 = 0
  var state: [UInt8] = []

  init(_ session: Session) throws {
    settings = Self.settings(session)
    cycle = session.machine.hart.cycle
    instructions = session.machine.hart.counters.instructions
    state = try session.state()
  }

  // MARK: Bytes

  var bytes: [UInt8] {
    var copy = self
    let archive = StateArchive()
    copy.visit(archive)
    var all = Self.magic
    withUnsafeBytes(of: Self.version.littleEndian) { all += $0 }
    all += archive.bytes
    return all + all.withUnsafeBytes(HostFiles.digest)
  }

  /// Reads the file at `path`: 66 if it cannot be read, 65 if it is no whole snapshot of this version.
  init(path: String) throws {
    try self.init(HostFiles.read(path), path: path)
  }

  /// `path`: the name for messages.
  init(_ bytes: [UInt8], path: String) throws {
    let frame = Self.magic.count + 4
    guard bytes.starts(with: Self.magic) else { throw HostError.data("\(path): not a snapshot of pulpemu") }
    let version = bytes.dropFirst(Self.magic.count).littleEndian
    guard bytes.count >= frame + Self.digestSize else {
      throw HostError.data("\(path): the snapshot is cut off; save it again")
    }
    guard version == Self.version else {
      throw HostError.data(
        "\(path): a snapshot of version \(version), this pulpemu reads version \(Self.version); save it again")
    }
    let body = bytes.dropLast(Self.digestSize)
    guard body.withUnsafeBytes(HostFiles.digest) == Array(bytes.suffix(Self.digestSize)) else {
      throw HostError.data("\(path): the snapshot is damaged or cut off; save it again")
    }
    let archive = StateArchive(loading: Array(body.dropFirst(frame)))
    visit(archive)
    archive.finish()
    if let problem = archive.problem { throw HostError.data("\(path): no usable snapshot: \(problem)") }
  }

  private mutating func visit(_ archive: StateArchive) {
    archive.elements("settings", &settings, most: 1 << 10, new: Setting(name: "", value: "")) {
      archive.visit("name", &$0.name)
      archive.visit("value", &$0.value, most: 1 << 16)
    }
    archive.visit("cycle", &cycle)
    archive.visit("instructions", &instructions)
    archive.visit("state", raw: &state)
  }

  // MARK: Fitting

  /// Lets `session`, which is new, go on from here; refuses what does not fit.
  func load(into session: Session, path: String) throws {
    for (saved, present) in zip(settings, Self.settings(session)) where saved != present {
      guard saved.name == present.name else { break }
      if saved.name == "firmware" {
        throw HostError.data("\(path): saved while another firmware ran; give that ELF file, or leave --load-state out")
      }
      throw HostError.usage(
        "\(path): saved with \(saved.name) \(saved.value), this machine has \(present.value); "
          + "give the same options as when it was saved")
    }
    guard settings.map(\.name) == Self.settings(session).map(\.name) else {
      throw HostError.data("\(path): saved by another version of pulpemu; save it again")
    }
    if let problem = session.load(state: state) {
      throw HostError.data("\(path): the state does not fit this version of pulpemu (\(problem)); save it again")
    }
  }

  private static func settings(_ session: Session) -> [Setting] {
    let configuration = session.machine.configuration
    let memory = configuration.extraMemories.map { "\(Session.hex($0.base)):\($0.size)" }
    var settings = [
      Setting(name: "firmware", value: HostFiles.sha256(session.image.fileBytes)),
      Setting(name: "--profile", value: configuration.profile.rawValue),
      Setting(name: "--bootsel", value: String(configuration.bootSelect)),
      Setting(name: "--timing", value: configuration.hart.cycleModel ? "rtl" : "none"),
      Setting(name: "--strict", value: configuration.strict ? "on" : "off"),
      Setting(name: "--memory", value: memory.isEmpty ? "none" : memory.joined(separator: ",")),
      Setting(name: "--semihosting", value: session.semihosting == nil ? "off" : "on"),
      Setting(name: "--board", value: boardText(configuration.board)),
    ]
    let engines = ["core.blockEngine", "core.translator", "core.alwaysStepped"]
    for parameter in MachineParameter.all where !engines.contains(parameter.path) {
      settings.append(Setting(name: parameter.path, value: parameter.text(in: configuration)))
    }
    return settings
  }

  /// A short text that is the same for equal boards. What memories hold is state.
  private static func boardText(_ board: BoardDescription) -> String {
    var board = board
    for index in board.flashes.indices { board.flashes[index].contents = [] }
    for index in board.eeproms.indices { board.eeproms[index].contents = [] }
    let name = board.name
    board.name = ""
    return "\(name) (\(HostFiles.sha256(Array("\(board)".utf8)).prefix(16)))"
  }
}
