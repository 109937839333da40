internal import Coordination

/// Why a cluster could not do a job.
package enum ClusterError: Error, Equatable, CustomStringConvertible {
  /// What the workers have computed cannot be relied on.
  case faulty(String)
  /// Workers have died of these units; all others are done.
  case setAside(String)

  package var description: String {
    switch self {
    case .faulty(let reason): reason
    case .setAside(let units):
      "no result for \(units): every worker that was given them died; the rest is done. Is there enough memory for them?"
    }
  }

  init(setAside chunks: [Chunk], unit: String) {
    self = .setAside(
      chunks.map { $0.count == 1 ? "\(unit) \($0.first)" : "\(unit)s \($0.first) to \($0.first + $0.count - 1)" }
        .joined(separator: ", "))
  }
}
