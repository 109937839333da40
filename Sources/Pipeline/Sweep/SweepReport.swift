package import Selection

/// The results of a sweep.
package struct SweepReport: Encodable {
  package let folder: String
  /// The duration of the search; of a resumed search, since it was resumed.
  package let searchSeconds: Double
  package let summary: SweepSummary
  /// The best configuration, fitted on all training images.
  package let model: FitReport?
  /// Configurations without a result, which a further attempt may give.
  package let quarantined: [QuarantinedFit]

  /// Whether any configuration has a score.
  package var hasBest: Bool { summary.rows.contains { $0.mean != nil } }
}
