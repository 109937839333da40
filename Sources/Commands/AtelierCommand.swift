public import ArgumentParser
internal import Cluster
internal import Compute
internal import Files
internal import Foundation
internal import Logging
internal import Models
internal import Text

/// The command line: `atelier <subcommand>`.
public struct AtelierCommand: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "atelier",
    abstract:
      "Trains image classifiers, with bit-identical results for any number of workers and threads on any processor.",
    discussion: """
      A first run, on Fashion-MNIST:   atelier quickstart
      A model for your own images:     atelier train forest --data my-images

      Results go to standard output, progress and logs to standard error. Ctrl-C (SIGINT), SIGTERM and a closed \
      terminal (SIGHUP) stop the command cleanly; a second signal, more than two seconds later, stops it at once.

      \(ExitStatus.documentation)
      """,
    version: atelierVersion,
    subcommands: [
      QuickstartCommand.self, TrainCommand.self, SweepCommand.self, RunsCommand.self, StatusCommand.self,
      ReportCommand.self,
      ExploreCommand.self, ExplainCommand.self, EvaluateCommand.self, ExportCommand.self,
      PredictCommand.self, DataCommand.self, WorkerCommand.self, LaunchCommand.self, KeysCommand.self,
      DoctorCommand.self, ManifestCommand.self, ProbeCommand.self,
      BenchmarkCommand.self, BenchmarkSampleCommand.self, BenchmarkSpeedCommand.self, VersionCommand.self,
    ])

  public init() {}

  /// Runs the command given by the arguments, then exits the process.
  public static func start() -> Never {
    StandardDescriptors.fillGaps()
    OpenFiles.raiseLimit()
    if SystemLimits.hasDescriptorsToSpare { OpenFiles.fillReserve() }
    Interruption.install()
    LoggingSystem.bootstrap { _ in StandardErrorLogHandler() }
    do {
      try SecretArguments.check()
      try ArgumentEncoding.check()
      var command = try parseAsRoot()
      try command.run()
      Foundation.exit(EXIT_SUCCESS)
    } catch {
      end(with: error)
    }
  }

  private static func end(with error: any Error) -> Never {
    if let status = ExitStatus.of(error) {
      let text = error is CancellationError ? Interruption.message : "Error: \(error)".printableLines
      StandardError.shared.showLive([])
      StandardError.shared.write(text)
      Foundation.exit(status)
    }
    // Errors thrown by ArgumentParser: help (a success, for standard output), wrong usage, or an unknown error.
    let code = exitCode(for: error)
    let text = fullMessage(for: error)
    if code.isSuccess {
      do { try StandardOutput.write(text) } catch { end(with: error) }
    } else if !text.isEmpty {
      StandardError.shared.write(text.printableLines)
    }
    Foundation.exit(code == .failure ? ExitStatus.software : code.rawValue)
  }
}
