internal import Compute
internal import Coordination
package import Datasets
internal import Foundation
internal import Models
package import Selection

/// A network of a sweep, which a team trains and then judges.
package struct TeamFit: Sendable {
  /// By which people and the sweep know it.
  package let number: Int
  /// ``NetworkSettings``, as text.
  package let settings: [String: String]
  package let division: ImageDivision

  package init(number: Int, settings: [String: String], division: ImageDivision) {
    (self.number, self.settings, self.division) = (number, settings, division)
  }
}

package enum TeamFitEnd: Sendable {
  /// Its scores, or why it can have none: the same wherever it is tried.
  case known(FitOutcome, FitTime)
  /// Workers have died of it, or what it has come to cannot be kept.
  case quarantined(reason: String)
}

/// Networks of a sweep, trained side by side.
extension Cluster {
  /// Trains networks by teams of workers, as many at a time as there are workers for: to the same bits as one worker would come to.
  ///
  /// - Parameters:
  ///   - size: workers of a team; where there are fewer, one team has them all
  ///   - next: asked whenever there are workers for another team: what they train, or nil for now. After an end it is asked again. All is done
  ///     when it is nil and nothing is being trained.
  ///   - ended: told once of the end of each
  /// - Throws: `CancellationError` if stopped; what the closures throw; ``ClusterError``
  package func trainTeams(
    of size: Int, on images: LabeledImages, classCount: Int, next: @escaping () throws -> TeamFit?,
    onEnd: @escaping (TeamFit, TeamFitEnd) throws -> Void, progress: ProgressHandler
  ) throws {
    let fits = TeamFits(
      cluster: self, size: size, images: images, name: try share(.images(images)), classCount: classCount, next: next,
      onEnd: onEnd)
    defer { fits.close() }
    try run(fits, progress: progress)
  }
}

/// What teams do, for the cluster that has them work.
protocol TeamJobs: AnyObject {
  /// See ``Cluster/ReadResult`` and ``Cluster/ReadCheckpoint``.
  func read(_ chunk: Chunk, of job: UInt64, _ bytes: UnsafeRawBufferPointer) throws -> () throws -> Void
  func readCheckpoint(_ checkpoint: Checkpoint, _ bytes: UnsafeRawBufferPointer) throws -> () throws -> Void
  /// - Parameter reason: why units of the job were set aside
  func ended(_ job: UInt64, _ end: Coordinator.JobEnd, reason: String?) throws
  /// Begins jobs, if there are workers for them.
  func beginMore() throws
  var isDone: Bool { get }
  /// Of the network that the job trains.
  func plan(of job: UInt64) -> NetworkPlan?
  /// What people call the jobs in hand.
  var numbers: [UInt64: Int] { get }
  var progress: FitProgress { get }
}

/// Trials on their way: each is a training, and then a job of judging what it has come to. Both are done by workers, so that the coordinator has
/// time to listen.
private final class TeamFits: TeamJobs {
  private struct Open {
    let trial: TeamFit
    let plan: NetworkPlan
    let team: Team
    let start = ContinuousClock.now
    var trained: ContinuousClock.Instant?
    /// As workers are told.
    var description: JobDescription
    /// The state that the training has come to.
    var state: [Tensor] = []
    /// The newest last.
    var files: [SHA256] = []
    var nextCheckpointTime = ContinuousClock.now
    /// Of the test images; nil until the training has ended.
    var probabilities: BlockProbabilities?
  }

  private unowned let cluster: Cluster
  private let size: Int
  private let images: LabeledImages
  private let name: SHA256
  private let classCount: Int
  private let next: () throws -> TeamFit?
  private let onEnd: (TeamFit, TeamFitEnd) throws -> Void
  private var open: [UInt64: Open] = [:]
  private var endedCount = 0
  private var hasMore = true
  /// Of the test images of each division.
  private var labels: [ImageDivision: [UInt8]] = [:]
  /// Of the training images of each.
  private var trainingLabelsByDivision: [ImageDivision: [UInt8]] = [:]

  /// Who joins late may still fetch an older one.
  private static let keptFiles = 4

  init(
    cluster: Cluster, size: Int, images: LabeledImages, name: SHA256, classCount: Int,
    next: @escaping () throws -> TeamFit?, onEnd: @escaping (TeamFit, TeamFitEnd) throws -> Void
  ) {
    (self.cluster, self.size, self.images, self.name) = (cluster, size, images, name)
    (self.classCount, self.next, self.onEnd) = (classCount, next, onEnd)
  }

  var isDone: Bool { open.isEmpty && !hasMore }
  var numbers: [UInt64: Int] { open.mapValues(\.trial.number) }
  var progress: FitProgress { FitProgress(done: endedCount, total: endedCount + open.count, unit: .fits) }

  func plan(of job: UInt64) -> NetworkPlan? { open[job]?.plan }

  func close() { for trial in open.values { withdraw(trial) } }

  private func withdraw(_ trial: Open) { for file in trial.files { cluster.withdraw(file) } }

  // MARK: Begin

