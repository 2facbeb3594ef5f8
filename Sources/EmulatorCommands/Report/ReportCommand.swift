// `pulpemu report`: one page that shows a comparison of firmware images.

import ArgumentParser
import Foundation
import Instrumentation
import PULPissimo

/// Runs images and writes a self-contained HTML page about them.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write a page that compares firmware images.",
    discussion: """
      Runs each image as `pulpemu overhead` does and writes one HTML file that needs neither a network nor a server: \
      comparison, timelines that zoom, histograms of latencies, the accelerator's roofline, energy, and tables that sort.

      Examples:
        pulpemu report firmware/build/retnet-generate-*.elf -o report.html
        pulpemu report --title "Array of 8 x 8" --set accelerator.macRows=8 \\
          --set accelerator.macColumns=8 program.elf -o small.html

      Exit status: 0 if every image ended itself with code 0, else that of the first that did not, as `pulpemu run`.
      """)

  @Argument(help: "The ELF files.")
  var firmware: [String]

  @Option(name: [.short, .long], help: ArgumentHelp("The page.", valueName: "FILE.html"))
  var output: String

  @Option(help: "The page's title.")
  var title = "What the accelerator costs its host"

  @OptionGroup(title: "Machine") var machine: MachineOptions
  @OptionGroup(title: "Board") var board: BoardOptions

  @OptionGroup(title: "Measurement") var measurement: MeasurementOptions

  @Option(help: ArgumentHelp("Write statistics as JSON; - for standard output.", valueName: "FILE"))
  var stats: String?

  @Flag(help: "No remarks on standard error.")
  var quiet = false

  func run() throws {
    var status: Int32 = 0
    try Console.reporting { status = try execute() }
    if status != 0 { throw ExitCode(status) }
  }

  private func execute() throws -> Int32 {
    let measurements = try measurement.measurements(of: firmware, machine, board, isQuiet: quiet)
    for path in [output, stats].compactMap({ $0 }) where path != "-" { try HostFiles.checkWritable(path) }
    Interrupts.catchSignals()
    let names = OverheadColumn.shortNames(firmware.map(OverheadCommand.name))
    var images: [ReportImage] = []
    var status: Int32 = 0
    for (index, measurement) in measurements.enumerated() {
      var recorder: TimelineRecorder?
      var options = TimelineOptions()
      options.mostFunctionSlices = ReportTimeline.mostRecordedFunctions
      let (session, end, statistics) = try measurement.run { session in
        recorder = TimelineRecorder(
          session.machine, session.recorder, options, place: { session.image.place(of: $0) })
      }
      if !quiet { Console.error(session.lastLine(end)) }
      if status == 0 { status = Session.status(end) }
      images.append(
        ReportImage(
          name: names[index], statistics: statistics, timeline: recorder.map { ReportTimeline($0.result) }))
      if Interrupts.isRaised { break }
    }
    let configuration = measurements.first?.configuration ?? MachineConfiguration()
    let page = try ReportPage(title: title, images: images, configuration: configuration).html()
    try HostFiles.put(page, to: output)
    if let stats { try StatisticsFile.write(images.map(\.statistics), to: stats) }
    return status
  }
}
