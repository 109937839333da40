internal import Compute
internal import Coordination
package import Datasets
internal import Files
internal import Foundation
internal import Models
package import Progress
package import Selection

/// A network of a sweep that a team trains and evaluates.
package struct TeamFit: Sendable {
  /// The number of the fit in the sweep and in messages to the user.
  package let number: Int
  /// The text form of ``NetworkSettings``.
  package let settings: [String: String]
  package let division: ImageDivision

  package init(number: Int, settings: [String: String], division: ImageDivision) {
    (self.number, self.settings, self.division) = (number, settings, division)
  }
}

package enum TeamFitEnd: Sendable {
  /// The scores of the network, or why it cannot be fitted; the same wherever it is trained.
  case known(FitOutcome, FitTime)
  /// The fit crashed workers, no worker had enough memory for it, or its state could not be stored.
  case quarantined(reason: String)
}

/// Networks of a sweep, trained side by side.
extension Cluster {
  /// Trains networks with teams of workers, as many at a time as there are workers. The results have the same bits as
  /// with one worker.
  ///
  /// - Parameters:
  ///   - size: The number of workers of a team. With fewer workers, one team has them all.
  ///   - next: Called whenever there are workers for another team, and after each end. Returns the next network to
  ///     train, or nil if there is none for now. The call ends when it returns nil and no network is being trained.
  ///   - onEnd: Called once with the end of each fit.
  /// - Throws: `CancellationError` if stopped; the errors of the closures; ``ClusterError``.
  package func trainTeams(
    of size: Int, on images: LabeledImages, classCount: Int, next: @escaping () throws -> TeamFit?,
    onEnd: @escaping (TeamFit, TeamFitEnd) throws -> Void, progress: (ClusterProgress) -> Bool
  ) throws {
    let fits = TeamFits(
      cluster: self, size: size, images: images, name: try share(.images(images)), classCount: classCount, next: next,
      onEnd: onEnd)
    defer { fits.close() }
    try run(fits, progress: progress)
  }
}

/// The jobs of teams, as the cluster's loop sees them.
protocol TeamJobs: AnyObject {
  /// See ``Cluster/ReadResult`` and ``Cluster/ReadCheckpoint``.
  func read(_ chunk: Chunk, of job: UInt64, _ bytes: UnsafeRawBufferPointer) throws -> () throws -> Void
  func readCheckpoint(_ checkpoint: Checkpoint, _ bytes: UnsafeRawBufferPointer) throws -> () throws -> Void
  /// Handles the end of a job.
  /// - Parameter reason: Why tasks of the job were quarantined.
  func ended(_ job: UInt64, _ end: Coordinator.JobEnd, reason: String?) throws
  /// Begins jobs while there are workers for them.
  func beginMore() throws
  var isDone: Bool { get }
  /// Returns the plan of the network that the job trains.
  func plan(of job: UInt64) -> NetworkPlan?
  /// The number of each current job's fit, by job.
  var numbers: [UInt64: Int] { get }
  var progress: FitProgress { get }
}

/// The current team fits. Each is a training job and then a job that predicts the hold-out set. Workers do both, so
/// that the coordinator stays responsive.
private final class TeamFits: TeamJobs {
  private struct OpenFit {
    let request: TeamFit
    let plan: NetworkPlan
    let team: Team
    let start = ContinuousClock.now
    var trained: ContinuousClock.Instant?
    /// The description that workers receive.
    var description: JobDescription
    /// The final state of the training.
    var state: [Tensor] = []
    /// Published states, the newest last.
    var files: [SHA256] = []
    var nextCheckpointTime = ContinuousClock.now
    /// The predictions of the hold-out set; nil until the training has ended.
    var probabilities: BlockProbabilities?
  }

