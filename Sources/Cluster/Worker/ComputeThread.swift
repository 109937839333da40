internal import Compute
internal import Coordination
internal import Datasets
internal import Files
internal import Foundation
internal import Models
internal import SwiftProtobuf
internal import Synchronization
internal import Transport

/// The computing thread of a worker, which carries out commands one after the other and reports the results.
///
/// This thread alone uses the team of the compute context and the sockets of the exchange.
final class ComputeThread: Sendable {
  let commands: ThreadQueue<WorkerCommand>
  let reports: ThreadQueue<WorkerReport>
  private let ended = DispatchSemaphore(value: 0)

  private init() throws(TransportError) { (commands, reports) = (try ThreadQueue(), try ThreadQueue()) }

  /// How the worker listens for other members.
  struct Exchange: Sendable {
    let endpoint: Endpoint
    let keys: KeyPair?
    let accessControl: AccessControl?
    let context: SocketContext
    let bounds: Socket.Bounds
    /// The address to advertise to other workers, if it differs from the one at which the worker listens.
    let advertised: AdvertisedAddress?
  }

  /// - Parameter exchange: nil if no other worker can be a member of the same group.
  /// - Returns: The thread, and the endpoint at which its exchange listens.
  static func start(
    worker: WorkerID, on context: ComputeContext, blobs: BlobStore, exchange: Exchange?, limits: Limits
  ) throws(TransportError) -> (thread: ComputeThread, endpoint: Endpoint?) {
    let computing = try ComputeThread()
    let ready = DispatchSemaphore(value: 0)
    let bound = Mutex<Result<Endpoint?, TransportError>>(.success(nil))
    let body: @Sendable () -> Void = {
      var links: ExchangeLinks?
      do throws(TransportError) {
        if let exchange {
          links = try ExchangeLinks(
            listeningAt: exchange.endpoint, keys: exchange.keys, accessControl: exchange.accessControl,
            bounds: exchange.bounds, in: exchange.context)
        }
        var endpoint = links?.endpoint
        if let address = exchange?.advertised, let bound = endpoint { endpoint = try address.endpoint(for: bound) }
        let advertised = endpoint
        bound.withLock { $0 = .success(advertised) }
      } catch {
        bound.withLock { $0 = .failure(error) }
      }
      ready.signal()
      let work = WorkerCompute(
        worker: worker, context: context, blobs: blobs, links: links, limits: limits, commands: computing.commands,
        report: computing.reports.post)
      work.run()
      computing.ended.signal()
    }
    do { try SystemThread.start("atelier-compute", body) } catch { throw TransportError("\(error)") }
    ready.wait()
    do {
      return (computing, try bound.withLock { $0 }.get())
    } catch {
      computing.commands.post(.end)
      throw error
    }
  }

  /// Stops the thread and waits for its end.
  func end() {
    commands.post(.end)
    ended.wait()
  }
}

/// The loop of the computing thread.
private final class WorkerCompute {
  private let worker: WorkerID
  private let context: ComputeContext
  private let blobs: BlobStore
  private let links: ExchangeLinks?
  private let limits: Limits
  private let commands: ThreadQueue<WorkerCommand>
  private let report: (WorkerReport) -> Void
  /// The current job.
  private var job: UInt64 = 0
  private var tasks: (any TaskRunner)?
  private var training: TrainingRunner?
  private let lastDivision = LastDivision()

  init(
    worker: WorkerID, context: ComputeContext, blobs: BlobStore, links: ExchangeLinks?, limits: Limits,
    commands: ThreadQueue<WorkerCommand>, report: @escaping (WorkerReport) -> Void
  ) {
    (self.worker, self.context, self.blobs, self.links) = (worker, context, blobs, links)
    (self.limits, self.commands, self.report) = (limits, commands, report)
  }

  func run() {
    while true {
      train()
      guard let command = commands.next() else {
        var file = pollfd(fd: commands.descriptor, events: Int16(POLLIN), revents: 0)
        poll(&file, 1, 1_000)
        continue
      }
      switch command {
      case .prepare(let job): prepare(job)
      case .start(let chunk): run(chunk)
      case .drop: (tasks, training) = (nil, nil)
      case .cancel, .follow: break
      case .end: return
      }
    }
  }

  private func train() {
    guard let training else { return }
    do { try training.run(commands) } catch {
      self.training = nil
      report(.jobFailed(job: job, WorkError(error)))
    }
  }

  private func prepare(_ job: Job) {
    self.job = job.id
    do {
      let description = try JobDescription(serializedBytes: Array(job.description_p))
      try prepare(job, description)
    } catch is CancellationError {
      // The job ended while it was being prepared.
    } catch {
      report(.jobFailed(job: job.id, WorkError(error)))
    }
  }

