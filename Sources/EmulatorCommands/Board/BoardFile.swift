// Board files: YAML that says what is connected to the chip's pins.
//
//     name: mine
//     spi:  [{device: flash, chip-select: 0, file: image.bin, size: 32M}]
//     i2c:  [{device: eeprom, bus: 0, address: 0x50}, {device: thermometer, address: 0x48, celsius: 21.5}]
//     uart: {loopback: true}
//     gpio: {wires: [{from: 0-15, to: 16-31}], stimuli: [{cycle: 1000, pin: 3, level: 1}]}
//
// Every key is optional; one that means nothing is refused with file, line and reason (65). Files are named relative to
// the board file.

import Foundation
import PULPissimo
import Yams

/// Reads one board file.
struct BoardFile {
  let path: String

  /// The board and the files behind its devices.
  func read() throws -> BoardFiles {
    guard let text = String(bytes: try HostFiles.read(path), encoding: .utf8) else {
      throw HostError.data("\(path): not UTF-8 text")
    }
    var files = BoardFiles()
    files.description = .bare
    let root: Node?
    do { root = try Yams.compose(yaml: text) } catch { throw HostError.data("\(path):\(Self.line(of: error))") }
    guard let root else { return files }
    let top = try map(root, "the board", keys: ["name", "spi", "i2c", "uart", "gpio"])
    if let name = top["name"] { files.description.name = try string(name, "name") }
    for node in try list(top["spi"], "spi") { try readFlash(node, &files) }
    for node in try list(top["i2c"], "i2c") { try readI2C(node, &files) }
    if let uart = top["uart"] {
      let keys = try map(uart, "uart", keys: ["loopback"])
      if let loopback = keys["loopback"] { files.description.isUARTLoopedBack = try flag(loopback, "loopback") }
    }
    if let gpio = top["gpio"] { try readGPIO(gpio, &files) }
    return files
  }

  /// `LINE: reason` of an error of the YAML parser.
  private static func line(of error: any Error) -> String {
    switch error {
    case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
      YamlError.composer(_, let problem, let mark, _):
      return "\(mark.line): \(problem)"
    case YamlError.duplicatedKeysInMapping(let duplicates, let context):
      return
        "\(context.mark.line): twice the same key (\(duplicates.map(\.description).sorted().joined(separator: ", ")))"
    default: return " not YAML: \(error)"
    }
  }

  // MARK: Devices

  private func readFlash(_ node: Node, _ files: inout BoardFiles) throws {
    let keys = try map(
      node, "a device behind SPI",
      keys: [
        "device", "name", "chip-select", "file", "size", "page", "id", "program-cycles", "sector-erase-cycles",
        "block-erase-cycles", "chip-erase-cycles", "register-cycles",
      ])
    try check(keys["device"], node, oneOf: ["flash"])
    var flash = BoardDescription.Flash()
    if let name = keys["name"] { flash.name = try string(name, "name") }
    if let select = keys["chip-select"] { flash.chipSelect = Int(try number(select, "chip-select", 0...3)) }
    guard !files.description.flashes.contains(where: { $0.chipSelect == flash.chipSelect }) else {
      throw refusal(node, "chip select \(flash.chipSelect) is taken by another device")
    }
    if let size = keys["size"] { flash.configuration.size = Int(try power(size, "size", 4096...1 << 32)) }
    if let page = keys["page"] { flash.configuration.pageSize = Int(try power(page, "page", 16...4096)) }
    if let id = keys["id"] {
      flash.configuration.identification = try list(id, "id").map { UInt8(try number($0, "id", 0...255)) }
    }
    let most: ClosedRange<UInt64> = 0...1 << 62
    if let node = keys["program-cycles"] {
      flash.configuration.programCycles = try number(node, "program-cycles", most)
    }
    if let node = keys["sector-erase-cycles"] {
      flash.configuration.sectorEraseCycles = try number(node, "sector-erase-cycles", most)
    }
    if let node = keys["block-erase-cycles"] {
      flash.configuration.blockEraseCycles = try number(node, "block-erase-cycles", most)
    }
    if let node = keys["chip-erase-cycles"] {
      flash.configuration.chipEraseCycles = try number(node, "chip-erase-cycles", most)
    }
    if let node = keys["register-cycles"] {
      flash.configuration.registerCycles = try number(node, "register-cycles", most)
    }
    if let file = keys["file"] {
      let place = try resolved(file)
      flash.contents = try HostFiles.read(place)
      guard flash.contents.count <= flash.configuration.size else {
        throw refusal(
          file, "\(place) has \(flash.contents.count) bytes and does not fit the flash of \(flash.configuration.size)")
      }
      files.flashPaths[files.description.flashes.count] = place
    }
    files.description.flashes.append(flash)
  }

