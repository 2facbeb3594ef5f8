// An AArch64 processor in this process, made of Unicorn, to run what the translator emits for AArch64 hosts.
//
// Host memory appears at its own addresses: code as execute-only-by-fetch pages, the state, the guest's memory, its line marks and
// the tables of entries as data, and nothing else, so that code which strays stops the test. Unicorn caches what it
// has decoded, and forgets it only where `changed` says so: code whose change is not announced runs stale, as it may on a
// processor. Loaded at run time, so that the package builds without it; scripts/setup installs it.

import Foundation
import HardwareModel
import PULPissimo

@testable import RISCV

/// The functions of libunicorn (unicorn/unicorn.h, version 2).
private struct Unicorn: @unchecked Sendable {
  typealias Open = @convention(c) (Int32, Int32, UnsafeMutablePointer<OpaquePointer?>) -> Int32
  typealias Close = @convention(c) (OpaquePointer) -> Int32
  typealias Map = @convention(c) (OpaquePointer, UInt64, Int, UInt32, UnsafeMutableRawPointer) -> Int32
  typealias Register = @convention(c) (OpaquePointer, Int32, UnsafeMutablePointer<UInt64>) -> Int32
  typealias Start = @convention(c) (OpaquePointer, UInt64, UInt64, UInt64, Int) -> Int32
  /// Takes any number of arguments; with integers only, they are passed like these on x86-64 and AArch64 Linux.
  typealias Control = @convention(c) (OpaquePointer, UInt32, UInt64, UInt64) -> Int32

  let open: Open
  let close: Close
  let map: Map
  let read: Register
  let write: Register
  let start: Start
  let control: Control

  static let arm64: Int32 = 2
  static let x0: Int32 = 199
  static let x29: Int32 = 1
  static let linkRegister: Int32 = 2
  static let stackPointer: Int32 = 4
  static let forget: UInt32 = 9 | 2 << 26 | 1 << 30

  init?() {
    guard let library = dlopen("libunicorn.so.2", RTLD_NOW) else { return nil }
    func find<T>(_ name: String, _: T.Type) -> T? { dlsym(library, name).map { unsafeBitCast($0, to: T.self) } }
    guard let open = find("uc_open", Open.self), let close = find("uc_close", Close.self),
      let map = find("uc_mem_map_ptr", Map.self), let read = find("uc_reg_read", Register.self),
      let write = find("uc_reg_write", Register.self), let start = find("uc_emu_start", Start.self),
      let control = find("uc_ctl", Control.self)
    else { return nil }
    (self.open, self.close, self.map, self.read) = (open, close, map, read)
    (self.write, self.start, self.control) = (write, start, control)
  }

  static let library = Unicorn()

  /// x0 ... x28 are neighbours, x29 and x30 stand apart.
  static func register(_ number: Int) -> Int32 {
    number < 29 ? x0 + Int32(number) : number == 29 ? x29 : linkRegister
  }
}

final class AArch64Model: ForeignProcessor, @unchecked Sendable {
  static var isInstalled: Bool { Unicorn.library != nil }

  let host = TranslationHost.aarch64
  private let unicorn: Unicorn
  private let engine: OpaquePointer
  private let stack: UnsafeMutableRawPointer
  private static let page = 4096
  private static let stackSize = 16 * page
  private var code: UnsafeRawPointer?
  /// Times that translated code was entered, and that some of it was changed.
  private(set) var calls = 0
  private(set) var changes = 0
  /// What a C function may not do, found after a call.
  private(set) var broken: [String] = []

  init?() {
    guard let unicorn = Unicorn.library else { return nil }
    var engine: OpaquePointer?
    guard unicorn.open(Unicorn.arm64, 0, &engine) == 0, let engine else { return nil }
    self.unicorn = unicorn
    self.engine = engine
    stack = .allocate(byteCount: Self.stackSize, alignment: Self.page)
    // The page that code returns to: all NOP.
    stack.initializeMemory(as: UInt32.self, repeating: 0xD503_201F, count: Self.stackSize / 4)
    let address = UInt64(UInt(bitPattern: stack))
    check(unicorn.map(engine, address, Self.page, 5, stack), "mapping")
    let rest = stack + Self.page
    check(unicorn.map(engine, address + UInt64(Self.page), Self.stackSize - Self.page, 3, rest), "mapping")
  }

