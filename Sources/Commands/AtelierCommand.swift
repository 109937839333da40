public import ArgumentParser

/// The command line: `atelier <subcommand>`.
public struct AtelierCommand: ParsableCommand {
  public static let configuration = CommandConfiguration(commandName: "atelier")
  public init() {}
}
