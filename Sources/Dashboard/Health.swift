internal import Foundation

/// Whether the process that the page is about still works, for whoever watches over it.
package struct Health: Sendable {
  /// Seconds since the loop that hands out work was last at its beginning; nil while there is no such loop.
  private let loopAge: Double?

  /// A loop that takes longer for one round hangs.
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
