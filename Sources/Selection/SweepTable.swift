internal import Foundation

/// What a sweep has found, in the order of the configurations.
package struct SweepTable: Sendable {
  package struct Row: Sendable {
    package let configuration: Configuration
    /// Of halving: the rung, and how much of the resource it had.
    package let rung: (number: Int, resource: Int)?
    /// By split.
    package let outcomes: [FitOutcome]
    package let times: [FitTime]
    /// Why it has no scores.
    package let failure: String?

    package init(
      _ configuration: Configuration, rung: (number: Int, resource: Int)? = nil, outcomes: [FitOutcome],
      times: [FitTime], failure: String? = nil
    ) {
      (self.configuration, self.rung, self.outcomes, self.times) = (configuration, rung, outcomes, times)
      self.failure = failure ?? outcomes.lazy.compactMap(\.failure).first
    }

    /// By split; what is not known is not a number.
    package func scores(_ metric: ScoreMetric) -> [Double] {
      failure == nil ? outcomes.map { $0.scores[metric.rawValue] ?? .nan } : outcomes.map { _ in .nan }
    }
  }

  package let metric: ScoreMetric
  package let splits: Int
  package let rows: [Row]
  /// Of each row: 1 for the best; equal scores have the same rank, and those without a score the last (scikit-learn's).
  package let ranks: [Int]

  /// - Parameters:
  ///   - rows: in the order of the configurations; of halving, rung after rung
  ///   - splits: that each row with scores has scores of
  package init(_ rows: [Row], metric: ScoreMetric, splits: Int) {
    (self.rows, self.metric, self.splits) = (rows, metric, splits)
    ranks = Self.ranks(rows.map { ($0.rung?.number ?? 0, $0.mean(metric)) })
  }

  private static func ranks(_ keys: [(rung: Int, mean: Double)]) -> [Int] {
    // A later rung has seen more than any earlier one.
    let judged = keys.indices.filter { !keys[$0].mean.isNaN }.sorted { keys[$0] > keys[$1] }
    var ranks = [Int](repeating: judged.count + 1, count: keys.count)
    for (place, index) in judged.enumerated() {
      let isEqual = place > 0 && keys[judged[place - 1]] == keys[index]
      ranks[index] = isEqual ? ranks[judged[place - 1]] : place + 1
    }
    return ranks
  }

  /// The row that ranks first; of equal ones, the first.
  package var best: Row? { ranks.firstIndex(of: 1).map { rows[$0] }.flatMap { $0.failure == nil ? $0 : nil } }

  /// Positions of the rows, the best first.
  package var order: [Int] { rows.indices.sorted { (ranks[$0], $0) < (ranks[$1], $1) } }
}

extension SweepTable.Row {
  /// Over the splits; not a number where one has no score.
  package func mean(_ metric: ScoreMetric) -> Double { Statistics(scores(metric)).mean }
  /// Over the splits, of a whole population; not a number where one has no score.
  package func deviation(_ metric: ScoreMetric) -> Double { Statistics(scores(metric)).deviation }
  /// The mean over the splits; not a number where nothing was fitted.
  package var fitSeconds: Double { Statistics(times.map(\.fitSeconds)).mean }
}

/// As numpy has them: the deviation is that of a whole population.
struct Statistics {
  let mean: Double
  let deviation: Double

  init(_ values: [Double]) {
    guard !values.isEmpty else {
      (mean, deviation) = (.nan, .nan)
      return
    }
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    (self.mean, deviation) = (mean, (squares / Double(values.count)).squareRoot())
  }
}
