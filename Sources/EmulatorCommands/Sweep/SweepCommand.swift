// `pulpemu sweep` and `pulpemu merge`: experiments over many machines, images and requests.

import ArgumentParser
import Foundation

/// Runs the jobs of an experiment.
struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Run an experiment: images, machine parameters and requests in every combination.",
    discussion: """
      The experiment (YAML) lists images, host styles, machine parameters and requests; every combination is a job. \
      Everything is checked before anything runs. Jobs run on all cores, a process each; results are JSON Lines with a \
      job id that is a digest of configuration, image and version. A sweep that was stopped goes on where it was.

      experiment.yaml:
        image: firmware/build/retnet-generate-{style}.elf
        styles: [poll, irq, queue, list]
        parameters:
          accelerator.macRows: [8, 16, 32]
          accelerator.ports: [2, 4]
        requests:
          - {prompt: 65, generate: 16, chunk: [1, 16, 64]}

      Examples:
        pulpemu sweep experiment.yaml -o results.jsonl
        pulpemu sweep experiment.yaml --shard 1/4 -o part-1.jsonl
        pulpemu merge part-*.jsonl -o results.jsonl

      Exit status: 0 if the firmware of every job ended with code 0, 1 if not; 65 if the experiment is impossible; 130 \
      interrupted (run the same command again to go on).
      """)

  @Argument(help: "The experiment.")
  var experiment: String

  @Option(name: [.short, .long], help: ArgumentHelp("The results, JSON Lines.", valueName: "FILE.jsonl"))
  var output: String?

  @Option(help: ArgumentHelp("Run only the I-th of N parts of the jobs.", valueName: "I/N"))
  var shard: String?

  @Option(help: ArgumentHelp("Jobs at a time; default: the number of cores.", valueName: "N"))
  var workers: Int?

  @Flag(help: "Print the jobs as JSON Lines and run nothing.")
  var list = false

  @Option(help: ArgumentHelp("Run this job alone; its result goes to standard output.", valueName: "ID"))
  var job: String?

  @Flag(help: "No progress on standard error.")
  var quiet = false

  func run() throws {
    var status: Int32 = 0
    try Console.reporting { status = try execute() }
    if status != 0 { throw ExitCode(status) }
  }

  private struct Listed: Encodable {
    let job: String
    let image: String
    let style: String?
    let parameters: [String: String]
    let request: SweepRequest?
  }

  private func execute() throws -> Int32 {
    let part = try shard.map(Self.shard)
    if let workers, workers < 1 { throw HostError.usage("--workers takes a number above 0") }
    let experiment = try Experiment(path: experiment)
    let jobs = experiment.jobs.enumerated()
      .filter { index, _ in part.map { index % $0.count == $0.index - 1 } ?? true }.map(\.element)
    if list {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      for job in jobs {
        let listed = Listed(
          job: job.id, image: job.image, style: job.style,
          parameters: Dictionary(job.parameters.map { ($0.path, $0.text) }, uniquingKeysWith: { $1 }),
          request: job.request)
        Console.output(String(decoding: try encoder.encode(listed), as: UTF8.self))
      }
      return 0
    }
    Interrupts.catchSignals()
    if let job {
      guard let found = jobs.first(where: { $0.id == job }) else {
        throw HostError.usage("\(self.experiment) has no job '\(job)': --list prints them")
      }
      try Console.outputFile(Data((try SweepResult(found, of: experiment).line() + "\n").utf8))
      return 0
    }
    guard let output else { throw HostError.usage("--output FILE.jsonl says where the results go") }
    guard case .file = OutputPlace(output) else {
      throw HostError.usage("-o takes a file: a sweep that was stopped goes on from what is in it")
    }
    try HostFiles.checkWritable(output)
    let outcome = try SweepRunner(
      experiment: experiment, jobs: jobs, output: output,
      workers: workers ?? ProcessInfo.processInfo.activeProcessorCount, isQuiet: quiet
    ).run()
    if outcome.interrupted {
      Console.error(
        "pulpemu: interrupted; \(outcome.done) of \(jobs.count) jobs are done: the same command goes on from there")
      return ExitStatus.interrupted
    }
    if outcome.failed > 0, !quiet {
      Console.error("pulpemu: the firmware of \(outcome.failed) of \(jobs.count) jobs did not end with code 0")
    }
    return outcome.failed > 0 ? 1 : 0
  }

  private static func shard(_ text: String) throws -> (index: Int, count: Int) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let index = parts[0], let count = parts[1], count > 0, (1...count).contains(index) else {
      throw HostError.usage("--shard takes I/N with I from 1 to N, not '\(text)'")
    }
    return (index, count)
  }
}

/// Puts results of a sweep together.
struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Put the results of a sweep's parts into one file.",
    discussion: """
      Writes the results of all files in order of their job ids, each once. The merged results of shards, of a sweep \
      on a cluster and of one on this computer are the same, byte for byte.

      Example:
        pulpemu merge part-*.jsonl -o results.jsonl

      Exit status: 65 if a line is no result, or if a job has two different ones.
      """)

  @Argument(help: "Files of results.")
  var files: [String]

  @Option(
    name: [.short, .long], help: ArgumentHelp("The merged results; - for standard output.", valueName: "FILE.jsonl"))
  var output = "-"

  func run() throws {
    try Console.reporting {
      var results = SweepLines()
      for file in files { try results.read(file) }
      try HostFiles.put(results.text, to: output)
    }
  }
}
