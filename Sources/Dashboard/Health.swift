internal import Foundation

/// The health of the process that serves the page, as reported to a supervisor by `/healthz`.
package struct Health: Sendable {
  /// Seconds since the last iteration of the coordinator's loop; nil while there is no coordinator.
  private let loopAge: Double?

  /// The age in seconds from which the loop counts as hanging.
  private static let longest = 30.0

  package init(loopAge: Double? = nil) { self.loopAge = loopAge }

  var isGood: Bool { loopAge.map { $0 < Self.longest } ?? true }

  var text: String {
    guard let loopAge else { return "ok" }
    let age = String(format: "%.1f", loopAge)
    return isGood
      ? "ok, the coordinator's loop last ran \(age) s ago" : "the coordinator's loop hangs: it last ran \(age) s ago"
  }
}
