internal import Cluster
internal import Compute
internal import Datasets
internal import Foundation
internal import Logging
internal import Models
internal import Runs

extension RunFolders {
  /// The names of what is kept with a run beside models and metrics: a `ClusterTimeline`, a `SweepSummary`, and where the data are.
  static let timelineTitle = "timeline"
  static let sweepTitle = "sweep"
  static let dataTitle = "data"
  /// The names of the classes that a sweep's data have, by label.
  static let classesTitle = "classes"
  /// The `FitReport` of the best that a sweep has fitted at its end.
  static let bestTitle = "best"
  /// The command that does what a sweep's file has after this sweep.
  static let restTitle = "rest"
  /// The `SavedProgress` of a network's last checkpoint.
  static let checkpointTitle = "checkpoint"

  /// Does something that makes models, and has it in the record from its beginning to its end, however it ends, if it goes into a run's
  /// folder. A record that cannot be written is no reason to lose a model: it is said, and that is all.
  ///
  /// - Parameters:
  ///   - file: any in the run's folder
  ///   - kind: of the run
  ///   - body: gives each model that it has made to its argument
  static func record<Result>(
    _ file: String, as kind: String, _ definition: String, of run: TrainingRun,
    _ body: (_ keep: (FitReport) -> Void) throws -> Result
  ) throws -> Result {
    guard let name = name(ofRunWith: file) else { return try body { _ in } }
    func attempt<Value>(_ change: () throws(RunError) -> Value) -> Value? {
      do throws(RunError) { return try change() } catch {
        run.options.logger.warning("this run is not recorded: \(error)")
        return nil
      }
    }
    let record = attempt { () throws(RunError) in
      let record = try RunRecord(folder: base)
      let isNew = try record.begin(
        Run(
          name: name, kind: kind, data: run.dataset.name, dataDigest: run.dataDigest, definition: definition,
          version: atelierVersion))
      if !isNew { try record.resume(name) }
      try record.keep(run.dataLocation, as: dataTitle, of: name)
      return record
    }
    guard let record else { return try body { _ in } }
    do {
      let result = try body { report in
        _ = attempt { () throws(RunError) in try record.keep(report, of: name) }
      }
      _ = attempt { () throws(RunError) in
        try record.keep(run.cluster.timeline, as: timelineTitle, of: name)
        try record.end(name, .finished)
      }
      return result
    } catch {
      let isStopped = error is CancellationError
      _ = attempt { () throws(RunError) in
        try record.end(name, isStopped ? .interrupted : .failed, reason: isStopped ? nil : "\(error)")
      }
      throw error
    }
  }

  /// The run in whose folder a file is; nil if it is in none.
  static func name(ofRunWith file: String) -> String? {
    let parts = file.split(separator: "/")
    return parts.count == 3 && parts[0] == base && file.hasPrefix(base) ? String(parts[1]) : nil
  }
}

extension ModelSettings {
  /// As the record says what was asked for.
  var definition: String {
    "\(kind.rawValue): " + text.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
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
