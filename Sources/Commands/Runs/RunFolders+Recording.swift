internal import Cluster
internal import Compute
internal import Foundation
internal import Logging
internal import Models
internal import Runs

extension RunFolders {
  /// The names of what is kept with a run beside models and metrics: a `ClusterTimeline`, a `SweepSummary`.
  static let timelineTitle = "timeline"
  static let sweepTitle = "sweep"
  /// The `FitReport` of the best that a sweep has fitted at its end.
  static let bestTitle = "best"

  /// Notes a model in the record, if it is in a run's folder. A record that cannot be written is no reason to lose the model: it is said, and
  /// that is all.
  static func note(_ report: FitReport, of run: TrainingRun, as kind: String) {
    guard let name = name(ofRunWith: report.file) else { return }
    let definition = report.settings.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    do throws(RunError) {
      let record = try RunRecord(folder: base)
      let isNew = try record.begin(
        Run(
          name: name, kind: kind, data: report.data, dataDigest: report.dataDigest,
          definition: "\(report.kind.rawValue): \(definition)", version: report.atelierVersion,
          started: Date(timeIntervalSinceNow: -report.fitSeconds - report.testSeconds)))
      if !isNew { try record.goOn(name) }
      try record.keep(report, of: name)
      try record.keep(run.cluster.timeline, as: timelineTitle, of: name)
      try record.end(name, .finished)
    } catch {
      run.options.logger.warning("this run is not recorded: \(error)")
    }
  }

  /// The run in whose folder a file is; nil if it is in none.
  static func name(ofRunWith file: String) -> String? {
    let parts = file.split(separator: "/")
    return parts.count == 3 && parts[0] == base && file.hasPrefix(base) ? String(parts[1]) : nil
  }
}

extension RunRecord {
  /// A model, and what its fit has told.
  func keep(_ report: FitReport, of name: String) throws(RunError) {
    try add(
      RunModel(
        kind: report.kind.rawValue, settings: report.settings, accuracy: report.testAccuracy, digest: report.digest,
        path: report.file, fitSeconds: report.fitSeconds, testSeconds: report.testSeconds,
        testImages: report.testImages, peakBytes: report.peakBytes), to: name)
    try keep(
      report.history.enumerated().flatMap { index, epoch in
        [("loss", epoch.loss), ("training-accuracy", epoch.trainingAccuracy)]
          .map { RunMetric(model: report.kind.rawValue, name: $0.0, step: index + 1, value: $0.1) }
          + (epoch.validationAccuracy.map {
            [RunMetric(model: report.kind.rawValue, name: "validation-accuracy", step: index + 1, value: $0)]
          } ?? [])
      }, of: name)
  }
}
