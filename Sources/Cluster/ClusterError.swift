internal import Coordination

/// Why a cluster could not do a job.
package enum ClusterError: Error, Equatable, CustomStringConvertible {
  /// What the workers have computed cannot be relied on.
  case faulty(String)
  /// These units could not be done, and why; all others are done.
  case setAside(units: String, reason: String)

  package var description: String {
    switch self {
    case .faulty(let reason): reason
    case .setAside(let units, let reason): "no result for \(units): \(reason); the rest is done"
    }
  }

  init(setAside chunks: [Chunk], unit: String, reason: String) {
    let units = chunks.map {
      $0.count == 1 ? "\(unit) \($0.first)" : "\(unit)s \($0.first) to \($0.first + $0.count - 1)"
    }
    self = .setAside(units: units.joined(separator: ", "), reason: reason)
  }
}
