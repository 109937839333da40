internal import ArgumentParser
internal import Models

/// What `atelier train` does without a model's name.
struct TrainResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume",
    abstract: "Resumes the training of a network or forest (the word `resume` may be left out).",
    usage: "atelier train --resume <run> [<options>]",
    discussion: """
      The settings are those of the run; the model is the same, to the bit, as without the interruption.

      Example:  atelier train --resume latest
      """)

  @Option(
    help: ArgumentHelp("The training to resume: \(ResumableRun.help).", valueName: "run"),
    completion: .file(extensions: ["safetensors"]))
  var resume: String?

  @OptionGroup var options: TrainOptions

  func validate() throws {
    if resume == nil { throw ValidationError("name a model (cnn, forest, tree, knn), or a run by --resume") }
  }

  func run() throws {
    guard let resume else { return }
    let run = try ResumableRun(resume, of: [.cnn, .forest])
    switch run.kind {
    case .forest: try TrainForestCommand.resume(run, options)
    default: try TrainCNNCommand.resume(run, options)
    }
  }
}
