internal import ArgumentParser
internal import Evaluation
internal import Selection

extension ScoreMetric: ExpressibleByArgument {}
extension SuccessiveHalving.Resource: ExpressibleByArgument {}

/// Options for the search strategy and scoring. They take precedence over the settings in a sweep file.
struct SearchOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Number of folds for cross-validation (default: 3).", valueName: "n"))
  var folds: Int?

  @Option(
    help: ArgumentHelp(
      "Fraction of each class used as the hold-out set, instead of cross-validation.", valueName: "fraction")
  )
  var holdOut: Double?

  @Option(help: ArgumentHelp("Number of configurations to sample at random, instead of searching all.", valueName: "n"))
  var samples: Int?

  @Option(
    help: ArgumentHelp(
      """
      Successive halving by this resource (\(SuccessiveHalving.Resource.listed)): the best configurations get more \
      of it.
      """,
      valueName: "resource"))
  var halving: SuccessiveHalving.Resource?

  @Option(
    help: ArgumentHelp(
      "With --halving: one of N configurations is promoted to the next rung (default: 3).", valueName: "n"))
  var factor: Int?

  @Option(
    help: ArgumentHelp(
      """
      With --halving: minimum resource of the first rung (default: 1; of images, \
      \(SuccessiveHalving.leastImagesPerClass) of each class).
      """, valueName: "n"))
  var minResource: Int?

  @Option(help: ArgumentHelp("With --halving: resource of the last rung.", valueName: "n"))
  var maxResource: Int?

  @Option(help: "Metric that ranks configurations (default: \(ScoreMetric.accuracy)).")
  var scoring: ScoreMetric?

  @Option(
    help: ArgumentHelp("Number of training images to search on, stratified by class (default: all).", valueName: "n"))
  var images: Int?

  @Option(help: ArgumentHelp("Random seed (default: 0).", valueName: "n"))
  var seed: UInt64?

  @Flag(
    inversion: .prefixedNo,
    help: "Fit the best configuration on all training images at the end, and save the model (default: --refit).")
  var refit: Bool?

  func validate() throws {
    if folds != nil, holdOut != nil { throw ValidationError("--folds and --hold-out cannot be combined") }
    do { try overrides.checkStrategy() } catch { throw ValidationError("\(error)") }
  }

  private var values: KeyValuePairs<String, Any?> {
    [
      "folds": folds, "hold-out": holdOut, "samples": samples, "halving": halving?.rawValue, "factor": factor,
      "min-resource": minResource, "max-resource": maxResource, "scoring": scoring?.rawValue, "images": images,
      "seed": seed, "refit": refit,
    ]
  }

  /// The options that the user wrote.
  var given: [String] {
    values.compactMap { name, value in value.map { $0 as? Bool == false ? "--no-\(name)" : "--\(name)" } }
  }

  /// The same with their values, as arguments of a shell command.
  var arguments: String {
    zip(given, values.compactMap(\.value)).map { $1 is Bool ? " \($0)" : " \($0) \($1)" }.joined()
  }

  /// The values of the keys of strategies (``SearchStrategy/keys``).
  private var strategy: [String: String] {
    let values = [
      "samples": samples.map { "\($0)" }, "resource": halving?.rawValue, "factor": factor.map { "\($0)" },
      "min-resource": minResource.map { "\($0)" }, "max-resource": maxResource.map { "\($0)" },
    ]
    return values.compactMapValues { $0 }
  }

  var overrides: SweepOverrides {
    var overrides = SweepOverrides()
    (overrides.folds, overrides.holdOut, overrides.strategy) = (folds, holdOut, strategy)
    (overrides.scoring, overrides.images, overrides.seed, overrides.refit) = (scoring, images, seed, refit)
    return overrides
  }

  /// Checks that no option defines a search: with `--resume`, the definition comes from the run.
  /// - Parameter given: options that define a search
  /// - Throws: `ValidationError` if there are any
  static func checkResume(_ given: [String]) throws(ValidationError) {
    guard given.isEmpty else {
      throw ValidationError(
        "--resume takes the search from the run; leave out \(given.joined(separator: ", "))")
    }
  }
}
