internal import Foundation

/// The results of a sweep, in the order of the configurations.
package struct SweepTable: Sendable {
  package struct Row: Sendable {
    package let configuration: Configuration
    /// The rung and its resource; nil without halving.
    package let rung: (number: Int, resource: Int)?
    /// Results by split.
    package let outcomes: [FitOutcome]
    package let times: [FitTime]
    /// The reason why there are no scores.
    package let failure: String?

    package init(
      _ configuration: Configuration, rung: (number: Int, resource: Int)? = nil, outcomes: [FitOutcome],
      times: [FitTime], failure: String? = nil
    ) {
      (self.configuration, self.rung, self.outcomes, self.times) = (configuration, rung, outcomes, times)
      self.failure = failure ?? outcomes.lazy.compactMap(\.failure).first
    }

    /// Returns the scores by split; NaN where there is none.
    package func scores(_ metric: ScoreMetric) -> [Double] {
      failure == nil ? outcomes.map { $0.scores[metric.rawValue] ?? .nan } : outcomes.map { _ in .nan }
    }
  }

  package let metric: ScoreMetric
  package let splits: Int
  package let rows: [Row]
  /// The rank of each row, as in scikit-learn: 1 for the best, the same for equal scores, the last without a score.
  package let ranks: [Int]

  /// - Parameters:
  ///   - rows: in the order of the configurations; with halving, by rung first
  ///   - splits: the number of scores of each row that has scores
  package init(_ rows: [Row], metric: ScoreMetric, splits: Int) {
    (self.rows, self.metric, self.splits) = (rows, metric, splits)
    ranks = Self.ranks(rows.map { ($0.rung?.number ?? 0, $0.mean(metric)) })
  }

  private static func ranks(_ keys: [(rung: Int, mean: Double)]) -> [Int] {
    // A later rung ranks before all earlier ones, because its scores rest on more of the resource.
    let scored = keys.indices.filter { !keys[$0].mean.isNaN }.sorted { keys[$0] > keys[$1] }
    var ranks = [Int](repeating: scored.count + 1, count: keys.count)
    for (place, index) in scored.enumerated() {
      let isEqual = place > 0 && keys[scored[place - 1]] == keys[index]
      ranks[index] = isEqual ? ranks[scored[place - 1]] : place + 1
    }
    return ranks
  }

  /// The row with rank 1; of equal ones, the first.
  package var best: Row? { ranks.firstIndex(of: 1).map { rows[$0] }.flatMap { $0.failure == nil ? $0 : nil } }

  /// Positions of the rows, the best first.
  package var order: [Int] { rows.indices.sorted { (ranks[$0], $0) < (ranks[$1], $1) } }
}

extension SweepTable.Row {
  /// Returns the mean score over the splits; NaN if one is missing.
  package func mean(_ metric: ScoreMetric) -> Double { Statistics(scores(metric)).mean }
  /// Returns the population standard deviation of the scores over the splits; NaN if one is missing.
  package func deviation(_ metric: ScoreMetric) -> Double { Statistics(scores(metric)).deviation }
  /// The mean time of a fit over the splits; NaN if nothing was fitted.
  package var fitSeconds: Double { Statistics(times.map(\.fitSeconds)).mean }
}

/// Mean and population standard deviation, as NumPy computes them.
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
