// `--semihosting`: the machine's program may use the host's console, and files of one folder if one is named.

import ArgumentParser
import Foundation
import HardwareModel
import PULPissimo
import Semihosting

/// The options of semihosting.
struct SemihostingOptions: ParsableArguments {
  @Flag(
    name: .customLong("semihosting"),
    help: "Carry out semihosting calls (slli, ebreak, srai): console, time, exit. Off, EBREAK is an exception.")
  var isOn = false

  @Option(
    name: .customLong("semihosting-directory"),
    help: ArgumentHelp(
      "Semihosting with files: those in this folder, by names that stay in it; no others.", valueName: "DIR"))
  var directory: String?

  @Option(
    name: .customLong("semihosting-arguments"),
    help: ArgumentHelp("The program's arguments (SYS_GET_CMDLINE), behind its name.", valueName: "TEXT"))
  var arguments: String?

  /// The host's side, or nil if semihosting is off.
  func host() throws -> ProgramHost? {
    guard isOn || directory != nil else {
      guard arguments == nil else { throw HostError.usage("--semihosting-arguments needs --semihosting") }
      return nil
    }
    return ProgramHost(folder: try directory.map { try HostFolder($0) })
  }
}

/// The host as the program sees it.
final class ProgramHost: SemihostingHost {
  private let folder: HostFolder?
  /// Where the firmware's text goes.
  weak var output: GuestOutput?
  /// False: somebody else reads standard input.
  var mayRead = true
  /// True: the run is over, nobody need be waited for.
  var isAbandoned: () -> Bool = { false }
  var onRefusal: ((_ text: String) -> Void)?

  init(folder: HostFolder?) { self.folder = folder }

  func put(_ bytes: [UInt8], isError: Bool) {
    if isError {
      output?.flush()
      Console.put(Data(bytes), to: 2)
    } else {
      for byte in bytes { output?.put(byte) }
    }
  }

  func typed(_ count: Int) -> [UInt8] {
    guard mayRead else { return [] }
    output?.flush()
    while !isAbandoned() {
      guard let bytes = Descriptor.read(0, waiting: 100, atMost: count) else {
        mayRead = false
        return []
      }
      if !bytes.isEmpty { return bytes }
    }
    return []
  }

  func open(_ name: [UInt8], _ mode: HostFileMode) throws(HostFailure) -> any HostFile {
    try inFolder(name) { (folder) throws(HostFailure) in try folder.open(name, mode) }
  }

  func remove(_ name: [UInt8]) throws(HostFailure) {
    try inFolder(name) { (folder) throws(HostFailure) in try folder.remove(name) }
  }

  func rename(_ name: [UInt8], to new: [UInt8]) throws(HostFailure) {
    try inFolder(name) { (folder) throws(HostFailure) in try folder.rename(name, to: new) }
  }

  private func inFolder<Result>(
    _ name: [UInt8], _ body: (HostFolder) throws(HostFailure) -> Result
  ) throws(HostFailure) -> Result {
    let shown = String(decoding: name.prefix(200), as: UTF8.self)
    guard let folder else {
      onRefusal?("semihosting: no access to '\(shown)': --semihosting-directory opens a folder to the program")
      throw .noAccess
    }
    do throws(HostFailure) {
      return try body(folder)
    } catch {
      if error == .noAccess {
        onRefusal?(
          "semihosting: no access to '\(shown)': only regular files in the folder are open to the program, by names "
            + "without '..' and without symbolic links")
      }
      throw error
    }
  }
}

/// The machine as semihosting sees it.
private final class MachineSide: SemihostedMachine {
  private unowned let machine: Machine

  init(_ machine: Machine) { self.machine = machine }

  func read(_ address: UInt32, count: Int) -> [UInt8]? { machine.read(address, count: count) }
  func write(_ bytes: [UInt8], at address: UInt32) -> Bool { machine.write(bytes, at: address) }
  var time: (cycles: UInt64, frequency: UInt64) { (machine.hart.cycle, machine.frequency) }
  func end(_ code: UInt32) { machine.exit(code: code) }
}

extension Session {
  /// Lets the program make semihosting calls.
  func attachSemihosting(_ host: ProgramHost, arguments: String?) {
    host.output = output
    if uart?.input is StandardInput { host.mayRead = false }
    host.isAbandoned = { [unowned machine] in machine.isAbandoned?() ?? false }
    let name = (image.path as NSString).lastPathComponent
    let semihosting = Semihosting(
      host: host, machine: MachineSide(machine), commandLine: arguments.map { "\(name) \($0)" } ?? name)
    semihosting.onRemark = { [unowned machine] key, text in
      machine.remark(Diagnostic(.misuse, key: "semihosting \(key)", text))
    }
    host.onRefusal = { [unowned machine] text in machine.remark(Diagnostic(.misuse, key: text, text)) }
    machine.hart.onBreakpoint = { hart, before, behind in
      guard Semihosting.isCall(before: before, behind: behind) else { return false }
      hart[register: 10] = semihosting.call(hart[register: 10], hart[register: 11])
      return true
    }
    self.semihosting = semihosting
  }
}