  func beginMore() throws {
    while open.isEmpty || cluster.hasWorkers(forTeamOf: size) {
      guard let trial = try next() else {
        hasMore = false
        return
      }
      hasMore = true
      do { try begin(trial) } catch let error as ModelError {
        try end(trial, .known(FitOutcome(failure: "\(error)"), FitTime(fitSeconds: 0, scoreSeconds: 0)))
      }
    }
  }

  private func begin(_ trial: TeamFit) throws {
    let settings = try NetworkSettings(text: trial.settings)
    try settings.validate()
    let plan = try NetworkPlan(settings.layers, input: images.shape, classCount: classCount)
    var description = JobDescription()
    (description.activity, description.settings, description.classCount) = (.trainTeamFit, settings.text, UInt32(classCount))
    (description.images, description.division) = (.init(name.bytes), .init(trial.division.json))
    // Who has no shards has nothing to do.
    let team = Team(of: size, atMost: settings.shards)
    let group = TrainingGroup(
      savedStep: 0,
      rounds: UInt64(NetworkTrainer.rounds(of: settings, labels: trainingLabels(of: trial.division))),
      shards: settings.shards)
    let job = try cluster.begin(description, .training(group), team: team)
    open[job] = Open(trial: trial, plan: plan, team: team, description: description)
  }

  // MARK: What comes

  func readCheckpoint(_ checkpoint: Checkpoint, _ bytes: UnsafeRawBufferPointer) throws -> () throws -> Void {
    let tensors = try SafetensorsFile(bytes: bytes, name: "the checkpoint").tensors
    guard try Cluster.round(of: tensors) == checkpoint.step else {
      throw ModelError.badModel("the checkpoint is of another step than it was announced for")
    }
    return { self.keep(tensors, of: checkpoint) }
  }

  private func keep(_ tensors: [Tensor], of checkpoint: Checkpoint) {
    if checkpoint.finished {
      open[checkpoint.job]?.state = tensors
      return
    }
    // The more there are, the less often each: to hash and to copy takes time.
    guard let trial = open[checkpoint.job], .now >= trial.nextCheckpointTime else { return }
    open[checkpoint.job]!.nextCheckpointTime = .now + .seconds(2 * open.count)
    do { try share(tensors, of: checkpoint.job) } catch {
      // Who joins late has more to do without it, and that is all.
      open[checkpoint.job]!.nextCheckpointTime = .now + .seconds(60)
      return cluster.report("number \(trial.trial.number) goes on without a checkpoint: \(error)", isFault: true)
    }
    cluster.updateDescription(of: checkpoint.job, to: open[checkpoint.job]!.description)
  }

  /// From now on workers begin with this state.
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

  // MARK: Ends

  func ended(_ job: UInt64, _ end: Coordinator.JobEnd, reason: String?) throws {
    guard let trial = open.removeValue(forKey: job) else { return }
    switch end {
    case .trained:
      // What cannot be kept now may be when the search is resumed.
      do { try evaluate(trial) } catch let error as FileError { try self.end(trial, .quarantined(reason: "\(error)")) }
    case .done(let quarantined):
      if !quarantined.isEmpty {
        try self.end(trial, .quarantined(reason: reason ?? "it cannot be judged"))
      } else {
        try self.end(trial, .known(outcome(of: trial), time(of: trial)))
      }
    case .impossible(let reason): try self.end(trial, .known(FitOutcome(failure: reason), time(of: trial)))
    case .givenUp(let reason): try self.end(trial, .quarantined(reason: reason))
    case .failed(let reason): throw ClusterError.faulty(reason)
    }
  }

  /// The team that trained the network is free now, and the first to be asked.
  private func evaluate(_ trained: Open) throws {
    let labels = labels(of: trained.trial.division)
    var trial = trained
    trial.trained = .now
    trial.description.activity = .evaluateTeamFit
    trial.description.imagesPerTask = UInt32(BlockProbabilities.imagesPerTask)
    let probabilities = BlockProbabilities(imageCount: labels.count, classCount: classCount)
    trial.probabilities = probabilities
    let file = try cluster.share(.checkpoint(trial.state), isPinned: true)
    trial.description.checkpoint = .init(file.bytes)
    trial.files.append(file)
    trial.state = []
    let job = try cluster.begin(trial.description, .tasks(TaskPool(tasks: [probabilities.units])), team: trial.team)
    open[job] = trial
  }

  private func end(_ trial: Open, _ end: TeamFitEnd) throws {
    withdraw(trial)
    try self.end(trial.trial, end)
  }

  private func end(_ trial: TeamFit, _ end: TeamFitEnd) throws {
    endedCount += 1
    hasMore = true
    try onEnd(trial, end)
  }

  private func outcome(of trial: Open) -> FitOutcome {
    FitOutcome(
      probabilities: trial.probabilities?.values ?? [], labels: labels(of: trial.trial.division),
      classCount: classCount)
  }

  private func time(of trial: Open) -> FitTime {
    let trained = trial.trained ?? .now
    return FitTime(
      fitSeconds: (trained - trial.start) / .seconds(1),
      scoreSeconds: trial.trained == nil ? 0 : (ContinuousClock.now - trained) / .seconds(1))
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
