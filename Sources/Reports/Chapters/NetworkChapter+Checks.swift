internal import Evaluation
internal import Text

extension NetworkChapter {
  /// The comparison of the maps with baselines that ignore the network; nil without test images.
  var checks: HTMLSection? {
    guard let first = explanation.checks.first else { return nil }
    return HTMLSection(
      gallery.identifier("checks"), title: "Faithfulness of the maps",
      [
        .paragraph(
          HTMLText(
            """
            Pixels of \(first.images) randomly sampled test images are removed or inserted in the order of their \
            importance according to a map, and the probability of the class is tracked. Two baselines ignore the \
            network: a random order, and the strength of edges (Sobel). A map that is not better than the baselines \
            explains nothing. ± denotes 95 % intervals; where two intervals overlap, no difference is claimed.
            """)),
        .statements(explanation.checks.compactMap(statement) + [bestMethods].compactMap { $0 }),
        .gallery(explanation.checks.map(figure)),
        .table(table),
        .note(
          """
          Deletion and insertion produce images unlike any that the network was trained on, which may itself affect \
          the predictions. ROAD fills removed pixels in from their surroundings, so its images are closer to real \
          ones.
          """),
      ])
  }

  private func figure(_ check: AttentionCheck) -> HTMLFigure {
    HTMLFigure(
      gallery.identifier("check \(check.kind.rawValue)"), plot(check), caption: HTMLText(check.kind.meaning))
  }

  private func plot(_ check: AttentionCheck) -> LinePlot {
    LinePlot(
      check.kind.title,
      horizontal: Axis(
        check.kind == .insertion ? "pixels inserted" : "pixels removed", format: .percent, range: 0...1),
      vertical: Axis("probability of the class", format: .percent),
      series: check.curves.map { curve in
        LinePlot.Series(
          curve.method.title, zip(check.fractions, curve.probabilities).map { PlotPoint($0, $1) })
      })
  }

  /// Compares Grad-CAM with both baselines.
  private func statement(_ check: AttentionCheck) -> HTMLStatement? {
    let baselines = AttentionMethod.allCases.filter(\.isBaseline)
    guard let own = check.curve(of: .gradCAM) else { return nil }
    let parts = baselines.compactMap { baseline -> String? in
      guard let other = check.curve(of: baseline), let comparison = check.compare(.gradCAM, with: baseline) else {
        return nil
      }
      return "\(comparison.phrase) \(baseline.phrase) (\(Self.area(other)))"
    }
    let direction = check.kind.lowerIsBetter ? "lower" : "higher"
    let reach = own.areaError.map { " (± \(NumberText.fixed(1.96 * $0, decimals: 3)))" } ?? ""
    return HTMLStatement(
      NumberText.fixed(own.area, decimals: 3),
      HTMLText(
        """
        is the area\(reach) under Grad-CAM's \(check.kind.word) curve (\(direction) is better): \
        \(parts.joined(separator: ", ")).
        """))
  }

  /// The number of methods that are better than both baselines according to ROAD, whose images are closest to real
  /// ones; nil if there are no standard errors to compare by.
  private var bestMethods: HTMLStatement? {
    guard let road = explanation.checks.first(where: { $0.kind == .road }), road.images > 1 else { return nil }
    let methods = AttentionMethod.modelBased
    let better = methods.filter { method in
      [AttentionMethod.random, .sobel].allSatisfy { road.compare(method, with: $0) == .better }
    }
    let names = better.isEmpty ? "" : " (\(better.map(\.title).joined(separator: ", ")))"
    return HTMLStatement(
      "\(better.count) of \(methods.count)",
      HTMLText(
        "methods\(names) are better than both baselines according to ROAD, whose images are closest to real ones.")
    )
  }

  /// The area with its 95 % interval.
  private static func area(_ curve: AttentionCheck.Curve) -> String {
    let area = NumberText.fixed(curve.area, decimals: 3)
    return curve.areaError.map { "\(area) ± \(NumberText.fixed(1.96 * $0, decimals: 3))" } ?? area
  }