  private unowned let cluster: Cluster
  private let size: Int
  private let images: LabeledImages
  private let name: SHA256
  private let classCount: Int
  private let next: () throws -> TeamFit?
  private let onEnd: (TeamFit, TeamFitEnd) throws -> Void
  private var open: [UInt64: OpenFit] = [:]
  private var endedCount = 0
  private var hasMore = true
  /// The labels of the hold-out set of each division.
  private var labels: [ImageDivision: [UInt8]] = [:]
  /// The labels of the training images of each division.
  private var trainingLabelsByDivision: [ImageDivision: [UInt8]] = [:]

  /// The number of published states that are kept for workers that are still downloading an older one.
  private static let keptFiles = 4

  init(
    cluster: Cluster, size: Int, images: LabeledImages, name: SHA256, classCount: Int,
    next: @escaping () throws -> TeamFit?, onEnd: @escaping (TeamFit, TeamFitEnd) throws -> Void
  ) {
    (self.cluster, self.size, self.images, self.name) = (cluster, size, images, name)
    (self.classCount, self.next, self.onEnd) = (classCount, next, onEnd)
  }

  var isDone: Bool { open.isEmpty && !hasMore }
  var numbers: [UInt64: Int] { open.mapValues(\.request.number) }
  var progress: FitProgress { FitProgress(done: endedCount, total: endedCount + open.count, unit: .fits) }

  func plan(of job: UInt64) -> NetworkPlan? { open[job]?.plan }

  func close() { for fit in open.values { withdraw(fit) } }

  private func withdraw(_ fit: OpenFit) { for file in fit.files { cluster.withdraw(file) } }

  // MARK: Beginning

  func beginMore() throws {
    while open.isEmpty || cluster.hasWorkers(forTeamOf: size) {
      guard let fit = try next() else {
        hasMore = false
        return
      }
      hasMore = true
      do { try begin(fit) } catch let error as ModelError {
        try end(fit, .known(FitOutcome(failure: "\(error)"), FitTime(fitSeconds: 0, scoreSeconds: 0)))
      }
    }
  }

  private func begin(_ fit: TeamFit) throws {
    let settings = try NetworkSettings(complete: fit.settings)
    let plan = try NetworkPlan(settings.layers, input: images.shape, classCount: classCount)
    var description = JobDescription()
    (description.activity, description.family) = (.trainTeamFit, ModelKind.cnn.rawValue)
    description.settings = settings.text
    description.classCount = UInt32(classCount)
    (description.images, description.division) = (.init(name.bytes), .init(fit.division.json))
    // A member without shards has nothing to do.
    let team = Team(of: size, atMost: settings.shards)
    let group = TrainingGroup(
      savedStep: 0,
      rounds: UInt64(NetworkTrainer.rounds(of: settings, labels: trainingLabels(of: fit.division))),
      shards: settings.shards)
    let job = try cluster.begin(description, .training(group), team: team)
    open[job] = OpenFit(request: fit, plan: plan, team: team, description: description)
  }

  // MARK: Results

  func readCheckpoint(_ checkpoint: Checkpoint, _ bytes: UnsafeRawBufferPointer) throws -> () throws -> Void {
    let tensors = try SafetensorsFile(bytes: bytes, name: "the checkpoint").tensors
    guard try Cluster.round(of: tensors) == checkpoint.step else {
      throw ModelError.badModel("the checkpoint's content is of another step than announced")
    }
    return { self.keep(tensors, of: checkpoint) }
  }

  private func keep(_ tensors: [Tensor], of checkpoint: Checkpoint) {
    if checkpoint.finished {
      open[checkpoint.job]?.state = tensors
      return
    }
    // Hashing and copying take time, so the interval grows with the number of fits.
    guard let fit = open[checkpoint.job], .now >= fit.nextCheckpointTime else { return }
    open[checkpoint.job]!.nextCheckpointTime = .now + .seconds(2 * open.count)
    do { try share(tensors, of: checkpoint.job) } catch {
      // Without a published state, workers that join later have to repeat more steps.
      open[checkpoint.job]!.nextCheckpointTime = .now + .seconds(60)
      return cluster.report("number \(fit.request.number) continues without a new checkpoint: \(error)", isFault: true)
    }
    cluster.updateDescription(of: checkpoint.job, to: open[checkpoint.job]!.description)
  }