  private func prepare(_ job: Job, _ description: JobDescription) throws {
    let isCancelled = { [commands] in commands.contains { $0.endsJob } }
    if description.activity == .nothing {
      tasks = EmptyTaskRunner()
      return
    }
    guard let name = SHA256(bytes: description.images),
      case .images(let images) = try blobs.images(name, isCancelled: isCancelled)
    else { throw JobError("the job has no images") }
    lastDivision.keep(name)
    guard (1...256).contains(description.classCount), images.labels.allSatisfy({ $0 < description.classCount }) else {
      throw JobError("the job's images have labels above its \(description.classCount) classes")
    }
    try checkMemory(description, images)
    switch description.activity {
    case .fit:
      guard let settings = try description.modelSettings else { break }
      tasks = try PartialFitRunner(images, settings, classCount: Int(description.classCount), on: context)
    case .predict:
      guard let name = SHA256(bytes: description.model),
        case .model(_, let model) = try blobs.model(name, isCancelled: isCancelled), description.imagesPerTask > 0
      else { throw JobError("the job has no model") }
      tasks = PredictionTaskRunner(
        predictor: model.predictor(on: context), images: images, imagesPerTask: Int(description.imagesPerTask))
    case .trainNetwork, .trainTeamFit:
      let part = description.activity == .trainTeamFit ? try divide(images, name, description).training : images
      training = try TrainingRunner(
        part, job: job, description: description, checkpoint: try newestCheckpoint(description, isCancelled),
        worker: worker, on: context, links: links, limits: limits, report: report)
    case .evaluateTeamFit:
      guard let state = try checkpoint(description, isCancelled), description.imagesPerTask > 0 else {
        throw JobError("the job has no network")
      }
      let (part, test) = try divide(images, name, description)
      let trainer = try NetworkTrainer(
        part, classCount: Int(description.classCount), settings: try NetworkSettings(complete: description.settings),
        on: context)
      try trainer.resume(state)
      tasks = PredictionTaskRunner(
        predictor: trainer.network.predictor(on: context), images: test,
        imagesPerTask: Int(description.imagesPerTask))
    case .fitGroups:
      tasks = FitTaskRunner(
        images: images, named: name, dividedBy: lastDivision, classCount: Int(description.classCount), on: context
      ) { [blobs] file, isCancelled in
        guard let name = SHA256(bytes: file),
          case .groups(let groups) = try blobs.groups(name, isCancelled: isCancelled)
        else { throw JobError("the chunk has no file of fits") }
        return groups
      }
    case .nothing, .UNRECOGNIZED:
      throw JobError("unsupported kind of job: \(description.activity)")
    }
  }

  /// Checks that there is enough memory, except in the coordinator's process, which has checked it already.
  private func checkMemory(_ description: JobDescription, _ images: LabeledImages) throws {
    guard links != nil, let settings = try description.modelSettings else { return }
    try ComputeThread.checkMemory(settings, images, classCount: Int(description.classCount), on: context)
  }

  private func checkpoint(_ description: JobDescription, _ isCancelled: () -> Bool) throws -> [Tensor]? {
    guard let name = SHA256(bytes: description.checkpoint),
      case .checkpoint(let tensors) = try blobs.checkpoint(name, isCancelled: isCancelled)
    else { return nil }
    return tensors
  }

  /// Returns the published state at which to begin a training; nil if there is none, or if the coordinator has replaced
  /// it meanwhile, so that another member sends its state.
  private func newestCheckpoint(_ description: JobDescription, _ isCancelled: () -> Bool) throws -> [Tensor]? {
    do { return try checkpoint(description, isCancelled) } catch is FileError where links != nil { return nil }
  }

  private func divide(
    _ images: LabeledImages, _ name: SHA256, _ description: JobDescription
  ) throws -> (training: LabeledImages, test: LabeledImages) {
    guard let division = ImageDivision(json: [UInt8](description.division)) else {
      throw JobError("the job has no valid division of its images")
    }
    return lastDivision.divide(images, named: name, by: division)
  }

  private func run(_ chunk: Chunk) {
    let start = monotonicMilliseconds()
    func end(_ bytes: [UInt8], error: WorkError? = nil) {
      let time = monotonicMilliseconds() - start
      report(
        .chunkEnded(
          chunk.id, job: job, bytes: bytes, checked: tasks?.checkedCount(of: bytes) ?? 0, milliseconds: time,
          error: error))
    }
    // Without a runner, the preparation has failed, and the coordinator has been informed.
    guard let tasks, !commands.contains(where: { $0.cancels(chunk: chunk.id) }) else { return }
    do {
      var lastReport = start
      end(
        try tasks.run(chunk) { [commands, report] done in
          let now = monotonicMilliseconds()
          if now - lastReport >= 100 {
            lastReport = now
            report(.progress(tasks: done))
          }
          return !commands.contains { $0.cancels(chunk: chunk.id) }
        })
    } catch is CancellationError {
    } catch {
      end([], error: WorkError(error))
    }
  }
}

extension WorkError {
  fileprivate init(_ error: any Error) {
    self.init()
    reason = "\(error)"
    if case ModelError.insufficientMemory = error { insufficientMemory = true }
  }
}

extension JobDescription {
  /// The settings of the model that the workers fit; nil if the tasks contain them, or no model is fitted.
  fileprivate var modelSettings: ModelSettings? {
    get throws {
      switch activity {
      case .fit, .trainNetwork, .trainTeamFit:
        guard let kind = ModelKind(rawValue: family), activity == .fit || kind.family.isSynchronous else {
          throw JobError("unknown family of models: \(family.prefix(100))")
        }
        return try ModelSettings(kind, complete: settings)
      default: return nil
      }
    }
  }
}
