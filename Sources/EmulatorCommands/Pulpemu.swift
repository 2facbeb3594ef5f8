// The command line's root.

import ArgumentParser

/// `pulpemu`.
public struct Pulpemu: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "pulpemu",
    abstract: "An emulator of the PULPissimo microcontroller with a retention accelerator (RETA).",
    discussion: """
      Examples:
        pulpemu demo                            generate text with the shipped RetNet
        pulpemu run firmware/build/hello.elf    run a firmware image
        pulpemu overhead firmware/build/*.elf   what the accelerator costs its host
        pulpemu registers --block RETA          the accelerator's registers
      """,
    version: "0.1.0",
    subcommands: [
      RunCommand.self, DebugCommand.self, CheckCommand.self, DemoCommand.self, OverheadCommand.self, ReportCommand.self,
      SweepCommand.self,
      CampaignCommand.self,
      MergeCommand.self, InfoCommand.self, FlashImageCommand.self,
      RegistersCommand.self,
      ParametersCommand.self, VectorsCommand.self, ReplayCommand.self,
    ])

  public init() {}

  /// Runs the command that the process's arguments name, and ends the process.
  public static func start() -> Never {
    Console.openMissing()
    do {
      var command = try parseAsRoot()
      try command.run()
      try Console.reporting { try Console.checkOutput() }
    } catch {
      exit(withError: error)
    }
    exit()
  }
}
