internal import Coordination
internal import Models

extension Cluster {
  /// What the job in hand needs while it runs.
  struct JobRun {
    let read: ReadResult
    let readCheckpoint: ReadCheckpoint
    /// How many of a result's bytes any worker would have come to: see ``TaskRunner``.
    var checkedCount: (UnsafeRawBufferPointer) -> Int = { $0.count }
    /// Of the network that a job trains; nil for other jobs.
    let plan: (_ job: UInt64) -> NetworkPlan?
    let unit: FitProgress.Unit
    /// Units that are known of.
    var total: Int
    var rates: WorkerRates
    /// Where more units come from, if the pool may grow.
    var growth: Growth?
    /// Of teams: what they do, and jobs that have ended since they were last told.
    var teams: (any TeamJobs)?
    var ended: [(job: UInt64, end: Coordinator.JobEnd)] = []
    var end: Coordinator.JobEnd?
    var error: (any Error)?
    /// Ends of epochs that have not been told yet, and the last that was noted.
    var epochEnds: [FitProgress] = []
    var lastEpoch = 0
  }

  /// Reads the bytes of a chunk's result. Throws if they are not what they must be, which is the worker's fault; what it returns keeps them, and
  /// throws if that is impossible here.
  typealias ReadResult = (Chunk, _ job: UInt64, UnsafeRawBufferPointer) throws -> () throws -> Void
  typealias ReadCheckpoint = (Checkpoint, UnsafeRawBufferPointer) throws -> () throws -> Void

  /// Of a job whose units depend on what comes of others.
  struct Growth {
    /// Asked whenever nothing is left to hand out: more units, numbered on from those before, and the name of the file that says what they are;
    /// nil: none for now. If nobody works on anything then, the job is done.
    let next: () throws -> (units: Range<Int>, file: SHA256)?
    /// Told of units that nobody can do, and why.
    let onQuarantine: (Chunk, String) throws -> Void
  }
}
