internal import ArgumentParser
internal import Files
internal import Foundation
internal import Models
internal import Selection
internal import Text

struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Searches for the best parameters of a model.",
    discussion: """
      Scores all configurations (or a random sample, or by successive halving) by cross-validation on the training \
      images. The best one is fitted on all training images, evaluated once on the test set, and saved. One fit can \
      answer several configurations: a forest also gives the scores of all smaller and shallower ones, and one \
      neighbor search those of every number of neighbors.

      Results are saved in runs/ as they are computed: a sweep can be stopped or killed at any time, and continued \
      with --resume. The scores are the same for any number of workers.

      Example:  atelier sweep forest --trees 100,200,300 --max-depth 10,20,none --folds 3
      Example:  atelier sweep sweep.yaml --workers 2
      Example:  atelier sweep --resume latest
      """,
    subcommands: [SweepFileCommand.self] + ModelFamilies.all.map { $0.sweepCommand },
    defaultSubcommand: SweepFileCommand.self)
}

struct SweepFileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "file",
    abstract: "Runs the sweeps of a YAML file (the word `file` can be omitted).",
    usage: "atelier sweep <file> [<options>]",
    discussion: """
      A sweep file has these keys; all but model and space are optional:

        model: forest          # \(ModelKind.allCases.map(\.rawValue).joined(separator: ", "))
        space:                 # or a list of spaces
          trees: [100, 200, 300]
          max-depth: [10, 20, none]
        data: fashion-mnist    # or a folder or file
        size: 64               # and fit, color, test, damaged and other options
                               # of data sets, by their names
        folds: 3               # or hold-out: 0.2
        strategy: grid         # or random, with samples: 20; or halving, with
                               # resource: epochs (trees, images), max-resource: 9
        scoring: accuracy      # or balanced_accuracy, f1_macro, neg_log_loss
        images: 10000          # search on fewer training images
        seed: 0
        refit: true

      Lines of --- separate several sweeps in one file.

      In a random search, a parameter can be a range:

        learning-rate: {low: 0.01, high: 1, log: true}

      Integer parameters are sampled as integers, others as real numbers.

      Options take precedence over the file, for each of its sweeps.

      Example:  atelier sweep deploy/examples/forest.yaml
      """)

  @Argument(help: "Sweep file (YAML).", completion: .file(extensions: ["yaml", "yml"]))
  var file: String?

  @Option(help: ArgumentHelp("Number of the first sweep of the file to run, from 1 (default: 1).", valueName: "n"))
  var from: Int?

  @OptionGroup var search: SearchOptions
  @OptionGroup var common: SweepCommonOptions

  func validate() throws {
    if let from, from < 1 { throw ValidationError("--from must be at least 1, not \(from)") }
    if file == nil, common.resume == nil {
      let models = ModelKind.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("specify a sweep file, a model (\(models)), or a run with --resume")
    }
    if file != nil, common.resume != nil {
      throw ValidationError("--resume takes the search from the run; leave out the file")
    }
    if common.resume != nil { try SearchOptions.checkResume(search.given) }
    if from != nil, file == nil {
      throw ValidationError("--from requires a sweep file, and cannot be combined with --resume")
    }
    try DistinctFiles.check([
      "the sweep file": file, "--json": common.json.json, "--events": common.cluster.events,
    ])
  }

  func run() throws {
    guard let file else { return try common.run([]) }
    let text: String
    do throws(FileError) { text = try TextFile.read(file) } catch {
      guard case .unreadable(_, let reason) = error, let model = file.nearest(among: ModelKind.allCases.map(\.rawValue))
      else { throw error }
      throw FileError.unreadable(path: file, reason: "\(reason); for the model \(model), use `atelier sweep \(model)`")
    }
    let definitions = try SweepDefinition.read(yaml: text, path: file, overrides: search.overrides)
    let from = from ?? 1
    guard from <= definitions.count else {
      throw SweepError("invalid value \(from) for --from: \(file) has \(counted(definitions.count, "sweep"))")
    }
    try common.run(Array(definitions[(from - 1)...])) { first in
      "atelier sweep \(file.shellWord) --from \(from + first)\(search.arguments)"
    }
  }
}
