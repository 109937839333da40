internal import Evaluation

extension NetworkChapter {
  /// Whether maps are better than an order of pixels that knows nothing of the network; nil without test images.
  var checks: HTMLSection? {
    guard let first = explanation.checks.first else { return nil }
    return HTMLSection(
      gallery.identifier("checks"), title: "Do the maps mean something?",
      [
        .paragraph(
          HTMLText(
            "Pixels of \(first.images) test images, drawn at random, are removed or put in, those first that a map says matter most, and the probability of the class is followed. Two baselines know nothing of the network: a random order, and the strength of edges (Sobel). A map that does no better than these explains nothing. Intervals (±) are 95 %; where two overlap, no difference is claimed."
          )),
        .statements(explanation.checks.compactMap(statement)),
        .gallery(explanation.checks.map(figure)),
        .table(table),
        .note(
          "Deletion and insertion feed the network images unlike any that it was trained on, and it may react to that. ROAD fills removed pixels in from their surroundings, which is closer to real images."
        ),
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
        check.kind == .insertion ? "pixels put in" : "pixels removed", format: .percent, range: 0...1),
      vertical: Axis("probability of the class", format: .percent),
      series: check.curves.map { curve in
        LinePlot.Series(
          curve.method.title, zip(check.fractions, curve.probabilities).map { PlotPoint($0, $1) })
      })
  }

  /// Grad-CAM against both baselines.
  private func statement(_ check: AttentionCheck) -> HTMLStatement? {
    let baselines = AttentionMethod.allCases.filter(\.isBaseline)
    guard let own = check.curve(of: .gradCAM) else { return nil }
    let parts = baselines.compactMap { baseline -> String? in
      guard let other = check.curve(of: baseline), let comparison = check.compare(.gradCAM, with: baseline) else {
        return nil
      }
      return "\(comparison.words) \(baseline.inWords) (\(Self.area(other)))"
    }
    let direction = check.kind.lowerIsBetter ? "less" : "more"
    return HTMLStatement(
      Self.area(own),
      HTMLText(
        "is the area under Grad-CAM's curve of \(check.kind.title) (\(direction) is better): \(parts.joined(separator: ", "))."
      ))
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
        + kinds.map { .init("\($0.kind.title), \($0.kind.lowerIsBetter ? "less" : "more") is better", .number) },
      rows: AttentionMethod.allCases.map { method in
        [HTMLText(method.title)]
          + kinds.map { check in HTMLText(check.curve(of: method).map(Self.area) ?? "–") }
      })
  }

  // MARK: Random weights

  /// Whether maps change when the network forgets what it has learned; nil without test images.
  var randomization: HTMLSection? {
    guard let first = explanation.randomization.first, !first.stages.isEmpty else { return nil }
    return HTMLSection(
      gallery.identifier("randomization"), title: "Do the maps depend on what was learned?",
      [
        .paragraph(
          HTMLText(
            "The layers' weights are replaced by random ones, from the output down, and the maps of \(first.images) test images are compared with those of the trained network. Maps that stayed the same would show the image, and not what the network makes of it."
          )),
        .statements(explanation.randomization.compactMap(statement)),
        .figure(
          HTMLFigure(
            gallery.identifier("randomization"), plot,
            caption:
              "Rank correlation with the trained network's maps: 1 is the same order of pixels, 0 none in common. Bands are 95 % intervals."
          )),
      ])
  }

  private func statement(_ check: RandomizationCheck) -> HTMLStatement? {
    guard let last = check.stages.last, let error = last.correlationError else { return nil }
    let reach = 1.96 * error
    let number = "\(NumberText.fixed(last.correlation, decimals: 2)) ± \(NumberText.fixed(reach, decimals: 2))"
    let verdict =
      last.correlation + reach < Self.changed
      ? ": the maps depend on what was learned"
      : last.correlation - reach > Self.unchanged ? ": the maps hardly depend on what was learned" : ""
    return HTMLStatement(
      number,
      HTMLText(
        "is left of the rank correlation of \(check.method.title)'s maps when all \(last.layers.count) layers are random\(verdict)."
      ))
  }

  /// Rank correlations below the first, or above the second, are worth a word.
  private static let (changed, unchanged) = (0.5, 0.8)

  private var plot: LinePlot {
    LinePlot(
      "Random weights", horizontal: Axis("random layers, from the output down", format: .whole),
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

// MARK: Words

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

  fileprivate var inWords: String { self == .random ? "a random order" : "edges" }
}

extension AttentionCheck.Kind {
  fileprivate var title: String { self == .road ? "ROAD" : rawValue }

  fileprivate var meaning: String {
    switch self {
    case .deletion:
      "Pixels get the mean colour, those first that matter most: a better map makes the probability fall sooner."
    case .insertion:
      "Pixels are put onto an empty picture, those first that matter most: a better map makes the probability rise sooner."
    case .road: "Removed pixels are filled in from around them: a better map makes the probability fall sooner."
    }
  }
}

extension AttentionCheck.Comparison {
  fileprivate var words: String {
    switch self {
    case .better: "better than"
    case .worse: "worse than"
    case .undecided: "not told apart from"
    }
  }
}
