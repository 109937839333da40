internal import ArgumentParser
internal import Foundation
internal import Models
internal import Selection

struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Searches for the best parameters.",
    discussion: """
      Every combination (or some, drawn at random or by successive halving) is judged by cross-validation on the training \
      images; the best is fitted on all of them, judged once by the test images, and saved. What one computation can answer \
      is asked once: a forest answers for all smaller and shallower ones, a search for neighbors for all numbers of them.

      The search is kept in runs/: it can be stopped, or killed, at any moment, and goes on with --resume. The table is the \
      same on any number of workers.

      Example:  atelier sweep forest --trees 100,200,300 --max-depth 10,20,none --folds 3
      Example:  atelier sweep sweep.yaml --workers 2
      Example:  atelier sweep --resume latest
      """,
    subcommands: [
      SweepFileCommand.self, SweepForestCommand.self, SweepTreeCommand.self, SweepKNNCommand.self,
      SweepCNNCommand.self,
    ], defaultSubcommand: SweepFileCommand.self)
}

struct SweepFileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "file",
    abstract: "Runs the searches of a YAML file (the word `file` may be left out).",
    usage: "atelier sweep <file> [<options>]",
    discussion: """
      A file has these lines; all but model and space may be missing:

        model: forest          # cnn, forest, tree, knn
        space:                 # or a list of spaces
          trees: [100, 200, 300]
          max-depth: [10, 20, none]
        data: fashion-mnist    # or a folder
        folds: 3               # or hold-out: 0.2
        strategy: grid         # or random, with samples: 20; or halving, with
                               # resource: epochs (trees, images), max-resource: 9
        scoring: accuracy      # balanced_accuracy, f1_macro, neg_log_loss
        images: 10000          # search on fewer training images
        seed: 0
        refit: true

      Several sweeps in one file have lines of --- between them.

      For random searches a parameter can be a range:

        learning-rate: {low: 0.01, high: 1, log: true}

      It holds whole numbers if the parameter is one, and any numbers else.

      Options win over what the file says, for each of its sweeps.

      Example:  atelier sweep deploy/examples/forest.yaml
      """)

  @Argument(help: "The sweep's file.", completion: .file(extensions: ["yaml", "yml"]))
  var file: String?

  @Option(help: ArgumentHelp("Begin with this sweep of a file that has several (default: 1).", valueName: "n"))
  var from: Int?

  @OptionGroup var search: SearchOptions
  @OptionGroup var common: SweepCommonOptions

  func validate() throws {
    if let from, from < 1 { throw ValidationError("--from must be 1 or more") }
    if file == nil, common.resume == nil {
      throw ValidationError("name a sweep file, a model (cnn, forest, tree, knn), or a run by --resume")
    }
    if file != nil, common.resume != nil {
      throw ValidationError("--resume takes what is searched from the run; leave the file out")
    }
    if common.resume != nil { try SearchOptions.checkResume(search.given) }
    if from != nil, file == nil { throw ValidationError("--from belongs to a sweep file, and not to --resume") }
    try DistinctFiles.check([
      "the sweep's file": file, "--json": common.json.json, "--events": common.cluster.events,
    ])
  }

  func run() throws {
    guard let file else { return try common.run([]) }
    guard let bytes = FileManager.default.contents(atPath: file) else {
      throw FileError.unreadable(path: file, reason: String(cString: strerror(errno)))
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw FileError.damaged(path: file, reason: "it is not a text in UTF-8")
    }
    let definitions = try SweepDefinition.read(yaml: text, path: file, overrides: search.overrides)
    let from = from ?? 1
    guard from <= definitions.count else {
      throw SweepError("\(file) has \(definitions.count) sweeps; --from \(from) is none of them")
    }
    try common.run(Array(definitions[(from - 1)...])) { first in
      "atelier sweep \(TrainingRun.shellWord(file)) --from \(from + first)\(search.arguments)"
    }
  }
}