  deinit {
    _ = unicorn.close(engine)
    stack.deallocate()
  }

  private func check(_ error: Int32, _ what: String) {
    precondition(error == 0, "Unicorn: \(what) ends with error \(error)")
  }

  /// Shows the model what translated code of `machine` may touch.
  func attach(_ machine: Machine) {
    let hart = machine.hart
    var parts: [(start: UnsafeRawPointer, count: Int)] = [(UnsafeRawPointer(hart.x), 4 * TranslatedState.size)]
    for window in hart.windows {
      if window.isData { parts.append((UnsafeRawPointer(window.bytes), Int(window.size))) }
      guard let code = window.code else { continue }
      parts.append((UnsafeRawPointer(code.lines), Int(code.size >> CodeRegion.lineShift) + 2))
      parts.append((UnsafeRawPointer(code.entries), 8 * (Int(code.size) / 2 + 2)))
    }
    attach(parts)
  }

  /// Shows the model these parts of this process's memory (the whole pages that they lie on).
  func attach(_ parts: [(start: UnsafeRawPointer, count: Int)]) {
    let page = UInt(Self.page)
    var ranges = parts.map { part in
      let start = UInt(bitPattern: part.start)
      return (start: start & ~(page - 1), end: (start + UInt(part.count) + page - 1) & ~(page - 1))
    }
    ranges.sort { $0.start < $1.start }
    var joined: [(start: UInt, end: UInt)] = []
    for range in ranges {
      if let last = joined.last, range.start <= last.end {
        joined[joined.count - 1].end = max(last.end, range.end)
      } else {
        joined.append(range)
      }
    }
    for range in joined {
      guard let place = UnsafeMutableRawPointer(bitPattern: range.start) else { continue }
      check(unicorn.map(engine, UInt64(range.start), Int(range.end - range.start), 3, place), "mapping")
    }
  }

  func changed(_ start: UnsafeRawPointer, _ count: Int) {
    let address = UInt64(UInt(bitPattern: start))
    if code == nil {
      code = start
      let place = UnsafeMutableRawPointer(mutating: start)
      check(unicorn.map(engine, address, Translator.codeSize, 5, place), "mapping")
    }
    changes += 1
    check(unicorn.control(engine, Unicorn.forget, address, address + UInt64(count)), "forgetting code")
  }

  private subscript(register: Int32) -> UInt64 {
    get {
      var value: UInt64 = 0
      _ = unicorn.read(engine, register, &value)
      return value
    }
    set {
      var value = newValue
      _ = unicorn.write(engine, register, &value)
    }
  }

  func call(_ entrance: UnsafeRawPointer, _ state: UnsafeMutablePointer<UInt32>, _ code: UnsafeRawPointer) {
    calls += 1
    let home = UInt64(UInt(bitPattern: stack)) + 64
    let top = UInt64(UInt(bitPattern: stack)) + UInt64(Self.stackSize) - 64
    func kept(_ number: Int) -> UInt64 { 0x5A5A_0000_0000_0000 | UInt64(calls) << 8 | UInt64(number) }
    // Arguments have undefined upper halves only where they are narrower; other registers hold anything.
    for number in 2..<30 { self[Unicorn.register(number)] = kept(number) }
    self[Unicorn.register(0)] = UInt64(UInt(bitPattern: state))
    self[Unicorn.register(1)] = UInt64(UInt(bitPattern: code))
    self[Unicorn.linkRegister] = home
    self[Unicorn.stackPointer] = top
    check(unicorn.start(engine, UInt64(UInt(bitPattern: entrance)), home, 0, 0), "translated code")
    for number in 18..<30 where self[Unicorn.register(number)] != kept(number) {
      broken.append("x\(number) is not kept")
    }
    if self[Unicorn.stackPointer] != top { broken.append("sp is not kept") }
  }
}
