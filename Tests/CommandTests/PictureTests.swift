// `--timeline` and `--waves`: valid by their formats, and the same figures as the statistics.
//
// The VCD file is read by pyvcd (Tests/Tools/read_vcd.py); the timeline is held against the trace event format.

import Foundation
import TestSupport
import Testing

@Suite struct PictureTests {
  /// Runs `program`'s image with both pictures; its statistics, trace events and what pyvcd has read.
  private func draw(
    _ image: String, _ emulator: Emulator, _ options: [String] = [], waves: Bool = true
  ) throws -> (stats: [String: Any], events: [[String: Any]], waves: [String: [String: Any]], end: Int) {
    var arguments = ["run", "--stats", "s.json", "--timeline", "t.json"]
    if waves { arguments += ["--waves", "w.vcd"] }
    let outcome = try emulator.run(arguments + options + [image])
    #expect(outcome.status == 0, "\(outcome.errors)")
    var stats = try emulator.object("s.json")
    // Drawing changes nothing.
    #expect(try emulator.run(["run", "--stats", "p.json"] + [image]).status == 0)
    var plain = try emulator.object("p.json")
    for key in ["wallSeconds", "mips"] {
      stats[key] = nil
      plain[key] = nil
    }
    #expect(NSDictionary(dictionary: stats) == NSDictionary(dictionary: plain))
    let trace = try emulator.object("t.json")
    let events = try #require(trace["traceEvents"] as? [[String: Any]])
    guard waves else { return (stats, events, [:], 0) }
    let read = try run(
      Repository.python, [Repository.path("Tests/Tools/read_vcd.py"), emulator.path("w.vcd")])
    #expect(read.status == 0, "\(read.errors)")
    let object = try JSONSerialization.jsonObject(with: Data(read.output)) as? [String: Any]
    return (
      stats, events, object?["signals"] as? [String: [String: Any]] ?? [:], object?["end"] as? Int ?? 0
    )
  }

  private func cycles(_ value: Any?) -> Int { Int(((value as? Double ?? -1) * 1000).rounded()) }

  /// Checks every event against the format; returns the complete ones by track.
  private func check(_ events: [[String: Any]]) throws -> [String: [(name: String, start: Int, end: Int)]] {
    var processes: [Int: String] = [:]
    var threads: [Int: String] = [:]
    for event in events where event["ph"] as? String == "M" {
      let arguments = try #require(event["args"] as? [String: Any])
      let process = try #require(event["pid"] as? Int)
      switch event["name"] as? String {
      case "process_name": processes[process] = try #require(arguments["name"] as? String)
      case "thread_name": threads[event["tid"] as? Int ?? -1] = try #require(arguments["name"] as? String)
      case "process_sort_index", "thread_sort_index": #expect(arguments["sort_index"] is Int)
      default: Issue.record("unknown metadata \(event)")
      }
    }
    var tracks: [String: [(name: String, start: Int, end: Int)]] = [:]
    for event in events {
      let process = try #require(event["pid"] as? Int)
      #expect(processes[process] != nil)
      let name = try #require(event["name"] as? String)
      switch event["ph"] as? String {
      case "M": break
      case "X":
        let thread = try #require(threads[event["tid"] as? Int ?? -1])
        let start = cycles(event["ts"])
        let length = cycles(event["dur"])
        #expect(start >= 0 && length > 0)
        tracks["\(processes[process] ?? "")/\(thread)", default: []].append((name, start, start + length))
      case "i":
        let thread = try #require(event["tid"] as? Int)
        #expect(event["s"] as? String == "t" && threads[thread] != nil)
        tracks["instants/\(name)", default: []].append((name, cycles(event["ts"]), cycles(event["ts"])))
      case "C":
        let values = try #require(event["args"] as? [String: Double])
        for value in values.values { #expect(value >= 0 && value <= 100) }
      default: Issue.record("unknown event \(event)")
      }
    }
    // Viewers draw what overlaps on one track only if it nests.
    for (track, slices) in tracks where !track.hasPrefix("instants/") {
      var open: [Int] = []
      for slice in slices {
        while let last = open.last, last <= slice.start { open.removeLast() }
        if let last = open.last { #expect(slice.end <= last, "\(track): \(slice)") }
        open.append(slice.end)
      }
    }
    return tracks
  }

  @Test func `waves and timeline of a job and a sleep have the figures of the statistics`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(StatisticsFileTests.worker)
      let (stats, events, signals, end) = try draw(image, emulator)
      let tracks = try check(events)
      let host = try #require(stats["host"] as? [String: Any])
      let accelerator = try #require(stats["accelerator"] as? [String: Any])
      let running = (accelerator["busyCycles"] as? Int ?? 0) + (accelerator["stallCycles"] as? Int ?? 0)
      #expect(running > 0 && end == stats["cycles"] as? Int)

      func high(_ name: String) -> Int? { signals["pulpissimo." + name]?["high"] as? Int }
      #expect(high("reta.busy") == running)
      #expect((high("reta.queue_depth") ?? 0) >= running)
      #expect(high("core.asleep") == host["sleepCycles"] as? Int)
      let accesses = (host["mmio"] as? [[String: Any]] ?? []).reduce(0) {
        $0 + ($1["reads"] as? Int ?? 0) + ($1["writes"] as? Int ?? 0)
      }
      #expect(high("apb.penable") == accesses)
      #expect(high("reta.evt0") == 1 && high("soc_event.valid") == 1)
      let registers = signals["pulpissimo.apb.register"]?["texts"] as? [String] ?? []
      #expect(registers.contains("RETA.JOB12") && registers.contains("RETA.TRIGGER"))
      let descriptors = signals["pulpissimo.reta.descriptor"]?["texts"] as? [String] ?? []
      #expect(descriptors.contains("MAP 4x64"))

      let asleep = (tracks["Core/state"] ?? []).filter { $0.name == "asleep" }
      #expect(asleep.reduce(0) { $0 + $1.end - $1.start } == host["sleepCycles"] as? Int)
      let contexts = tracks["RETA/context 0"] ?? []
      let job = try #require(contexts.first { $0.name == "job 0 map" })
      #expect(job.end - job.start == running)
      #expect(tracks["RETA/descriptors"]?.map(\.name) == ["map 4x64"])
      #expect(tracks["instants/RETA done"]?.count == 1)

      let save = try emulator.text("w.gtkw")
      #expect(save.contains("[dumpfile] \"w.vcd\"") && save.contains("pulpissimo.reta.descriptor[223:0]"))
    }
  }

