// Options that draw a run: a timeline for Perfetto, waves for GTKWave.

import ArgumentParser
import FirmwareImage
import Foundation
import Instrumentation
import PULPissimo

/// `--timeline`, `--waves` and the part of the run that they show.
struct PictureOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Write a timeline that ui.perfetto.dev and chrome://tracing open.", valueName: "FILE.json"))
  var timeline: String?

  @Option(
    help: ArgumentHelp(
      "Write waves as VCD, and beside them a GTKWave save file (FILE.gtkw). 1 ns is a SoC cycle.", valueName: "FILE.vcd"
    ))
  var waves: String?

  @Option(name: .customLong("pictures-from"), help: ArgumentHelp("Draw from this SoC cycle on.", valueName: "CYCLE"))
  var from: UInt64?

  @Option(
    name: .customLong("pictures-to"), help: ArgumentHelp("Draw up to this SoC cycle, excluded.", valueName: "CYCLE"))
  var to: UInt64?

  /// Refuses what cannot be drawn before anything runs.
  func check() throws {
    if timeline == nil, waves == nil, from != nil || to != nil {
      throw HostError.usage("--pictures-from and --pictures-to need --timeline or --waves")
    }
    if let from, let to, from >= to { throw HostError.usage("--pictures-to must lie behind --pictures-from") }
    for path in [timeline, waves].compactMap({ $0 }) { try HostFiles.checkWritable(path) }
  }

  /// Attaches what draws to a session that has not run yet.
  func attach(to session: Session) -> Pictures {
    let pictures = Pictures()
    let place = { [image = session.image] address in image.place(of: address) }
    if timeline != nil {
      var options = TimelineOptions()
      options.from = from ?? 0
      options.to = to ?? .max
      pictures.timeline = TimelineRecorder(session.machine, session.recorder, options, place: place)
    }
    if waves != nil {
      pictures.waves = WaveRecorder(
        session.machine, session.recorder, from: from ?? 0, to: to ?? .max, place: place)
    }
    return pictures
  }

  /// Writes the files of a run that has ended.
  func write(_ pictures: Pictures, _ session: Session, _ end: RunEnd) throws {
    if let timeline, let recorder = pictures.timeline {
      let file = try OutputFile(timeline)
      var metadata = [
        ("firmware", session.image.path), ("unit", "1 ns is one SoC cycle"), ("end", end.reason.rawValue),
      ]
      if recorder.result.droppedSlices > 0 {
        metadata.append(("function slices left out", "\(recorder.result.droppedSlices)"))
      }
      try file.close(isComplete: recorder.result.writeTraceEvents(metadata, to: file.write))
    }
    if let waves, let recorder = pictures.waves {
      let file = try OutputFile(waves)
      let comment = "pulpemu, \(session.image.path); 1 ns is one SoC cycle"
      try file.close(isComplete: recorder.write(until: end.cycles, comment: comment, to: file.write))
      guard waves != "-" else { return }
      let stem = waves.hasSuffix(".vcd") ? String(waves.dropLast(4)) : waves
      let name = (waves as NSString).lastPathComponent
      try HostFiles.put(recorder.file.saveFile(dump: name, until: end.cycles), to: stem + ".gtkw")
      if recorder.file.isFull {
        Console.error("pulpemu: \(waves): too many changes, the end is missing: use --pictures-from and --pictures-to")
      }
    }
  }
}

/// What draws a run.
final class Pictures {
  var timeline: TimelineRecorder?
  var waves: WaveRecorder?
}

extension FirmwareImage {
  /// The function or label of `address`, and how far it reaches. What lies between two of them counts as one.
  func place(of address: UInt32) -> FunctionPlace {
    if address >= MemoryMap.rom, address < MemoryMap.romEnd {
      return FunctionPlace(name: "boot ROM", range: UInt64(MemoryMap.rom)..<UInt64(MemoryMap.romEnd))
    }
    let (symbol, range) = symbols.extent(at: address)
    return FunctionPlace(name: symbol?.name ?? "[no symbol]", range: range)
  }
}