  private var table: HTMLTable {
    let kinds = explanation.checks
    return HTMLTable(
      "Areas under the curves",
      columns: [.init("method", .text)]
        + kinds.map { .init("\($0.kind.word), \($0.kind.lowerIsBetter ? "lower" : "higher") is better", .number) },
      rows: AttentionMethod.allCases.map { method in
        [HTMLText(method.title)]
          + kinds.map { check in HTMLText(check.curve(of: method).map(Self.area) ?? "–") }
      })
  }

  // MARK: Randomization

  /// The comparison of the maps with those of networks with random weights; nil without test images.
  var randomization: HTMLSection? {
    guard let first = explanation.randomization.first, !first.stages.isEmpty else { return nil }
    return HTMLSection(
      gallery.identifier("randomization"), title: "Sanity check with random weights",
      [
        .paragraph(
          HTMLText(
            """
            The weights of the layers are replaced by random ones, from the output layer down, and the maps of \
            \(first.images) test images are compared with those of the trained network. Maps that do not change depend \
            on the image alone, not on what the network has learned.
            """)),
        .statements(explanation.randomization.compactMap(statement)),
        .figure(
          HTMLFigure(
            gallery.identifier("randomization"), plot,
            caption: """
              Rank correlation with the maps of the trained network: 1 means the same order of pixels, 0 an unrelated \
              order. Bands are 95 % intervals.
              """)),
      ])
  }

  private func statement(_ check: RandomizationCheck) -> HTMLStatement? {
    guard let last = check.stages.last, let error = last.correlationError else { return nil }
    let reach = 1.96 * error
    let number = "\(NumberText.fixed(last.correlation, decimals: 2)) ± \(NumberText.fixed(reach, decimals: 2))"
    let verdict =
      last.correlation + reach < Self.changed
      ? ": the maps depend on the learned weights"
      : last.correlation - reach > Self.unchanged ? ": the maps hardly depend on the learned weights" : ""
    return HTMLStatement(
      number,
      HTMLText(
        """
        is the rank correlation of \(check.method.title)'s maps with the original ones when all \(last.layers.count) \
        layers are random\(verdict).
        """))
  }

  /// Rank correlations below the first or above the second are interpreted in words.
  private static let (changed, unchanged) = (0.5, 0.8)

  private var plot: LinePlot {
    LinePlot(
      "Maps of networks with random weights", horizontal: Axis("random layers, from the output down", format: .whole),
      vertical: Axis("rank correlation"),
      series: explanation.randomization.map { check in
        let points = check.stages.map { PlotPoint(Double($0.layers.count), $0.correlation) }
        let errors = check.stages.compactMap(\.correlationError)
        return LinePlot.Series(
          check.method.title, points,
          band: errors.count == points.count
            ? zip(points, errors).map { $0.y - 1.96 * $1...$0.y + 1.96 * $1 } : [])
      })
  }
}

// MARK: Names

extension AttentionMethod {
  var title: String {
    switch self {
    case .gradCAM: "Grad-CAM"
    case .gradCAMPlusPlus: "Grad-CAM++"
    case .hiResCAM: "HiResCAM"
    case .random: "random order"
    case .sobel: "edges (Sobel)"
    }
  }

  fileprivate var phrase: String { self == .random ? "a random order" : "edges" }
}

extension AttentionCheck.Kind {
  fileprivate var title: String { self == .road ? "ROAD" : rawValue.prefix(1).uppercased() + rawValue.dropFirst() }

  /// The name within a sentence.
  fileprivate var word: String { self == .road ? "ROAD" : rawValue }

  fileprivate var meaning: String {
    switch self {
    case .deletion:
      "The most important pixels are replaced by the mean color first: with a better map, the probability falls sooner."
    case .insertion:
      """
      The most important pixels are inserted into an empty image first: with a better map, the probability rises \
      sooner.
      """
    case .road:
      "Removed pixels are interpolated from their surroundings: with a better map, the probability falls sooner."
    }
  }
}

extension AttentionCheck.Comparison {
  fileprivate var phrase: String {
    switch self {
    case .better: "better than"
    case .worse: "worse than"
    case .undecided: "not distinguishable from"
    }
  }
}
