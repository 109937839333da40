internal import Cluster
internal import Compute
internal import Datasets
internal import Foundation
package import Models
internal import Runs

extension RunFolders {
  /// The titles of a run's documents: a `ClusterTimeline`, a `SweepSummary`, and the `DatasetSource`.
  package static let timelineTitle = "timeline"
  package static let sweepTitle = "sweep"
  package static let dataTitle = "data"
  /// The class names of a sweep's data, by label.
  package static let classesTitle = "classes"
  /// The `FitReport` of the best configuration of a sweep.
  package static let bestTitle = "best"
  /// The command that runs the remaining sweeps of a sweep file.
  package static let restTitle = "rest"
  /// The `SavedProgress` of a network's last checkpoint.
  package static let checkpointTitle = "checkpoint"

  /// Calls `body`, and records its beginning, its models and its end, if they belong to a run's folder. An error of the
  /// record is only logged as a warning, so that no model is lost.
  ///
  /// - Parameters:
  ///   - file: a file in the run's folder
  ///   - kind: the kind of the run
  ///   - body: fits models, and passes each one's report to its argument
  package func record<Result>(
    _ file: String, as kind: String, _ definition: String, of run: TrainingRun,
    _ body: (_ keep: (FitReport) -> Void) throws -> Result
  ) throws -> Result {
    guard let name = name(ofRunWith: file) else { return try body { _ in } }
    func attempt<Value>(_ change: () throws(RunError) -> Value) -> Value? {
      do throws(RunError) { return try change() } catch {
        run.observer.warning("this run cannot be recorded: \(error)")
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
      try record.keep(run.source, as: Self.dataTitle, of: name)
      return record
    }
    guard let record else { return try body { _ in } }
    do {
      let result = try body { report in
        _ = attempt { () throws(RunError) in try record.keep(report, of: name) }
      }
      _ = attempt { () throws(RunError) in
        try record.keep(run.cluster.timeline, as: Self.timelineTitle, of: name)
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

  /// Returns the name of the run whose folder contains a file; nil if there is none.
  package func name(ofRunWith file: String) -> String? {
    guard file.hasPrefix(base + "/") else { return nil }
    let parts = file.dropFirst(base.count).split(separator: "/")
    return parts.count == 2 ? String(parts[0]) : nil
  }
}

extension ModelSettings {
  /// The model and its settings, as the record describes a run.
  package var definition: String {
    "\(kind.rawValue): " + text.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
  }
}

extension RunRecord {
  /// Records a model, and the metrics of its epochs.
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