  private func readI2C(_ node: Node, _ files: inout BoardFiles) throws {
    let all: Set<String> = [
      "device", "name", "bus", "address", "size", "page", "address-bytes", "file", "write-cycles", "celsius",
      "readings",
    ]
    let keys = try map(node, "a device on I2C", keys: all)
    let device = try check(keys["device"], node, oneOf: ["eeprom", "thermometer"])
    let bus = try keys["bus"].map { Int(try number($0, "bus", 0...1)) } ?? 0
    let address = try keys["address"].map { UInt8(try number($0, "address", 0...127)) }
    let known: Set<String> =
      device == "eeprom"
      ? ["device", "name", "bus", "address", "size", "page", "address-bytes", "file", "write-cycles"]
      : ["device", "name", "bus", "address", "celsius", "readings"]
    for (key, value) in keys.sorted(by: { $0.key < $1.key }) where !known.contains(key) {
      throw refusal(value, "'\(key)' means nothing for device \(device)")
    }
    let taken = addresses(files.description, bus: bus)
    var own: Set<UInt8>
    if device == "eeprom" {
      let eeprom = try eeprom(keys, bus: bus, address: address ?? 0x50, &files)
      own = [eeprom.configuration.address]
      if eeprom.configuration.size > 1 << 16 { own.formUnion([eeprom.configuration.address ^ 4]) }
      files.description.eeproms.append(eeprom)
    } else {
      let thermometer = try thermometer(keys, bus: bus, address: address ?? 0x48)
      own = [thermometer.address]
      files.description.thermometers.append(thermometer)
    }
    if let clash = own.intersection(taken).min() {
      throw refusal(
        keys["address"] ?? node, "address 0x\(String(clash, radix: 16)) of bus \(bus) is taken by another device")
    }
  }

  /// The device addresses in use on a bus.
  private func addresses(_ board: BoardDescription, bus: Int) -> Set<UInt8> {
    var taken = Set(board.thermometers.filter { $0.bus == bus }.map(\.address))
    for eeprom in board.eeproms where eeprom.bus == bus {
      taken.insert(eeprom.configuration.address)
      if eeprom.configuration.size > 1 << 16 { taken.insert(eeprom.configuration.address ^ 4) }
    }
    return taken
  }

  private func eeprom(
    _ keys: [String: Node], bus: Int, address: UInt8, _ files: inout BoardFiles
  ) throws -> BoardDescription.EEPROM {
    var eeprom = BoardDescription.EEPROM(bus: bus)
    eeprom.configuration.address = address
    if let name = keys["name"] { eeprom.name = try string(name, "name") }
    if let size = keys["size"] { eeprom.configuration.size = Int(try power(size, "size", 128...128 << 10)) }
    if let page = keys["page"] { eeprom.configuration.pageSize = Int(try power(page, "page", 1...256)) }
    if let count = keys["address-bytes"] {
      eeprom.configuration.addressBytes = Int(try number(count, "address-bytes", 1...2))
      guard eeprom.configuration.addressBytes == 2 || eeprom.configuration.size <= 256 else {
        throw refusal(count, "one address byte reaches 256 bytes, not \(eeprom.configuration.size)")
      }
    }
    if let cycles = keys["write-cycles"] {
      eeprom.configuration.writeCycles = try number(cycles, "write-cycles", 0...1 << 62)
    }
    if let file = keys["file"] {
      let place = try resolved(file)
      eeprom.contents = try HostFiles.read(place)
      guard eeprom.contents.count <= eeprom.configuration.size else {
        throw refusal(
          file,
          "\(place) has \(eeprom.contents.count) bytes and does not fit the EEPROM of \(eeprom.configuration.size)")
      }
      files.eepromPaths[files.description.eeproms.count] = place
    }
    return eeprom
  }

  private func thermometer(
    _ keys: [String: Node], bus: Int, address: UInt8
  ) throws -> BoardDescription.Thermometer {
    var thermometer = BoardDescription.Thermometer(bus: bus)
    thermometer.address = address
    if let celsius = keys["celsius"] { thermometer.readings = [.init(from: 0, value: try temperature(celsius))] }
    if let readings = keys["readings"] {
      if let celsius = keys["celsius"] { throw refusal(celsius, "either celsius or readings, not both") }
      thermometer.readings = try list(readings, "readings").map { node in
        let keys = try map(node, "a reading", keys: ["cycle", "celsius"])
        guard let cycle = keys["cycle"], let celsius = keys["celsius"] else {
          throw refusal(node, "a reading needs cycle and celsius")
        }
        return .init(from: try number(cycle, "cycle", 0...1 << 62), value: try temperature(celsius))
      }.sorted { $0.from < $1.from }
      guard !thermometer.readings.isEmpty else { throw refusal(readings, "readings: at least one") }
    }
    return thermometer
  }

  private func temperature(_ node: Node) throws -> Int16 {
    guard let value = Double(try string(node, "celsius")), value >= -128, value < 128 else {
      throw refusal(node, "celsius takes a number from -128 to below 128")
    }
    return Int16((value * 256).rounded())
  }

