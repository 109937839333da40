internal import ArgumentParser
internal import Evaluation
internal import Foundation
internal import Models
internal import Selection

extension ScoreMetric: ExpressibleByArgument {}

/// Options for the search strategy and scoring. They take precedence over the settings in a sweep file.
struct SearchOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Number of folds for cross-validation (default: 3).", valueName: "n"))
  var folds: Int?

  @Option(
    help: ArgumentHelp(
      "Fraction of each class used as the hold-out set, instead of cross-validation.", valueName: "fraction")
  )
  var holdOut: Double?

  @OptionGroup var strategy: StrategyOptions

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

  private var values: [(name: String, value: Any?)] {
    let options = StrategyOptions.options.map { (name: $0.name, value: strategy.values[$0.name] as Any?) }
    return [("folds", folds), ("hold-out", holdOut)] + options
      + [("scoring", scoring?.rawValue), ("images", images), ("seed", seed), ("refit", refit)]
  }

  /// The options that the user wrote.
  var given: [String] {
    values.compactMap { name, value in value.map { $0 as? Bool == false ? "--no-\(name)" : "--\(name)" } }
  }

  /// The same with their values, as arguments of a shell command.
  var arguments: String {
    zip(given, values.compactMap(\.value)).map { $1 is Bool ? " \($0)" : " \($0) \($1)" }.joined()
  }

  var overrides: SweepOverrides {
    var overrides = SweepOverrides()
    (overrides.folds, overrides.holdOut, overrides.strategy) = (folds, holdOut, strategy.keyValues)
    (overrides.scoring, overrides.images, overrides.seed, overrides.refit) = (scoring, images, seed, refit)
    return overrides
  }

  /// Returns the sweep that these options define.
  /// - Parameter values: the values of each given parameter, as the user wrote them
  /// - Throws: ``SweepError``
  func definition(of kind: ModelKind, _ values: [String: String]) throws(SweepError) -> SweepDefinition {
    var space: [String: ParameterSpace.Values] = [:]
    for (name, text) in values { space[name] = .list(Self.list(text, of: kind.setting(name)!)) }
    var definition = SweepDefinition(kind, spaces: [ParameterSpace(space)])
    try overrides.apply(to: &definition)
    try definition.check()
    return definition
  }

  /// Splits values at commas, or at semicolons if the values are lists themselves.
  private static func list(_ text: String, of setting: SettingFacts) -> [String] {
    text.split(separator: setting.values.kind == .list ? ";" : ",", omittingEmptySubsequences: false).map {
      $0.trimmingCharacters(in: .whitespaces)
    }
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
