internal import Cluster
internal import Compute
internal import Datasets
internal import Foundation
package import Runs
package import Selection

extension SweepRun {
  /// Runs a sweep, and records its beginning, its results and its end.
  ///
  /// - Parameters:
  ///   - name: the name of the run, whose folder exists and is locked by this process
  ///   - before: the sweep that is resumed; nil for a new one
  ///   - rest: the command that runs the remaining sweeps of a file; recorded, because this process may be killed
  ///   - finish: called when the sweep is recorded as finished
  /// - Throws: `CancellationError` if the observer stopped the sweep; ``RunError``, ``SweepError``, ``FileError``;
  ///   ``DatasetError/inconsistent(path:reason:)`` if a resumed sweep had other data; errors of `finish`
  package static func perform(
    _ definition: SweepDefinition, name: String, record: RunRecord, run: TrainingRun, workersPerTrial: Int = 1,
    resuming before: RecordedSweep? = nil, rest: String? = nil, finish: (SweepReport) throws -> Void = { _ in }
  ) throws -> SweepReport {
    // A sweep that is resumed has been resolved.
    let definition =
      before == nil
      ? try definition.resolved(imageCount: run.dataset.train.count, classCount: run.dataset.classCount) : definition
    if let before {
      try check(run, hasDataOf: before.run, location: definition.data)
      try record.resume(name)
    } else {
      try begin(definition, name: name, record: record, run: run, rest: rest)
    }
    do {
      let report = try SweepRun(
        definition, name: name, record: record, run: run, workersPerTrial: workersPerTrial
      ).report()
      try record.keep(report.summary, as: RunFolders.sweepTitle, of: name)
      try record.keep(run.cluster.timeline, as: RunFolders.timelineTitle, of: name)
      try record.keep(run.source, as: RunFolders.dataTitle, of: name)
      try record.end(name, .finished)
      try finish(report)
      return report
    } catch {
      let isStopped = error is CancellationError
      try? record.end(name, isStopped ? .interrupted : .failed, reason: isStopped ? nil : "\(error)")
      run.observer.canResume(.sweep(name))
      throw error
    }
  }

  private static func check(
    _ run: TrainingRun, hasDataOf before: Run, location: String?
  ) throws(DatasetError) {
    guard before.dataDigest == run.dataDigest else {
      throw .inconsistent(
        path: location ?? run.dataset.name,
        reason: """
          is not the data set of run \(before.name), which was \(before.data), \(before.dataDigest); specify that one \
          with --data, because scores on different data cannot be compared
          """)
    }
  }

  private static func begin(
    _ definition: SweepDefinition, name: String, record: RunRecord, run: TrainingRun, rest: String?
  ) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let text = String(decoding: try encoder.encode(definition), as: UTF8.self)
    guard
      try record.begin(
        Run(
          name: name, kind: "sweep", data: run.dataset.name, dataDigest: run.dataDigest, definition: text,
          version: atelierVersion))
    else { throw RunError("run \(name) exists already") }
    try record.keep(run.dataset.classNames, as: RunFolders.classesTitle, of: name)
    if let rest { try record.keep(rest, as: RunFolders.restTitle, of: name) }
  }
}
