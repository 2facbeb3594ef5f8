// What the checker knows about the program: where its objects, functions, instructions and constants lie.

import HardwareModel

/// A program's layout, as its ELF file tells it.
public struct ProgramMap: Sendable {
  /// A sized symbol.
  public struct Object: Sendable {
    public let name: String
    public let range: Range<UInt64>

    public init(name: String, range: Range<UInt64>) {
      self.name = name
      self.range = range
    }
  }

  private let objects: Ranges
  private let functions: Ranges
  /// Where the C library's string functions lie: they read whole words and look at bytes behind the end.
  let stringFunctions: [Range<UInt64>]
  /// Executable sections.
  let code: [Range<UInt64>]
  /// Sections that are neither writable nor executable.
  let constants: [Range<UInt64>]
  /// Bytes that the file gives a value.
  let initialised: [Range<UInt64>]
  /// Bytes that a stack must not grow into.
  let occupied: [Range<UInt64>]
  /// True if the program contains FENCE.I: it knows that it changes code.
  let changesCode: Bool

  public init(
    objects: [Object], functions: [Object], code: [Range<UInt64>], constants: [Range<UInt64>],
    initialised: [Range<UInt64>], changesCode: Bool
  ) {
    self.objects = Ranges(objects)
    self.functions = Ranges(functions)
    stringFunctions = functions.filter { Self.stringNames.contains($0.name) }.map(\.range)
    self.code = code
    self.constants = constants
    self.initialised = initialised
    occupied = (initialised + (objects + functions).map(\.range)).filter { !$0.isEmpty }
    self.changesCode = changesCode
  }

  /// The variable that `address` lies in.
  func object(at address: Address) -> Object? { objects[UInt64(address)] }
  /// The function that `address` lies in.
  func function(at address: Address) -> Object? { functions[UInt64(address)] }

  /// `buffer+0x10`, or the address where no symbol reaches.
  func describe(_ address: Address) -> String {
    guard let object = object(at: address) ?? function(at: address) else { return hexadecimal(address) }
    let offset = UInt64(address) - object.range.lowerBound
    return offset == 0 ? object.name : object.name + "+0x" + String(offset, radix: 16)
  }

  /// The end of what lies under a stack whose pointer is `sp`; a stack inside a variable ends where the variable begins.
  func floor(ofStack sp: Address) -> UInt64 {
    let place = UInt64(sp)
    if let object = objects[place &- 1] { return object.range.lowerBound }
    return occupied.reduce(0) { $1.upperBound <= place ? max($0, $1.upperBound) : $0 }
  }

  private static let stringNames: Set<String> = [
    "strlen", "strnlen", "strcmp", "strncmp", "strcpy", "strncpy", "strcat", "strncat", "strchr", "strrchr", "strstr",
    "memcmp", "memchr", "memrchr", "memcpy", "memmove", "memset", "stpcpy", "strcspn", "strspn", "strdup",
  ]

  /// Sorted ranges, the first of nested ones wins.
  private struct Ranges {
    var all: [Object] = []

    init(_ objects: [Object]) {
      for object in objects.sorted(by: {
        ($0.range.lowerBound, $1.range.upperBound) < ($1.range.lowerBound, $0.range.upperBound)
      })
      where object.range.lowerBound >= all.last?.range.upperBound ?? 0 && !object.range.isEmpty { all.append(object) }
    }

    subscript(address: UInt64) -> Object? {
      var low = 0
      var high = all.count
      while low < high {
        let middle = (low + high) / 2
        if all[middle].range.lowerBound <= address { low = middle + 1 } else { high = middle }
      }
      guard low > 0, all[low - 1].range.contains(address) else { return nil }
      return all[low - 1]
    }
  }
}

/// `0x1C010000`.
func hexadecimal(_ value: UInt32) -> String {
  let digits = String(value, radix: 16, uppercase: true)
  return "0x" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
}
