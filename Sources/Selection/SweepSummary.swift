package import Models

/// A summary of a sweep's table, the best row first, for output, records and reports.
package struct SweepSummary: Sendable, Equatable, Codable {
  package struct Row: Sendable, Equatable, Codable {
    package let rank: Int
    /// The mean score over the splits; nil without a score.
    package let mean: Double?
    package let deviation: Double?
    /// The mean over the splits.
    package let fitSeconds: Double
    /// Values by name, as the user wrote them.
    package let parameters: [String: String]
    /// The rung, from 0, and its resource; nil without halving.
    package let rung: Int?
    package let resource: Int?
    package let failure: String?
  }

  package let model: ModelKind
  package let metric: String
  package let splits: Int
  package let rows: [Row]

  /// - Parameter resource: the resource of the rungs; one that is not a setting becomes a parameter of each row
  package init(_ table: SweepTable, of model: ModelKind, resource: SuccessiveHalving.Resource? = nil) {
    (self.model, metric, splits) = (model, table.metric.rawValue, table.splits)
    rows = table.order.map { index in
      let row = table.rows[index]
      let mean = row.mean(table.metric)
      var parameters = Dictionary(uniqueKeysWithValues: row.configuration.parameters.map { ($0.name, $0.value) })
      if let resource, let rung = row.rung { parameters[resource.rawValue] = "\(rung.resource)" }
      return Row(
        rank: table.ranks[index], mean: mean.isNaN ? nil : mean,
        deviation: mean.isNaN ? nil : row.deviation(table.metric),
        fitSeconds: row.fitSeconds.isNaN ? 0 : row.fitSeconds,
        parameters: parameters, rung: row.rung?.number, resource: row.rung?.resource, failure: row.failure)
    }
  }
}
