/// A record of each worker's activity and of failures, from the start of a cluster on, for reports.
///
/// Times are in seconds since the start of the cluster. In very long runs, adjacent spans are merged, so that memory is
/// bounded.
package struct ClusterTimeline: Sendable, Equatable, Codable {
  package struct Job: Sendable, Equatable, Codable {
    /// For instance `forest`, `cnn`, `predict`, `sweep`.
    package let name: String
    package let start: Double
    package fileprivate(set) var end: Double
  }

  package struct Worker: Sendable, Equatable, Codable {
    package let host: String
    package let process: Int
    package let threads: Int
    package let instructionSet: String
    /// Seconds of computation.
    package fileprivate(set) var busySeconds = 0.0
    /// Seconds spent waiting for other members of its training group.
    package fileprivate(set) var waitingSeconds = 0.0
    /// Bytes of results sent to the coordinator, and of sums and states sent to other workers.
    package fileprivate(set) var bytesSent = 0
  }

  /// A period in which a worker computed.
  package struct Span: Sendable, Equatable, Codable {
    /// Positions in ``workers`` and ``jobs``.
    package let worker: Int
    package let job: Int
    /// For instance `trees 12 to 15`, `training`.
    package fileprivate(set) var label: String
    package let start: Double
    package fileprivate(set) var end: Double
  }

  /// For instance: a worker joined, was lost or was expelled; a task was quarantined.
  package struct Event: Sendable, Equatable, Codable {
    package let seconds: Double
    package let text: String
    /// Whether this was a failure, which the run survived.
    package let isFault: Bool
  }

  package private(set) var jobs: [Job] = []
  package private(set) var workers: [Worker] = []
  package private(set) var spans: [Span] = []
  package private(set) var events: [Event] = []

  /// The position in ``workers`` of each worker, by its number in the cluster.
  private var places: [UInt64: Int] = [:]
  /// The newest span of each worker.
  private var newest: [Int: Int] = [:]
  /// Each worker's totals in its last report on the current training.
  private var reported: [Int: (job: UInt64, waited: UInt64, bytes: UInt64)] = [:]

  private static let maxWorkers = 1_000
  private static let maxSpans = 4_000
  private static let maxEvents = 1_000

  package init() {}

  private enum CodingKeys: CodingKey { case jobs, workers, spans, events }

  package static func == (first: Self, second: Self) -> Bool {
    (first.jobs, first.workers) == (second.jobs, second.workers)
      && (first.spans, first.events) == (second.spans, second.events)
  }

  // MARK: Recording

  /// Records the beginning of a job.
  /// - Parameters:
  ///   - name: The name of its family of models or of its command.
  ///   - seconds: Seconds since the start of the cluster, as in all functions of this type.
  package mutating func begin(_ name: String, at seconds: Double) {
    jobs.append(Job(name: name, start: seconds, end: seconds))
    reported = [:]
  }

  package mutating func end(at seconds: Double) {
    guard !jobs.isEmpty else { return }
    jobs[jobs.count - 1].end = seconds
  }

  /// Records that a worker has joined.
  /// - Parameter number: The number of the worker in the cluster, which identifies it in the other functions.
  package mutating func join(_ number: UInt64, host: String, process: Int, threads: Int, instructionSet: String) {
    guard workers.count < Self.maxWorkers else { return }
    places[number] = workers.count
    workers.append(Worker(host: host, process: process, threads: threads, instructionSet: instructionSet))
  }

  /// Returns the record of a worker; nil if there is none.
  /// - Parameter number: The number of the worker in the cluster.
  package func worker(_ number: UInt64) -> Worker? { places[number].map { workers[$0] } }

  package mutating func note(_ text: String, isFault: Bool, at seconds: Double) {
    if events.count < Self.maxEvents { events.append(Event(seconds: seconds, text: text, isFault: isFault)) }
  }

  /// Records that a worker has completed tasks, and its time.
  package mutating func noteTasks(
    _ label: String, by number: UInt64, seconds: Double, byteCount: Int, at now: Double
  ) {
    guard let place = places[number] else { return }
    workers[place].busySeconds += seconds
    workers[place].bytesSent += byteCount
    add(label, place, from: max(now - seconds, jobs.last?.start ?? 0), to: now)
  }

  /// Records the state of a member of a training group; called periodically.
  /// - Parameters:
  ///   - job: The number of the training.
  ///   - waited: The milliseconds that it has waited for other members since the beginning of the training.
  ///   - bytes: The bytes that it has sent since the beginning of the training.
  package mutating func noteTraining(
    _ label: String, by number: UInt64, job: UInt64, waited: UInt64, bytes: UInt64, at now: Double
  ) {
    guard let place = places[number] else { return }
    var before: (job: UInt64, waited: UInt64, bytes: UInt64) = (job, 0, 0)
    if let last = reported[place], last.job == job { before = last }
    workers[place].waitingSeconds += Double(waited - min(before.waited, waited)) / 1_000
    workers[place].bytesSent &+= Int(clamping: bytes - min(before.bytes, bytes))
    reported[place] = (job, waited, bytes)
    if let index = newest[place], spans[index].job == jobs.count - 1, spans[index].label == label,
      now - spans[index].end < Self.maxGap
    {
      workers[place].busySeconds += now - spans[index].end
      spans[index].end = now
    } else {
      add(label, place, from: now, to: now)
    }
  }

  /// Seconds without a report after which a member counts as absent.
  private static let maxGap = 1.0

  private mutating func add(_ label: String, _ worker: Int, from start: Double, to end: Double) {
    if spans.count >= Self.maxSpans { mergeAdjacentSpans() }
    newest[worker] = spans.count
    spans.append(Span(worker: worker, job: jobs.count - 1, label: label, start: start, end: end))
  }

  /// Merges every two adjacent spans of each worker within a job.
  private mutating func mergeAdjacentSpans() {
    var joined: [Span] = []
    /// The span of each worker that the next one is merged with.
    var last: [Int: Int] = [:]
    newest = [:]
    for span in spans {
      if let index = last.removeValue(forKey: span.worker), joined[index].job == span.job {
        (joined[index].label, joined[index].end) = ("several", span.end)
        continue
      }
      (last[span.worker], newest[span.worker]) = (joined.count, joined.count)
      joined.append(span)
    }
    spans = joined
  }
}