  /// Publishes the state at which workers that join later begin.
  private func share(_ tensors: [Tensor], of job: UInt64) throws {
    let file = try cluster.share(.checkpoint(tensors), isPinned: true)
    open[job]!.description.checkpoint = .init(file.bytes)
    open[job]!.files.append(file)
    if open[job]!.files.count > Self.keptFiles { cluster.withdraw(open[job]!.files.removeFirst()) }
  }

  func read(_ chunk: Chunk, of job: UInt64, _ bytes: UnsafeRawBufferPointer) throws -> () throws -> Void {
    guard let values = try open[job]?.probabilities?.read(bytes, of: chunk.tasks) else { return {} }
    return { self.open[job]?.probabilities?.add(values, of: chunk.tasks) }
  }

  // MARK: Endings

  func ended(_ job: UInt64, _ end: Coordinator.JobEnd, reason: String?) throws {
    guard let fit = open.removeValue(forKey: job) else { return }
    switch end {
    case .trained:
      // A state that cannot be stored now may be stored when the sweep is resumed.
      do { try evaluate(fit) } catch let error as FileError { try self.end(fit, .quarantined(reason: "\(error)")) }
    case .done(let quarantined):
      if !quarantined.isEmpty {
        try self.end(fit, .quarantined(reason: reason ?? "it cannot be evaluated"))
      } else {
        try self.end(fit, .known(outcome(of: fit), time(of: fit)))
      }
    case .impossible(let reason): try self.end(fit, .known(FitOutcome(failure: reason), time(of: fit)))
    case .abandoned(let reason): try self.end(fit, .quarantined(reason: reason))
    case .failed(let reason): throw ClusterError.faulty(reason)
    }
  }

  /// Begins the evaluation of a network. The team that trained it is free now, and is preferred.
  private func evaluate(_ trained: OpenFit) throws {
    let labels = labels(of: trained.request.division)
    var fit = trained
    fit.trained = .now
    fit.description.activity = .evaluateTeamFit
    fit.description.imagesPerTask = UInt32(BlockProbabilities.imagesPerTask)
    let probabilities = BlockProbabilities(imageCount: labels.count, classCount: classCount)
    fit.probabilities = probabilities
    let file = try cluster.share(.checkpoint(fit.state), isPinned: true)
    fit.description.checkpoint = .init(file.bytes)
    fit.files.append(file)
    fit.state = []
    let job = try cluster.begin(fit.description, .tasks(TaskPool(tasks: [probabilities.tasks])), team: fit.team)
    open[job] = fit
  }

  private func end(_ fit: OpenFit, _ end: TeamFitEnd) throws {
    withdraw(fit)
    try self.end(fit.request, end)
  }

  private func end(_ fit: TeamFit, _ end: TeamFitEnd) throws {
    endedCount += 1
    hasMore = true
    try onEnd(fit, end)
  }

  private func outcome(of fit: OpenFit) -> FitOutcome {
    FitOutcome(
      probabilities: fit.probabilities?.values ?? [], labels: labels(of: fit.request.division),
      classCount: classCount)
  }

  private func time(of fit: OpenFit) -> FitTime {
    let trained = fit.trained ?? .now
    return FitTime(
      fitSeconds: (trained - fit.start) / .seconds(1),
      scoreSeconds: fit.trained == nil ? 0 : (ContinuousClock.now - trained) / .seconds(1))
  }

  private func labels(of division: ImageDivision) -> [UInt8] {
    divide(division)
    return labels[division]!
  }

  private func trainingLabels(of division: ImageDivision) -> [UInt8] {
    divide(division)
    return trainingLabelsByDivision[division]!
  }

  private func divide(_ division: ImageDivision) {
    guard labels[division] == nil else { return }
    let (training, test) = division.divide(images)
    (labels[division], trainingLabelsByDivision[division]) = (test.labels, training.labels)
  }
}