  // MARK: Pins

  private func readGPIO(_ node: Node, _ files: inout BoardFiles) throws {
    let keys = try map(node, "gpio", keys: ["wires", "stimuli"])
    var driven: Set<Int> = []
    for node in try list(keys["wires"], "wires") {
      let ends = try map(node, "a wire", keys: ["from", "to"])
      guard let from = ends["from"], let to = ends["to"] else { throw refusal(node, "a wire needs from and to") }
      let (sources, targets) = (try pins(from), try pins(to))
      guard sources.count == targets.count else {
        throw refusal(node, "\(sources.count) pins cannot be wired to \(targets.count)")
      }
      for (source, target) in zip(sources, targets) {
        guard source != target else { throw refusal(node, "pin \(source) is wired to itself") }
        guard driven.insert(target).inserted else { throw refusal(node, "pin \(target) is driven twice") }
        files.description.wires.append(.init(from: source, to: target))
      }
    }
    for node in try list(keys["stimuli"], "stimuli") {
      let parts = try map(node, "a stimulus", keys: ["cycle", "pin", "level"])
      guard let cycle = parts["cycle"], let pin = parts["pin"], let level = parts["level"] else {
        throw refusal(node, "a stimulus needs cycle, pin and level")
      }
      let number = Int(try number(pin, "pin", 0...31))
      guard !driven.contains(number) else { throw refusal(pin, "pin \(number) is driven by a wire") }
      files.description.stimuli.append(
        .init(
          cycle: try self.number(cycle, "cycle", 0...1 << 62), pin: number,
          level: try self.number(level, "level", 0...1) == 1))
    }
  }

  /// `5` or `0-15`.
  private func pins(_ node: Node) throws -> [Int] {
    let parts = try string(node, "pins").split(separator: "-", omittingEmptySubsequences: false).map { Int($0) ?? -1 }
    guard let first = parts.first, let last = parts.last, parts.count <= 2, first >= 0, first <= last, last <= 31 else {
      throw refusal(node, "pins are 0 to 31, or a range such as 0-15")
    }
    return Array(first...last)
  }

  // MARK: Values

  private func refusal(_ node: Node, _ reason: String) -> HostError {
    .data("\(path):\(node.mark.map { "\($0.line):" } ?? "") \(reason)")
  }

  private func map(_ node: Node, _ what: String, keys known: Set<String>) throws -> [String: Node] {
    guard let mapping = node.mapping else {
      // An empty value is a mapping without keys.
      if node.scalar?.string.isEmpty == true { return [:] }
      throw refusal(node, "\(what) takes keys and values")
    }
    var result: [String: Node] = [:]
    for (key, value) in mapping {
      let name = key.scalar?.string ?? ""
      guard known.contains(name) else {
        throw refusal(key, "'\(name)' means nothing in \(what); known: \(known.sorted().joined(separator: ", "))")
      }
      result[name] = value
    }
    return result
  }

  private func list(_ node: Node?, _ what: String) throws -> [Node] {
    guard let node else { return [] }
    guard let sequence = node.sequence else {
      if node.scalar?.string.isEmpty == true { return [] }
      throw refusal(node, "\(what) takes a list")
    }
    return Array(sequence)
  }

  private func string(_ node: Node, _ what: String) throws -> String {
    guard let scalar = node.scalar else { throw refusal(node, "\(what) takes one value") }
    return scalar.string
  }

  private func flag(_ node: Node, _ what: String) throws -> Bool {
    switch try string(node, what) {
    case "true": return true
    case "false": return false
    default: throw refusal(node, "\(what) takes true or false")
    }
  }

  private func number(_ node: Node, _ what: String, _ range: ClosedRange<UInt64>) throws -> UInt64 {
    guard let value = Numbers.parse(try string(node, what)), range.contains(value) else {
      throw refusal(node, "\(what) takes a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  private func power(_ node: Node, _ what: String, _ range: ClosedRange<UInt64>) throws -> UInt64 {
    let value = try number(node, what, range)
    guard value.nonzeroBitCount == 1 else { throw refusal(node, "\(what) takes a power of two, not \(value)") }
    return value
  }

  @discardableResult
  private func check(_ value: Node?, _ node: Node, oneOf known: [String]) throws -> String {
    guard let value else {
      throw refusal(node, "which device? (device: \(known.joined(separator: " or ")))")
    }
    let name = try string(value, "device")
    guard known.contains(name) else {
      throw refusal(value, "no device '\(name)' here: \(known.joined(separator: " or "))")
    }
    return name
  }

  private func resolved(_ node: Node) throws -> String {
    let name = try string(node, "file")
    guard !name.isEmpty else { throw refusal(node, "file takes a name") }
    return URL(fileURLWithPath: name, relativeTo: URL(fileURLWithPath: path).deletingLastPathComponent()).path
  }
}
