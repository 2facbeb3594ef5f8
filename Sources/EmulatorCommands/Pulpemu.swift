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

  /// Runs the command line, and ends the process where it is in error.
  ///
  /// A command line that begins with a subcommand's name is parsed by that command alone, which is a fifth faster than by
  /// way of the root. If it cannot be, for whatever reason, the root parses all of it again: help and errors are its own.
  public static func start(_ arguments: [String]) {
    Console.openMissing()
    do {
      if let name = arguments.first,
        let subcommand = configuration.subcommands.first(where: { $0._commandName == name }),
        var command = try? subcommand.parseAsRoot(Array(arguments.dropFirst())), type(of: command) == subcommand
      {
        try command.run()
      } else {
        var command = try parseAsRoot(arguments)
        try command.run()
      }
      try Console.reporting { try Console.checkOutput() }
    } catch {
      exit(withError: error)
    }
  }
}
