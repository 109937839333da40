internal import Cluster
internal import Pipeline
internal import Progress
internal import Runs
internal import Selection

/// Checks of a record, which may come from an untrusted source: impossible numbers are rejected before anything is
/// computed or drawn from them.
extension RunReport {
  /// - Throws: ``RunError`` of the kind ``RunError/Kind/damaged``
  static func check(
    _ run: Run, models: [RunModel], metrics: [RunMetric], timeline: ClusterTimeline?, sweep: SweepSummary?
  ) throws(RunError) {
    func require(_ isPossible: Bool, _ what: String) throws(RunError) {
      guard !isPossible else { return }
      throw RunError(
        "the record of run \(run.name) holds impossible values: \(what); it may have been changed", kind: .damaged)
    }
    if let foreign = models.first(where: { RunFolders.standard.name(ofRunWith: $0.path) != run.name }) {
      throw RunError(
        "the record of run \(run.name) refers to a model outside of its folder: \(foreign.path)", kind: .damaged)
    }
    try require(models.allSatisfy(\.isPossible), "measures of a model")
    try require(
      metrics.allSatisfy { 1...1 << 40 ~= $0.step && (!$0.value.isFinite || abs($0.value) < 1e100) }, "metrics")
    try require(timeline?.isPossible ?? true, "the timeline of workers")
    try require(sweep?.isPossible ?? true, "the table of a sweep")
  }

  fileprivate static func isTime(_ seconds: Double) -> Bool { 0...1e12 ~= seconds }
  fileprivate static func isCount(_ count: Int) -> Bool { 0...1 << 50 ~= count }
}

extension RunModel {
  fileprivate var isPossible: Bool {
    0...1 ~= accuracy && ([fitSeconds] + [testSeconds].compactMap { $0 }).allSatisfy(RunReport.isTime)
      && [testImages, peakBytes].compactMap { $0 }.allSatisfy(RunReport.isCount)
  }
}

extension ClusterTimeline {
  fileprivate var isPossible: Bool {
    workers.count <= 1 << 12
      && workers.allSatisfy { worker in
        [worker.process, worker.threads, worker.bytesSent].allSatisfy(RunReport.isCount)
          && [worker.busySeconds, worker.waitingSeconds].allSatisfy(RunReport.isTime)
      }
      && jobs.allSatisfy { RunReport.isTime($0.start) && RunReport.isTime($0.end) }
      && spans.allSatisfy { span in
        workers.indices ~= span.worker && jobs.indices ~= span.job && RunReport.isTime(span.start)
          && RunReport.isTime(span.end) && span.start <= span.end
      }
      && events.allSatisfy { RunReport.isTime($0.seconds) }
  }
}

extension SweepSummary {
  fileprivate var isPossible: Bool {
    1...1_000 ~= splits
      && rows.allSatisfy { row in
        [row.mean, row.deviation].compactMap { $0 }.allSatisfy { abs($0) < 1e100 } && RunReport.isTime(row.fitSeconds)
          && [row.rank, row.rung, row.resource].compactMap { $0 }.allSatisfy(RunReport.isCount)
      }
  }
}
