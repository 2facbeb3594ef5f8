// The parts of a board file about serial memories and sensors: behind the SPI master and on the I2C buses.

import PULPissimo
import Yams

extension BoardFile {
  func readFlash(_ node: Node, _ files: inout BoardFiles) throws {
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

  func readI2C(_ node: Node, _ files: inout BoardFiles) throws {
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
}
