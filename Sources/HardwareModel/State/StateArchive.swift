// The state of a machine as bytes: one declaration a block serves saving and loading.
//
// Every block lists its stored properties once, in `visitState`. While saving, the archive writes the values that it is
// shown; while loading, it replaces them. What is no state is named too (`omits`), so that a test can hold the lists against
// the properties that there are. Numbers are little-endian and of fixed width. Beside the values of an object the
// archive keeps a digest of their names: another version of the program, with other properties, is recognised.
//
// Bytes to be loaded come from a file that anybody may have made: each value is held against the range that its block
// can work with, and the first one that does not fit is remembered (`problem`) and ends the loading.

/// A block with state of its own.
public protocol Stateful: AnyObject {
  /// Shows every stored property to `archive`.
  func visitState(_ archive: StateArchive)
}

/// A value with state inside.
public protocol StateValue {
  /// Shows every stored property to `archive`.
  mutating func visitState(_ archive: StateArchive)
}

/// Saves or loads what it is shown.
public final class StateArchive {
  /// True: values shown are replaced by those of the archive.
  public let isLoading: Bool
  /// What was saved, or what is loaded.
  public private(set) var bytes: [UInt8]
  /// What is wrong with the bytes, and where; nothing is loaded any more then.
  public private(set) var problem: String?
  /// Told of everything that was visited: the object or value, and the names of the properties shown or omitted.
  public var audit: ((_ subject: Any, _ names: [String]) -> Void)?

  private var position = 0
  private var path: [StaticString] = []
  /// Digest of the names since the object under way began.
  private var layout: UInt32 = 0
  private var names: [String] = []

  /// An archive that saves.
  public init() {
    isLoading = false
    bytes = []
  }

  /// An archive that loads `bytes`.
  public init(loading bytes: [UInt8]) {
    isLoading = true
    self.bytes = bytes
  }

  /// Cycles and lengths of time of a machine lie below; beyond, sums could overflow.
  public static let latest: Cycle = 1 << 62

  // MARK: Problems

  /// Remembers what is wrong, with the place; the first remark counts.
  public func refuse(_ reason: String) {
    guard isLoading, problem == nil else { return }
    let place = path.map { "\($0)" }.joined(separator: ".")
    problem = place.isEmpty ? reason : "\(place): \(reason)"
  }

  /// Refuses the bytes unless `condition` holds.
  public func require(_ condition: @autoclosure () -> Bool, _ reason: @autoclosure () -> String) {
    if isLoading, problem == nil, !condition() { refuse(reason()) }
  }

  /// To be called when everything was visited.
  public func finish() {
    require(position == bytes.count, "\(bytes.count - position) bytes too many")
  }

  // MARK: Bytes

  private func put(_ value: UInt64, _ count: Int) {
    for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
  }

  /// The next number, nil at the end of the bytes or after a problem.
  private func take(_ count: Int) -> UInt64? {
    guard problem == nil else { return nil }
    guard count <= bytes.count - position else {
      refuse("the state ends here")
      return nil
    }
    var value: UInt64 = 0
    for index in 0..<count { value |= UInt64(bytes[position + index]) << UInt64(8 * index) }
    position += count
    return value
  }

  /// Saves `value`, or returns the one to be loaded.
  private func exchange<T: FixedWidthInteger>(_ value: T) -> T? {
    let count = T.bitWidth / 8
    guard isLoading else {
      put(UInt64(truncatingIfNeeded: value), count)
      return nil
    }
    return take(count).map { T(truncatingIfNeeded: $0) }
  }

  /// `count` raw bytes to be loaded, nil if there are not so many.
  func takeBytes(_ count: Int) -> ArraySlice<UInt8>? {
    guard problem == nil, count >= 0 else { return nil }
    guard count <= bytes.count - position else {
      refuse("the state ends here")
      return nil
    }
    defer { position += count }
    return bytes[position..<position + count]
  }

  /// Bytes as they are.
  public func visit(_ name: StaticString, raw value: inout [UInt8]) {
    var count = value.count
    visit(name, &count, in: 0...(isLoading ? bytes.count - position : .max))
    if isLoading {
      if let new = takeBytes(count) { value = Array(new) }
    } else {
      value.withUnsafeBytes(putBytes)
    }
  }

