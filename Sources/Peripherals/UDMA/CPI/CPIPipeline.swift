// What runs on the camera's clock: start of frame, window, frame dropping, and the way from two samples to a datum.
//
// The clocked processes of `camera_if.sv` (udma_camera v2.0.0), one edge of the sensor's clock a call.

import HardwareModel

/// The registers as the pixel clock's side sees them.
struct CPISettings {
  var global: UInt32
  var lowerLeft: UInt32
  var upperRight: UInt32
  var size: UInt32
  var filter: UInt32
  var dataMask: UInt16
  /// Format 6 makes a datum of two 10-bit samples.
  var hasWideBypass: Bool

  var isEnabled: Bool { global >> 31 != 0 }
  var dropsFrames: Bool { global & 1 != 0 }
  var dropCount: UInt8 { UInt8(global >> 1 & 0x3F) }
  var hasWindow: Bool { global >> 7 & 1 != 0 }
  var format: UInt32 { global >> 8 & 7 }
  var shift: UInt32 { global >> 11 & 0xF }

  func isInWindow(column: UInt16, row: UInt16) -> Bool {
    row >= UInt16(lowerLeft >> 16) && row <= UInt16(upperRight >> 16)
      && column >= UInt16(truncatingIfNeeded: lowerLeft) && column <= UInt16(truncatingIfNeeded: upperRight)
  }
}

/// The flip-flops on the camera's clock.
struct CPIPipeline: Equatable {
  /// The two synchroniser stages of the enable.
  private var enable: UInt8 = 0
  private var vsync = false
  /// Lines are taken in: set at a start of frame with the interface on.
  private(set) var isActive = false
  /// The next sample is the first of a pair.
  private var isFirstSample = true
  private var firstSample: UInt16 = 0
  private var row: UInt16 = 0
  private var column: UInt16 = 0
  private var frames: UInt8 = 0
  // Colour -> filtered value -> datum; the bypass formats skip the filter.
  private var colour: UInt32 = 0
  private var hasColour = false
  private var filtered: UInt32 = 0
  private var hasFiltered = false
  private var bypass: UInt32 = 0
  private var hasBypass = false
  private var datum: UInt32 = 0
  private var hasDatum = false

  /// The datum offered to the FIFO.
  var output: UInt32? { hasDatum ? datum : nil }

  /// True if an edge of the clock with these levels changes nothing.
  func isSettled(isEnabled: Bool, vsync level: Bool, hsync: Bool) -> Bool {
    enable == (isEnabled ? 3 : 0) && (!isEnabled || vsync == level) && (isEnabled || !isActive)
      && !hasColour && !hasFiltered && !hasBypass && !hasDatum && (isActive && hsync ? false : isFirstSample)
  }

  mutating func clock(_ settings: CPISettings, vsync level: Bool, hsync: Bool, data pins: UInt16) {
    let data = pins & settings.dataMask
    let old = self
    let isEnableSeen = old.enable & 2 != 0
    let isStart = !old.vsync && level
    let isKept =
      old.frames == 0 && old.isActive
      && (!settings.hasWindow || settings.isInWindow(column: old.column, row: old.row))

    if hsync, isKept, !old.isFirstSample {
      if settings.format & 4 == 0 {
        colour = Self.colour(settings.format, old.firstSample, data)
        hasColour = true
      } else {
        bypass = Self.bypass(settings, old.firstSample, data)
        hasBypass = true
      }
    } else {
      hasColour = false
      hasBypass = false
    }
    if old.hasColour { filtered = Self.filtered(old.colour, settings.filter) }
    hasFiltered = old.hasColour
    hasDatum = old.hasFiltered || old.hasBypass
    if hasDatum { datum = old.hasFiltered ? Self.shifted(old.filtered, settings.shift) : old.bypass }

    if isEnableSeen { vsync = level }
    enable = (old.enable << 1 | (settings.isEnabled ? 1 : 0)) & 3
    isFirstSample = !old.isActive || !hsync || !old.isFirstSample
    if isStart || !isEnableSeen {
      row = 0
      column = 0
      isActive = isEnableSeen
    } else if hsync, old.isActive {
      if old.isFirstSample {
        firstSample = data
      } else if settings.hasWindow {
        if old.column == UInt16(settings.size >> 16) {
          column = 0
          row = old.row &+ 1
        } else {
          column = old.column &+ 1
        }
      }
    }
    if isStart, old.isActive {
      frames = settings.dropsFrames && old.frames != settings.dropCount ? (old.frames &+ 1) & 0x3F : 0
    }
  }

  /// Red, green and blue in bytes 2, 1 and 0.
  private static func colour(_ format: UInt32, _ first: UInt16, _ second: UInt16) -> UInt32 {
    let (a, b) = (UInt32(first), UInt32(second))
    switch format {
    case 0: return (a & 0xF8) << 16 | ((a & 7) << 5 | (b >> 5 & 7) << 2) << 8 | (b & 0x1F) << 3
    case 1: return (a >> 2 & 0x1F) << 19 | ((a & 3) << 6 | (b >> 5 & 7) << 3) << 8 | (b & 0x1F) << 3
    case 2: return (a & 0xF) << 20 | (b >> 4 & 0xF) << 12 | (b & 0xF) << 4
    default: return 0
    }
  }

  private static func bypass(_ settings: CPISettings, _ first: UInt16, _ second: UInt16) -> UInt32 {
    let (a, b) = (UInt32(first), UInt32(second))
    switch settings.format {
    case 5: return (b & 0xFF) << 8 | a & 0xFF
    case 6 where settings.hasWideBypass: return a << 16 | b
    case 4: return (a & 0xFF) << 8 | b & 0xFF
    // v1.1.2 has no default in its case statement: zero.
    default: return settings.hasWideBypass ? (a & 0xFF) << 8 | b & 0xFF : 0
    }
  }

  private static func filtered(_ colour: UInt32, _ weights: UInt32) -> UInt32 {
    (colour >> 16 & 0xFF) &* (weights >> 16 & 0xFF) &+ (colour >> 8 & 0xFF) &* (weights >> 8 & 0xFF)
      &+ (colour & 0xFF) &* (weights & 0xFF)
  }

  private static func shifted(_ value: UInt32, _ shift: UInt32) -> UInt32 {
    (1...9).contains(shift) ? value >> shift & 0xFFFF : value & 0xFFFF
  }
}

extension CPIPipeline: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("enable", &enable, in: 0...3)
    archive.visit("vsync", &vsync)
    archive.visit("isActive", &isActive)
    archive.visit("isFirstSample", &isFirstSample)
    archive.visit("firstSample", &firstSample)
    archive.visit("row", &row)
    archive.visit("column", &column)
    archive.visit("frames", &frames, in: 0...0x3F)
    archive.visit("colour", &colour)
    archive.visit("hasColour", &hasColour)
    archive.visit("filtered", &filtered)
    archive.visit("hasFiltered", &hasFiltered)
    archive.visit("bypass", &bypass)
    archive.visit("hasBypass", &hasBypass)
    archive.visit("datum", &datum)
    archive.visit("hasDatum", &hasDatum)
  }
}
