internal import ArgumentParser
internal import Models
internal import Pipeline
internal import Text

/// The command that `atelier train` runs if no model is given.
struct TrainResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume",
    abstract: "Resumes an unfinished training (the word `resume` can be omitted).",
    usage: "atelier train <model> [<options>]\n       atelier train --resume <run> [<options>]",
    discussion: """
      The settings come from the run; the model is bit-identical to that of an uninterrupted training.

      Example:  atelier train --resume latest
      """)

  @Option(
    help: ArgumentHelp("Training to resume: \(ResumableRun.help).", valueName: "run"),
    completion: .file(extensions: ["safetensors"]))
  var resume: String?

  @OptionGroup var options: TrainOptions

  /// A word that is not the name of a subcommand.
  @Argument(help: .hidden)
  var unknown: String?

  func validate() throws {
    let models = ModelKind.allCases.map(\.rawValue).joined(separator: ", ")
    if let unknown {
      let guess = unknown.nearest(among: ModelKind.allCases.map(\.rawValue)).map { "did you mean \($0)? " } ?? ""
      throw ValidationError(
        resume == nil
          ? "unknown model \(unknown.debugDescription); \(guess)expected one of \(models), or --resume and a run"
          : "unexpected argument \(unknown.debugDescription)")
    }
    if resume == nil { throw ValidationError("specify a model (\(models)), or a run with --resume") }
  }

  func run() throws {
    guard let resume, try !options.workForLaunchedJob() else { return }
    let kinds = ModelFamilies.all.filter { $0.isResumable }.map { $0.kind }
    try ResumableRun(resume, of: kinds).resume(options)
  }
}
