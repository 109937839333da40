/// A way to search: its settings, and the trials that it proposes.
///
/// A further strategy is one file, with a type that conforms to this protocol, and its entry in ``SearchStrategies``.
/// The sweep file, its errors, the overrides of the command line, the record of the run and the search itself work from
/// these requirements. `Codable` is the form in the record of a run and must remain readable.
package protocol SearchStrategy: Sendable, Equatable, Codable {
  /// The name in sweep files and records.
  static var name: String { get }
  /// The keys that the strategy reads from a sweep file, and their options on the command line.
  static var keys: [StrategyKey] { get }
  /// Whether the strategy searches ranges, not only lists of values.
  static var acceptsRanges: Bool { get }

  /// - Throws: ``SweepError`` that names the key, for a value that is missing or of the wrong type. The allowed numbers
  ///   are checked in ``check(_:)``.
  init(_ values: StrategyValues) throws(SweepError)

  /// The values from which ``init(_:)`` creates an equal strategy, by key.
  var values: [String: String] { get }

  /// The resource that grows from rung to rung; nil if all trials have the same amount.
  var resource: SuccessiveHalving.Resource? { get }

  /// Checks the settings, and whether they are possible with those of the definition.
  /// - Throws: ``SweepError`` that names the key of the first invalid one.
  func check(_ definition: SweepDefinition) throws(SweepError)

  /// Returns the settings with the defaults that depend on the training images.
  /// - Throws: ``SweepError`` for settings that these images do not allow.
  func resolved(imageCount: Int, classCount: Int) throws(SweepError) -> Self

  /// Returns the trials of a search. They depend on the definition and on scores alone, never on time.
  /// - Throws: ``SweepError`` for a space that the strategy cannot search.
  func trials(of definition: SweepDefinition) throws(SweepError) -> any TrialSource

  /// Returns a warning to the user if the search begins with an unexpected number of configurations.
  func warning(count: Int) -> String?
}

extension SearchStrategy {
  package static var acceptsRanges: Bool { false }
  package var resource: SuccessiveHalving.Resource? { nil }
  package func check(_ definition: SweepDefinition) throws(SweepError) {}
  package func resolved(imageCount: Int, classCount: Int) throws(SweepError) -> Self { self }
  package func warning(count: Int) -> String? { nil }
}

/// The strategies, in the order in which help and errors list them.
package enum SearchStrategies {
  package static let all: [any SearchStrategy.Type] = [GridSearch.self, RandomSearch.self, HalvingSearch.self]
}