  func putBytes(_ raw: UnsafeRawBufferPointer) { bytes += raw }

  // MARK: Names

  private func note(_ name: StaticString) {
    name.withUTF8Buffer { for byte in $0 { layout = (layout ^ UInt32(byte)) &* 0x0100_0193 } }
    layout = (layout ^ 0x2E) &* 0x0100_0193
    if audit != nil { names.append("\(name)") }
  }

  /// Calls `body`, which visits the parts of the property `name`.
  public func group(_ name: StaticString, _ body: () -> Void) {
    note(name)
    guard problem == nil else { return }
    path.append(name)
    let outer = names
    body()
    names = outer
    path.removeLast()
  }

  /// Calls `body`, which visits the properties of a subject.
  private func scope(_ body: () -> Any) {
    let outer = names
    names = []
    let subject = body()
    audit?(subject, names)
    names = outer
  }

  /// Properties that are no state: what the machine is built from, what follows from other state, and what belongs to
  /// observers.
  public func omits(_ names: StaticString...) {
    if audit != nil { self.names += names.map { "\($0)" } }
  }

  // MARK: Numbers

  /// Any value of the type is good.
  public func visit<T: FixedWidthInteger>(_ name: StaticString, _ value: inout T) {
    group(name) { if let new = exchange(value) { value = new } }
  }

  /// A number that must lie in `range`.
  public func visit<T: FixedWidthInteger>(_ name: StaticString, _ value: inout T, in range: ClosedRange<T>) {
    group(name) {
      guard let new = exchange(value) else { return }
      guard range.contains(new) else { return refuse("\(new) is not in \(range)") }
      value = new
    }
  }

  /// A cycle, or a length of time.
  public func visit(_ name: StaticString, cycle: inout Cycle) { visit(name, &cycle, in: 0...Self.latest) }

  /// A cycle, or one that never comes (`.never`, and the one before it: not known yet).
  public func visit(_ name: StaticString, due: inout Cycle) {
    group(name) {
      guard let new = exchange(due) else { return }
      guard new <= Self.latest || new >= .never - 1 else { return refuse("\(new) is no cycle") }
      due = new
    }
  }

  /// A cycle if there is one.
  public func visit(_ name: StaticString, due: inout Cycle?) {
    optional(name, &due, new: 0) { self.visit("value", due: &$0) }
  }

  public func visit(_ name: StaticString, _ value: inout Bool) {
    group(name) {
      guard let new = exchange(UInt8(value ? 1 : 0)) else { return }
      guard new <= 1 else { return refuse("\(new) is neither true nor false") }
      value = new != 0
    }
  }

  /// A value of an enumeration.
  public func visit<T: RawRepresentable>(_ name: StaticString, _ value: inout T) where T.RawValue: FixedWidthInteger {
    group(name) {
      guard let new = exchange(value.rawValue) else { return }
      guard let new = T(rawValue: new) else { return refuse("there is no value \(new)") }
      value = new
    }
  }

  // MARK: Some of one kind

  /// A value that may be missing; `new`: what the loaded one is put into.
  public func optional<V>(_ name: StaticString, _ value: inout V?, new: @autoclosure () -> V, _ body: (inout V) -> Void)
  {
    group(name) {
      var isThere = value != nil
      visit("isThere", &isThere)
      guard problem == nil else { return }
      guard isThere else {
        value = nil
        return
      }
      var present = value ?? new()
      body(&present)
      value = present
    }
  }

  public func visit<T: FixedWidthInteger>(_ name: StaticString, _ value: inout T?) {
    optional(name, &value, new: 0) { self.visit("value", &$0) }
  }

  public func visit<T: FixedWidthInteger>(_ name: StaticString, _ value: inout T?, in range: ClosedRange<T>) {
    optional(name, &value, new: range.lowerBound) { self.visit("value", &$0, in: range) }
  }

  public func visit(_ name: StaticString, _ value: inout Bool?) {
    optional(name, &value, new: false) { self.visit("value", &$0) }
  }

  /// A register write that waits for its clock edge.
  public func visit(_ name: StaticString, _ written: inout (offset: UInt32, value: UInt32)?) {
    optional(name, &written, new: (0, 0)) {
      self.visit("offset", &$0.offset)
      self.visit("value", &$0.value)
    }
  }

