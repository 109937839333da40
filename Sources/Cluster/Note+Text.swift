internal import Compute
internal import Coordination

extension Coordinator.Note {
  /// For people; nil for what they need not know.
  func text(name: (WorkerID) -> String, tensorName: (Int, _ job: UInt64) -> String) -> String? {
    switch self {
    case .joined(_, let profile):
      return
        "joined: \(profile.host), process \(profile.process), \(counted(Int(profile.threads), "thread")), \(profile.instructionSet)"
    case .lost(let worker, .leaving): return "left: \(name(worker))"
    case .lost(let worker, .disconnected): return "lost: \(name(worker)); its work goes to others"
    case .lost(let worker, .silent): return "lost: \(name(worker)) says nothing any more; its work goes to others"
    case .lost(let worker, .unresponsive): return "lost: \(name(worker)) does not receive its orders; its work goes to others"
    case .lost(let worker, .excluded(let reason)): return "\(name(worker)) cannot do this job: \(reason)"
    case .quarantined(let chunk, _, let reason):
      let units = chunk.count == 1 ? "unit \(chunk.first)" : "units \(chunk.first) to \(chunk.first + chunk.count - 1)"
      return "quarantined: \(units): \(reason)"
    case .resultsDiffer(_, let first, let second):
      return "\(name(first)) and \(name(second)) have computed different results for the same work"
    case .deviates(let deviation, let job):
      let tensors = deviation.tensors.map { tensorName($0, job) }.joined(separator: ", ")
      let what = tensors.isEmpty ? "a gradient that several computed" : tensors
      return
        "expelled: \(name(deviation.worker)) differs from the others in \(what) after round \(deviation.step)"
    case .unusable(let worker, let reason):
      return "a result of \(name(worker)) cannot be used, and is computed again: \(reason)"
    case .begun(_, let generation, let step, let members):
      return generation == 1
        ? nil : "training goes on with \(counted(members, "worker")) after round \(step)"
    case .noWorkersLeft: return "no worker is left; waiting for one to join"
    }
  }
  /// Whether something went wrong; that a worker leaves or a job goes on is no fault.
  var isFault: Bool {
    switch self {
    case .joined, .begun, .lost(_, .leaving): false
    case .lost, .quarantined, .resultsDiffer, .deviates, .unusable, .noWorkersLeft: true
    }
  }
}
