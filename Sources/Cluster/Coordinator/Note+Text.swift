internal import Coordination
internal import Text

extension Coordinator.Note {
  /// Returns the message to the user; nil for notes that are not reported.
  func text(name: (WorkerID) -> String, tensorName: (Int, _ job: UInt64) -> String) -> String? {
    switch self {
    case .joined(_, let profile):
      let threads = counted(Int(profile.threads), "thread")
      return "joined: \(profile.host), process \(profile.process), \(threads), \(profile.instructionSet)"
    case .lost(let worker, .leaving): return "left: \(name(worker))"
    case .lost(let worker, .disconnected): return "lost: \(name(worker)); its work is reassigned"
    case .lost(let worker, .silent):
      return "lost: \(name(worker)) sent no message within the worker timeout; its work is reassigned"
    case .lost(let worker, .unresponsive):
      return "lost: \(name(worker)) does not receive its orders; its work is reassigned"
    case .lost(let worker, .excluded(let reason)): return "\(name(worker)) cannot run this job: \(reason)"
    case .quarantined(let chunk, _, let reason): return "quarantined: \(Self.tasks(chunk)): \(reason)"
    case .refused(let chunk, let worker, let reason):
      return "\(name(worker)) cannot run \(Self.tasks(chunk)): \(reason)"
    case .resultsDiffer(_, let first, let second):
      return "\(name(first)) and \(name(second)) computed different results for the same task"
    case .deviates(let deviation, let job):
      let tensors = deviation.tensors.map { tensorName($0, job) }.joined(separator: ", ")
      let what = tensors.isEmpty ? "a gradient that several members computed" : tensors
      return
        "expelled: \(name(deviation.worker)) differs from the other members in \(what) after round \(deviation.step)"
    case .unusable(let worker, let reason):
      return "invalid result from \(name(worker)), which is computed again: \(reason)"
    case .begun(_, let generation, let step, let members):
      return generation == 1
        ? nil : "training resumed with \(counted(members, "worker")) after round \(step)"
    case .noWorkersLeft: return "no worker is left; waiting for one to join"
    }
  }

  private static func tasks(_ chunk: Chunk) -> String {
    chunk.count == 1 ? "task \(chunk.first)" : "tasks \(chunk.first) to \(chunk.first + chunk.count - 1)"
  }

  /// Whether the note reports a failure.
  var isFault: Bool {
    switch self {
    case .joined, .begun, .lost(_, .leaving): false
    case .lost, .quarantined, .refused, .resultsDiffer, .deviates, .unusable, .noWorkersLeft: true
    }
  }
}