  /// A text of at most `most` bytes.
  public func visit(_ name: StaticString, _ text: inout String, most: Int = 4096) {
    var bytes = Array(text.utf8)
    visit(name, &bytes, most: most)
    if isLoading { text = String(decoding: bytes, as: UTF8.self) }
  }

  public func visit<T: FixedWidthInteger>(_ name: StaticString, _ pair: inout (T, T)) {
    group(name) {
      visit("0", &pair.0)
      visit("1", &pair.1)
    }
  }

  public func visit(_ name: StaticString, _ pair: inout (Bool, Bool)) {
    group(name) {
      visit("0", &pair.0)
      visit("1", &pair.1)
    }
  }

  public func visit(_ name: StaticString, _ words: inout (UInt64, UInt64, UInt64, UInt64)) {
    group(name) {
      visit("0", &words.0)
      visit("1", &words.1)
      visit("2", &words.2)
      visit("3", &words.3)
    }
  }

  public func visit<let count: Int, T: FixedWidthInteger>(_ name: StaticString, _ values: inout InlineArray<count, T>) {
    group(name) {
      for index in 0..<count { if let new = exchange(values[index]) { values[index] = new } }
    }
  }

  /// Some elements of one kind, at most `most`; `new`: what a loaded one is put into.
  public func elements<V>(
    _ name: StaticString, _ values: inout [V], most: Int, new: @autoclosure () -> V, _ body: (inout V) -> Void
  ) {
    group(name) {
      var count = values.count
      // An element has a byte at least.
      visit("count", &count, in: 0...(isLoading ? min(most, bytes.count - position) : .max))
      guard problem == nil else { return }
      if isLoading { values = (0..<count).map { _ in new() } }
      for index in values.indices {
        guard problem == nil else { return }
        body(&values[index])
      }
    }
  }

  /// Numbers, at most `most`.
  public func visit<T: FixedWidthInteger>(_ name: StaticString, _ values: inout [T], most: Int) {
    elements(name, &values, most: most, new: 0) { if let new = self.exchange($0) { $0 = new } }
  }

  /// Numbers whose count is fixed, each in `range`.
  public func visit<T: FixedWidthInteger>(
    _ name: StaticString, fixed values: inout [T], in range: ClosedRange<T> = T.min...T.max
  ) {
    group(name) { for index in values.indices { visit("element", &values[index], in: range) } }
  }

  // MARK: Parts

  public func visit<V: StateValue>(_ name: StaticString, _ value: inout V) {
    group(name) { visit(&value) }
  }

  private func visit<V: StateValue>(_ value: inout V) {
    scope {
      value.visitState(self)
      return value
    }
  }

  /// A value whose properties `body` visits, because it takes more than the archive to do so.
  public func parts<V>(of value: inout V, _ body: (inout V) -> Void) {
    scope {
      body(&value)
      return value
    }
  }

  public func visit<V: StateValue>(_ name: StaticString, _ pair: inout (V, V)) {
    group(name) {
      visit(&pair.0)
      visit(&pair.1)
    }
  }

  public func visit<V: StateValue>(_ name: StaticString, _ value: inout V?, new: @autoclosure () -> V) {
    optional(name, &value, new: new()) { self.visit(&$0) }
  }

  public func visit<V: StateValue>(_ name: StaticString, _ values: inout [V], most: Int, new: @autoclosure () -> V) {
    elements(name, &values, most: most, new: new()) { self.visit(&$0) }
  }

  /// Values whose count is fixed.
  public func visit<V: StateValue>(_ name: StaticString, fixed values: inout [V]) {
    group(name) { for index in values.indices { visit(&values[index]) } }
  }

  /// An object that is part of the machine: it stays, its state is replaced.
  public func visit(_ name: StaticString, _ object: any Stateful) {
    group(name) {
      let outer = layout
      layout = 0x811C_9DC5
      scope {
        object.visitState(self)
        return object
      }
      var digest = layout
      if let saved = exchange(digest), saved != digest {
        refuse("other properties than this version of pulpemu has")
        digest = saved
      }
      layout = outer
    }
  }

  /// Objects that are parts of the machine.
  public func visit(_ name: StaticString, objects: [any Stateful]) {
    note(name)
    for object in objects { visit(name, object) }
  }
}
