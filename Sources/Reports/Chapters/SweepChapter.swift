internal import Models
package import Selection
internal import Text

/// The report's chapter on a search: the trials, their scores, and the effect of each parameter.
package struct SweepChapter: Sendable {
  private let summary: SweepSummary
  /// The names of the parameters with more than one value, sorted.
  private let varied: [String]

  package init(_ summary: SweepSummary) {
    self.summary = summary
    let names = Set(summary.rows.flatMap(\.parameters.keys))
    varied = names.filter { name in Set(summary.rows.map { $0.parameters[name] }).count > 1 }.sorted()
  }

  package var section: HTMLSection {
    var blocks: [HTMLBlock] = [.statements(statements), .table(ranking)]
    if !scored.isEmpty {
      if varied.count > 1 { blocks.append(figure("parallel", parallelCoordinates, "Each line is a trial.")) }
      blocks += varied.map { block(parameter: $0) }
      if let pair = mostVaried {
        blocks.append(figure("pair", heatMap(pair.0, pair.1), "The best score of all trials with both values."))
      }
      blocks.append(
        figure("time", timeAgainstScore, "No trial is both faster and better than one on the line (Pareto front)."))
      if summary.rows.contains(where: { $0.rung != nil }) {
        blocks.append(figure("rungs", rungs, "Each line is a configuration, up to the last rung that it reached."))
      }
    }
    return HTMLSection("sweep", title: "Search", blocks)
  }

  private func figure(_ name: String, _ plot: some Plot, _ caption: String) -> HTMLBlock {
    .figure(HTMLFigure(Identifier("sweep-\(name)"), plot, caption: HTMLText(caption)))
  }

  /// The rows with a score, the best first.
  private var scored: [(row: SweepSummary.Row, mean: Double)] {
    summary.rows.compactMap { row in row.mean.map { (row, $0) } }
  }

  private var scoreAxis: Axis { Axis("mean \(summary.metric)") }

  // MARK: Statements

  private var statements: [HTMLStatement] {
    var statements = [
      HTMLStatement(
        "\(tried)",
        """
        \(tried == 1 ? "configuration" : "configurations") of \(summary.model.rawValue) \
        \(tried == 1 ? "was" : "were") evaluated on \(summary.splits) \
        \(summary.splits == 1 ? "split" : "splits") of the training images.
        """)
    ]
    if let best = scored.first {
      statements.append(
        HTMLStatement(score(best.mean), "is the best mean \(summary.metric), with \(Self.text(best.row.parameters)).")
      )
    }
    if let best = scored.first, let last = scored.last, scored.count > 1, best.mean > last.mean {
      statements.append(
        HTMLStatement(score(best.mean - last.mean), "is the difference between the best and the worst configuration."))
    }
    let failed = summary.rows.count { $0.failure != nil }
    if failed > 0 {
      statements.append(
        HTMLStatement(
          "\(failed)", "\(failed == 1 ? "configuration" : "configurations") failed; the table shows the reasons."))
    }
    return statements
  }

  /// The number of configurations. Successive halving evaluates those that are promoted again in each rung.
  private var tried: Int { summary.rows.count { ($0.rung ?? 0) == 0 } }

  private func score(_ value: Double) -> String { formatted(value, digits: 4) }

  private static func text(_ parameters: [String: String]) -> String {
    parameters.isEmpty
      ? "the default parameters"
      : parameters.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
  }

  private static let maxListed = 30

  private var ranking: HTMLTable {
    let names = Set(summary.rows.flatMap(\.parameters.keys)).sorted()
    let hasFailures = summary.rows.contains { $0.failure != nil }
    let hasRungs = summary.rows.contains { $0.rung != nil }
    let listed = summary.rows.prefix(Self.maxListed)
    let rows = listed.map { row -> [HTMLText] in
      [
        "\(row.rank)", HTMLText(row.mean.map(score) ?? "-"), HTMLText(row.deviation.map(score) ?? "-"),
        HTMLText(formatted(row.fitSeconds, digits: 2)),
      ] + names.map { HTMLText(row.parameters[$0] ?? "") }
        + (hasRungs ? [HTMLText(row.resource.map(String.init) ?? "")] : [])
        + (hasFailures ? [HTMLText(row.failure ?? "")] : [])
    }
    let columns: [HTMLTable.Column] =
      [
        .init("rank", .number), .init("mean \(summary.metric)", .number), .init("standard deviation", .number),
        .init("fit time, s", .number),
      ] + names.map { .init($0, .text) } + (hasRungs ? [.init("resource", .number)] : [])
      + (hasFailures ? [.init("failure", .text)] : [])
    let rest = summary.rows.count - listed.count
    return HTMLTable(
      "Configurations, the best first" + (rest > 0 ? "; \(rest) more are in results.csv" : ""), columns: columns,
      rows: rows, emphasized: rows.isEmpty ? nil : 0)
  }

  // MARK: Plots

  /// Returns the values as numbers if all are numbers; otherwise as indices of the sorted list of values.
  private func values(of name: String) -> (categories: [String], value: (SweepSummary.Row) -> Double) {
    let texts = summary.rows.compactMap { $0.parameters[name] }
    if texts.allSatisfy({ Double($0)?.isFinite == true }) {
      return ([], { row in row.parameters[name].flatMap { Double($0) } ?? .nan })
    }
    // Numbers in ascending order, then words: `none` comes after the largest depth.
    let categories = Set(texts).sorted { (Double($0) ?? .infinity, $0) < (Double($1) ?? .infinity, $1) }
    return (
      categories, { row in row.parameters[name].flatMap { categories.firstIndex(of: $0) }.map(Double.init) ?? .nan }
    )
  }

  private var parallelCoordinates: ParallelCoordinates {
    let columns = varied.map { ($0, values(of: $0)) }
    return ParallelCoordinates(
      "Parameters and score of each configuration",
      dimensions: columns.map { ParallelCoordinates.Dimension(Axis($0.0), categories: $0.1.categories) },
      lines: scored.map { row, mean in
        ParallelCoordinates.Line("rank \(row.rank)", columns.map { $0.1.value(row) }, score: mean)
      }, scale: ColorScale(scoreAxis, map: .viridis), emphasized: 0)
  }

  /// A plot for a numeric parameter, a table for any other.
  private func block(parameter name: String) -> HTMLBlock {
    let (categories, value) = values(of: name)
    guard categories.isEmpty else { return .table(table(of: name, categories)) }
    let points = scored.map { PlotPoint(value($0.row), $0.mean) }
    let plot = ScatterPlot(
      "Score against \(name)", horizontal: Axis(name), vertical: scoreAxis,
      groups: [ScatterPlot.Group("configuration", points, labels: scored.map { Self.text($0.row.parameters) })])
    return figure("against-\(name)", plot, "Each point is a trial.")
  }

  private func table(of name: String, _ categories: [String]) -> HTMLTable {
    let rows = categories.map { category -> [HTMLText] in
      let means = scored.filter { $0.row.parameters[name] == category }.map(\.mean)
      let mean = means.isEmpty ? nil : means.reduce(0, +) / Double(means.count)
      return [
        HTMLText(category), "\(means.count)", HTMLText(means.max().map(score) ?? "-"), HTMLText(mean.map(score) ?? "-"),
      ]
    }
    return HTMLTable(
      "Score by \(name)",
      columns: [
        .init(name, .text), .init("configurations", .number), .init("best \(summary.metric)", .number),
        .init("mean \(summary.metric)", .number),
      ], rows: rows)
  }

  /// The two parameters with the most values.
  private var mostVaried: (String, String)? {
    guard varied.count > 1 else { return nil }
    let counted = varied.map { name in (name, Set(summary.rows.map { $0.parameters[name] }).count) }
    let sorted = counted.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
    return (sorted[0].0, sorted[1].0)
  }

  private func heatMap(_ first: String, _ second: String) -> HeatMap {
    func names(_ parameter: String) -> [String] {
      Set(summary.rows.compactMap { $0.parameters[parameter] })
        .sorted { (Double($0) ?? .infinity, $0) < (Double($1) ?? .infinity, $1) }
    }
    let (columns, rows) = (names(first), names(second))
    let cells = rows.flatMap { row in
      columns.map { column in
        scored.first { $0.row.parameters[first] == column && $0.row.parameters[second] == row }?.mean ?? .nan
      }
    }
    return HeatMap(
      "Best score by \(first) and \(second)", horizontal: Axis(first), vertical: Axis(second), columns: columns,
      rows: rows, values: cells, texts: cells.map { $0.isFinite ? score($0) : "" },
      scale: ColorScale(scoreAxis, map: .viridis))
  }

  private var timeAgainstScore: ScatterPlot {
    let points = scored.map { PlotPoint(max($0.row.fitSeconds, 1e-4), $0.mean) }
    // In order of time: every trial that scores higher than all faster ones.
    var front: [PlotPoint] = []
    for point in points.sorted(by: { ($0.x, -$0.y) < ($1.x, -$1.y) }) where point.y > front.last?.y ?? -.infinity {
      front.append(point)
    }
    return ScatterPlot(
      "Score against training time", horizontal: Axis("training time", unit: "s", scale: .logarithmic),
      vertical: scoreAxis,
      groups: [ScatterPlot.Group("configuration", points, labels: scored.map { Self.text($0.row.parameters) })],
      front: LinePlot.Series("Pareto front", front, isStepped: true))
  }

  /// The score of each configuration, rung by rung.
  private var rungs: LinePlot {
    // The parameters identify a configuration, except for the resource, whose value differs between rungs.
    func identity(_ row: SweepSummary.Row) -> String {
      let own = row.parameters.filter { $0.value != row.resource.map(String.init) || !isResource($0.key) }
      return Self.text(own)
    }
    let byIdentity = Dictionary(grouping: scored.filter { $0.row.rung != nil }, by: { identity($0.row) })
    let series = byIdentity.sorted { $0.key < $1.key }.map { name, rows in
      LinePlot.Series(
        name,
        rows.sorted { ($0.row.rung ?? 0) < ($1.row.rung ?? 0) }.map { PlotPoint(Double($0.row.resource ?? 0), $0.mean) }
      )
    }
    return LinePlot(
      "Score by rung", horizontal: Axis("resource", scale: .logarithmic), vertical: scoreAxis, series: series)
  }

  /// Whether the parameter is the resource of successive halving: it equals the resource in every row.
  private func isResource(_ name: String) -> Bool {
    summary.rows.allSatisfy { $0.resource == nil || $0.parameters[name] == $0.resource.map(String.init) }
  }
}
