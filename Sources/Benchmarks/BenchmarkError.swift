internal import EmulatedNetwork
package import Models
internal import Text

/// Why a measurement has no valid result.
package enum BenchmarkError: Error, CustomStringConvertible {
  case digestsDiffer(ModelKind)
  case configurationsMissing(Int)
  /// This process may not create the hosts of an emulated network.
  case notAllowed(String)
  /// This system cannot emulate a network.
  case unavailable(String)

  init(_ error: EmulationError) {
    switch error {
    case .notAllowed: self = .notAllowed(error.description)
    case .unavailable: self = .unavailable(error.description)
    }
  }

  package var description: String {
    switch self {
    case .digestsDiffer(let kind):
      "two fits of \(kind.rawValue) on the same data gave different models: this is a bug in Atelier"
    case .configurationsMissing(let count):
      "\(counted(count, "configuration")) of a measured sweep have no score; use another data set for the benchmark"
    case .notAllowed(let reason), .unavailable(let reason): reason
    }
  }
}
