internal import Compute
internal import Foundation
package import Models

/// What to search: a model, the values that its parameters may have, and how configurations are chosen and judged.
package struct SweepDefinition: Sendable, Equatable, Codable {
  package enum Strategy: Sendable, Equatable, Codable {
    /// All combinations.
    case grid
    /// So many, drawn at random.
    case random(Int)
    /// All combinations with little, the best with more.
    case halving(SuccessiveHalving)
  }

  package var model: ModelKind
  /// A search may cover several spaces, one after the other.
  package var spaces: [ParameterSpace]
  /// A name or a folder, as `--data` takes it; nil: the standard one.
  package var data: String?
  package var splits = DataSplits.folds(3)
  package var strategy = Strategy.grid
  package var scoring = ScoreMetric.accuracy
  package var seed: UInt64 = 0
  /// Search on no more images than these (which are then divided), the same share of each class; nil: on all training images.
  package var images: Int?
  /// Whether the best is fitted on all training images at the end.
  package var refit = true

  package init(_ model: ModelKind, spaces: [ParameterSpace]) { (self.model, self.spaces) = (model, spaces) }

  package static let mostConfigurations = 100_000

  /// The configurations to begin with, without doubles.
  /// - Throws: ``SweepError`` if there are none, or too many.
  package func configurations() throws(SweepError) -> [Configuration] {
    let count = spaces.reduce(0 as Int?) { sum, space in
      guard let sum, let count = space.count else { return nil }
      return sum.addingReportingOverflow(count).overflow ? .max : sum + count
    }
    switch strategy {
    case .grid, .halving:
      guard let count, !spaces.contains(where: \.hasRange) else {
        throw SweepError("a range has no end of values: list them, or let them be drawn (strategy: random)")
      }
      guard count <= Self.mostConfigurations else {
        throw SweepError("that is \(count) configurations; at most \(Self.mostConfigurations) are searched")
      }
      return distinct(spaces.flatMap { $0.grid(model) })
    case .random(let draws):
      // Few combinations are not drawn twice: all of them is what one can have.
      if let count, count <= draws { return distinct(spaces.flatMap { $0.grid(model) }) }
      var (found, seen): ([Configuration], SeenConfigurations) = ([], SeenConfigurations(model))
      // Draws in a row that have brought nothing new: where values are few, hardly any other is left.
      var doubles = 0
      for draw in 0..<100 * draws {
        guard found.count < draws, doubles < Self.mostDoubles + 10 * found.count else { break }
        let space = spaces[draw % spaces.count]
        let configuration = space.draw(draw, of: model, seed: seed)
        doubles += 1
        if seen.insert(configuration, of: space) {
          found.append(configuration)
          doubles = 0
        }
      }
      return found
    }
  }

  private static let mostDoubles = 1_000

  private func distinct(_ configurations: [Configuration]) -> [Configuration] {
    var seen = SeenConfigurations(model)
    return configurations.filter { seen.insert($0) }
  }

  /// - Throws: ``SweepError`` for what makes no sense, alone or together.
  package func check() throws(SweepError) {
    func require(_ condition: Bool, _ key: String, _ reason: String) throws(SweepError) {
      if !condition { throw SweepError(reason, key: key) }
    }
    switch splits {
    case .folds(let count): try require(2...100 ~= count, "folds", "folds: from 2 to 100, not \(count)")
    case .holdOut(let share):
      try require(share > 0 && share < 1, "hold-out", "hold-out: a fraction above 0 and below 1, not \(share)")
    }
    try require(images ?? 1 >= 1, "images", "images: at least 1")
    try require(!spaces.isEmpty, "space", "there is no space to search")
    let known = Configuration.parameterNames(model)
    for space in spaces {
      for (name, values) in space.values.sorted(by: { $0.key < $1.key }) {
        guard known.contains(name) else {
          throw SweepError(unknown: name, among: known, in: "the space of \(model.rawValue)", key: "space")
        }
        try ParameterSpace.check(values, of: name, model)
      }
    }
    switch strategy {
    case .grid: break
    case .random(let draws):
      try require(
        1...Self.mostConfigurations ~= draws, "draws", "draws: from 1 to \(Self.mostConfigurations), not \(draws)")
    case .halving(let halving):
      try require(2...100 ~= halving.factor, "factor", "factor: from 2 to 100, not \(halving.factor)")
      try require(
        halving.least >= 1 && halving.least <= halving.most, "min-resource",
        "min-resource must be from 1 to max-resource")
      let models: [ModelKind] =
        switch halving.resource {
        case .epochs: [.cnn]
        case .trees: [.forest]
        case .images: ModelKind.allCases
        }
      try require(
        models.contains(model), "resource", "\(model.rawValue) has no \(halving.resource.rawValue) to halve")
      try require(
        halving.resource == .images || !spaces.contains { $0.values[halving.resource.rawValue] != nil },
        halving.resource.rawValue,
        "\(halving.resource.rawValue) is what halving gives out; leave it out of the space")
    }
    try require(!configurations().isEmpty, "space", "there is nothing to search")
  }
}

/// Tells configurations apart by what settings they come to, however their values are written.
private struct SeenConfigurations {
  private let model: ModelKind
  private var canonical: [Configuration.Parameter: String] = [:]
  private var known: Set<[String: String]> = []

  init(_ model: ModelKind) { self.model = model }

  /// - Parameter space: that it was drawn from; nil if it comes from a grid
  /// - Returns: whether no other one came to the same settings
  mutating func insert(_ configuration: Configuration, of space: ParameterSpace? = nil) -> Bool {
    var settings: [String: String] = [:]
    for parameter in configuration.parameters {
      if case .range? = space?.values[parameter.name] {
        // Equal numbers of a range are written in one way.
        settings[parameter.name] = parameter.value
        continue
      }
      let text = canonical[parameter] ?? (try? Configuration.canonical(parameter.value, of: parameter.name, model))
      canonical[parameter] = text ?? parameter.value
      settings[parameter.name] = text ?? parameter.value
    }
    return known.insert(settings).inserted
  }
}

/// What is wrong with a sweep, and where.
package struct SweepError: Error, Equatable, CustomStringConvertible {
  package let description: String
  /// The key of a sweep file, or the parameter, that is wrong, where it is one.
  let key: String?

  /// Of a word that is wrong: it may be as long as a file.
  static let longestQuotation = 200

  package init(_ description: String) { self.init(description, key: nil) }

  init(_ description: String, key: String?) { (self.description, self.key) = (description, key) }

  init(unknown name: String, among names: [String], in place: String, key: String? = nil) {
    self.key = key
    let nearest = names.min { (Self.distance($0, name), $0) < (Self.distance($1, name), $1) }
    let suggestion = nearest.flatMap { Self.distance($0, name) <= max(2, name.count / 3) ? $0 : nil }
    description =
      "\(place) has no \"\(name.prefix(Self.longestQuotation))\"; "
      + (suggestion.map { "did you mean \($0)?" } ?? "it has \(names.joined(separator: ", "))")
  }

  /// Letters to change, add or leave out (Levenshtein).
  private static func distance(_ first: String, _ second: String) -> Int {
    let (first, second) = (Array(first.prefix(64)), Array(second.prefix(64)))
    var row = Array(0...second.count)
    for (i, letter) in first.enumerated() {
      var corner = row[0]
      row[0] = i + 1
      for (j, other) in second.enumerated() {
        let changed = corner + (letter == other ? 0 : 1)
        corner = row[j + 1]
        row[j + 1] = min(changed, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[second.count]
  }
}
