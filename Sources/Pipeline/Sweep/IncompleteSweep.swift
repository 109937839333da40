internal import Foundation
internal import Selection

/// A configuration without a result, because its workers crashed, no worker had enough memory, or its results could not
/// be stored.
package struct QuarantinedFit: Encodable {
  package let configuration: String
  /// The rung of successive halving, from 0, and its amount of the resource.
  package let rung: Int?
  package let resource: Int?
  package let reason: String

  init(_ row: SweepTable.Row) {
    (configuration, reason) = (row.configuration.description, row.failure ?? "no result")
    (rung, resource) = (row.rung?.number, row.rung?.resource)
  }

  var text: String {
    let rung = rung.map { " on rung \($0 + 1)" } ?? ""
    return "  \(configuration)\(rung): \(reason)"
  }
}

/// A finished sweep without some of its results: the best of the ranked configurations may not be the best of all.
package struct IncompleteSweep: Error, CustomStringConvertible {
  private let reports: [SweepReport]

  private static let maxRows = 20

  /// Returns nil if no result is missing.
  package init?(_ reports: [SweepReport]) {
    self.reports = reports.filter { !$0.quarantined.isEmpty }
    if self.reports.isEmpty { return nil }
  }

  package var description: String {
    reports.map { report in
      let missing = report.quarantined
      let name = (report.folder as NSString).lastPathComponent
      let more = missing.count > Self.maxRows ? ["  and \(missing.count - Self.maxRows) more"] : []
      return
        """
        the ranking in \(report.folder) is incomplete: \(missing.count) of \(report.summary.rows.count) rows have no \
        result, and the best configuration may be one of them:
        \((missing.prefix(Self.maxRows).map(\.text) + more).joined(separator: "\n"))
        all other results are kept; retry the missing ones with: atelier sweep --resume \(name)
        """
    }.joined(separator: "\n")
  }
}