  @Test func `the timeline of a driver shows every job, descriptor, sleep, interrupt, handler and transfer`() throws {
    try Emulator.inFolder { emulator in
      let image = Repository.path("firmware/build/retnet-generate-queue.elf")
      let (stats, events, _, _) = try draw(image, emulator, waves: false)
      let tracks = try check(events)
      let host = try #require(stats["host"] as? [String: Any])
      let accelerator = try #require(stats["accelerator"] as? [String: Any])
      let jobs = ((tracks["RETA/context 0"] ?? []) + (tracks["RETA/context 1"] ?? []))
        .filter { !$0.name.hasSuffix(" waits") }
      #expect(jobs.count == accelerator["jobs"] as? Int)
      let perJob = try #require(accelerator["perJob"] as? [[String: Any]])
      let lengths = jobs.sorted { $0.start < $1.start }.map { [$0.start, $0.end - 1] }
      #expect(lengths == perJob.map { [$0["start"] as? Int ?? 0, $0["end"] as? Int ?? 0] })
      #expect(tracks["RETA/descriptors"]?.count == accelerator["descriptors"] as? Int)
      let state = tracks["Core/state"] ?? []
      let asleep = state.filter { $0.name == "asleep" }
      #expect(asleep.reduce(0) { $0 + $1.end - $1.start } == host["sleepCycles"] as? Int)
      let interrupts = host["interruptsTaken"] as? Int
      #expect(state.count { $0.name == "interrupt 26" } == interrupts)
      let calls = tracks["Core/functions"] ?? []
      #expect(calls.count { $0.name == "interrupt 26" } == interrupts)
      let functions = Set(calls.map(\.name))
      #expect(functions.isSuperset(of: ["_start", "main", "reta_submit", "generate", "irq_vector_26"]))
      let transfers = tracks["uDMA/UDMA_UART TX"] ?? []
      #expect(transfers.count >= 48)
      #expect(tracks["instants/RETA done"]?.count == accelerator["jobs"] as? Int)
    }
  }

  @Test func `a window of a run shows only what lies in it`() throws {
    try Emulator.inFolder { emulator in
      let image = Repository.path("firmware/build/retnet-generate-irq.elf")
      let options = ["--pictures-from", "100000", "--pictures-to", "120000"]
      let outcome = try emulator.run(["run", "--timeline", "t.json", "--waves", "w.vcd"] + options + [image])
      #expect(outcome.status == 0)
      let events = try #require(try emulator.object("t.json")["traceEvents"] as? [[String: Any]])
      let tracks = try check(events)
      #expect(!tracks.isEmpty)
      for (_, slices) in tracks {
        for slice in slices { #expect(slice.start < 120_000 && slice.end >= 100_000) }
      }
      let read = try run(
        Repository.python, [Repository.path("Tests/Tools/read_vcd.py"), emulator.path("w.vcd")])
      let object = try JSONSerialization.jsonObject(with: Data(read.output)) as? [String: Any]
      #expect(object?["end"] as? Int == 120_000)
      let busy = (object?["signals"] as? [String: [String: Any]])?["pulpissimo.reta.busy"]
      let rises = busy?["rises"] as? Int ?? 0
      let high = busy?["high"] as? Int ?? .max
      #expect(rises > 5 && high < 20_000)
    }
  }

  @Test func `what cannot be drawn is refused before anything runs`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(StatisticsFileTests.worker)
      for arguments in [
        ["--pictures-from", "5"], ["--timeline", "t.json", "--pictures-from", "9", "--pictures-to", "9"],
      ] {
        let outcome = try emulator.run(["run"] + arguments + [image])
        #expect(outcome.status == 64 && outcome.output.isEmpty, "\(arguments)")
      }
      #expect(try emulator.run("run", "--waves", "no/folder/w.vcd", image).status == 73)
      #expect(try emulator.run("overhead", "--timeline", "t.json", image, image).status == 64)
      #expect(!FileManager.default.fileExists(atPath: emulator.path("t.json")))
    }
  }
}
