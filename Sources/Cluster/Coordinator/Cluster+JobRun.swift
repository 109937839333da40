internal import Coordination
internal import Models
internal import Progress

extension Cluster {
  /// The state of the current job.
  struct JobRun {
    let read: ReadResult
    let readCheckpoint: ReadCheckpoint
    /// The number of a result's bytes that are the same whichever worker computes them: see ``TaskRunner``.
    var checkedCount: (UnsafeRawBufferPointer) -> Int = { $0.count }
    /// The plan of the network that a job trains; nil for other jobs.
    let plan: (_ job: UInt64) -> NetworkPlan?
    let unit: FitProgress.Unit
    /// The number of tasks known so far.
    var total: Int
    var rates: WorkerRates
    /// The source of further tasks, if the pool may grow.
    var growth: Growth?
    /// The jobs of teams, if the job consists of those, and the jobs among them whose end has not been handled yet.
    var teams: (any TeamJobs)?
    var ended: [(job: UInt64, end: Coordinator.JobEnd)] = []
    var end: Coordinator.JobEnd?
    var error: (any Error)?
    /// Completed epochs that have not been reported yet, and the number of the last one.
    var epochEnds: [FitProgress] = []
    var lastEpoch = 0
  }

  /// Decodes the bytes of a chunk's result. Throws if the bytes are invalid, which counts against the worker. The
  /// returned closure stores the decoded content, and throws if this process cannot store it.
  typealias ReadResult = (Chunk, _ job: UInt64, UnsafeRawBufferPointer) throws -> () throws -> Void
  typealias ReadCheckpoint = (Checkpoint, UnsafeRawBufferPointer) throws -> () throws -> Void

  /// The source of tasks of a job whose later tasks depend on earlier results.
  struct Growth {
    /// Called whenever all tasks are handed out. Returns further tasks, numbered from the last one on, and the name of
    /// the file that describes them; nil if there are none for now. If no worker has a task then, the job is done.
    let next: () throws -> (tasks: Range<Int>, file: SHA256)?
    /// Called with each quarantined chunk and the reason.
    let onQuarantine: (Chunk, String) throws -> Void
  }
}
