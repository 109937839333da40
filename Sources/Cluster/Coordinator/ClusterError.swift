package import Coordination

/// Why a cluster could not complete a job.
package enum ClusterError: Error, Equatable, CustomStringConvertible {
  /// The results of the workers are not reliable.
  case faulty(String)
  /// These tasks failed, with reasons; all others are done.
  case quarantined(String)

  package var description: String {
    switch self {
    case .faulty(let reason): reason
    case .quarantined(let tasks): "no result for \(tasks); the rest is done"
    }
  }

  package init(quarantined chunks: [(chunk: Chunk, reason: String)], unit: String) {
    func name(_ chunk: Chunk) -> String {
      chunk.count == 1 ? "\(unit) \(chunk.first)" : "\(unit)s \(chunk.first) to \(chunk.first + chunk.count - 1)"
    }
    let reasons = Dictionary(grouping: chunks, by: \.reason).sorted {
      $0.value[0].chunk.first < $1.value[0].chunk.first
    }
    let texts = reasons.map { reason, chunks in
      chunks.map { name($0.chunk) }.joined(separator: ", ") + ": " + reason
    }
    self = .quarantined(texts.joined(separator: "; "))
  }
}
