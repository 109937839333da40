internal import Datasets
internal import Evaluation
internal import Text

/// The subsection on the pixels that a tree or a forest relies on, measured by impurity and by permutation.
struct ImportanceSection {
  let gallery: ExampleGallery
  let importance: PixelMap
  let permutation: PermutationImportance?

  var section: HTMLSection {
    var blocks: [HTMLBlock] = []
    if !statements.isEmpty { blocks.append(.statements(statements)) }
    let figures = [impurityFigure] + [permutation.map(permutationFigure)].compactMap { $0 }
    blocks.append(.gallery(figures))
    blocks.append(
      .note(
        """
        Impurity importance is measured on the training images and divided among pixels with the same information. A \
        block with no permutation importance is one that this model does not need; it may still contain information.
        """))
    return HTMLSection(gallery.identifier("importance"), title: "Pixel importance", blocks)
  }

  /// The side of a map, in pixels.
  private static let side = 224

  private var statements: [HTMLStatement] {
    var statements: [HTMLStatement] = []
    let values = importance.values.sorted(by: >)
    let sum = values.reduce(0, +)
    if sum > 0, values.count > 1 {
      var (part, count) = (Float(0), 0)
      while part < sum / 2, count < values.count {
        part += values[count]
        count += 1
      }
      statements.append(
        HTMLStatement(
          QuantityText.count(count),
          HTMLText(
            "of the \(QuantityText.count(values.count)) pixels account for half of the total impurity importance.")))
    }
    if let permutation, let statement = statement(permutation) { statements.append(statement) }
    return statements
  }

  /// A drop of fewer images than this is not stated.
  private static let minLostImages = 10.0

  /// The drop of the most important block; nil if it is not distinguishable from zero.
  private func statement(_ permutation: PermutationImportance) -> HTMLStatement? {
    guard let block = permutation.drops.indices.max(by: { permutation.drops[$0] < permutation.drops[$1] }) else {
      return nil
    }
    let (drop, deviation) = (permutation.drops[block], permutation.deviations[block])
    // The test images are a sample too: if the drop is of enough images, this is about its standard error as a counted
    // proportion.
    let error = (drop * (1 - drop) / Double(permutation.accuracy.count)).squareRoot()
    guard drop * Double(permutation.accuracy.count) >= Self.minLostImages, drop > 2 * max(deviation, error) else {
      return nil
    }
    let (row, column) = block.quotientAndRemainder(dividingBy: permutation.columns)
    func range(_ place: Int, _ extent: Int) -> String {
      let (first, last) = (place * permutation.blockSize, min((place + 1) * permutation.blockSize, extent) - 1)
      return first == last ? "\(first)" : "\(first) to \(last)"
    }
    return HTMLStatement(
      NumberText.fixed(100 * drop, decimals: 1),
      HTMLText(
        """
        points of accuracy are lost on \(permutation.accuracy.count) test images (from \
        \(permutation.accuracy.percent)) when the most important block, rows \(range(row, permutation.shape.height)) \
        and columns \(range(column, permutation.shape.width)), is taken from another image.
        """))
  }

  private var impurityFigure: HTMLFigure {
    let (height, width) = (importance.shape.height, importance.shape.width)
    let values = importance.values.map { 100 * Double($0) }
    let range = 0...max(values.max() ?? 0, 1e-9)
    return HTMLFigure(
      gallery.identifier("impurity"),
      Picture(values: values, height: height, width: width, range: range).thumbnail(Self.side),
      alternative: "Impurity importance of each pixel",
      caption: "Impurity importance: the decrease of impurity by the splits at each pixel. The pixels sum to 100 %.",
      scale: ColorScale(Axis("fraction of the impurity decrease", unit: "%", range: range), map: .viridis))
  }

  private func permutationFigure(_ permutation: PermutationImportance) -> HTMLFigure {
    let points = permutation.pixels.map { 100 * $0 }
    let highest = points.reduce(1e-9) { max($0, abs($1)) }
    let (size, repeats) = (permutation.blockSize, permutation.repeats)
    return HTMLFigure(
      gallery.identifier("permutation"),
      Picture(
        values: points, height: permutation.shape.height, width: permutation.shape.width, map: .diverging,
        range: -highest...highest
      ).thumbnail(Self.side),
      alternative: "Permutation importance of each block of pixels",
      caption: HTMLText(
        """
        Permutation importance: the accuracy lost on \(permutation.accuracy.count) test images when a block of \
        \(size)x\(size) pixels is taken from another image. Mean of \(repeats) permutations, with a standard deviation \
        of at most \(NumberText.fixed(100 * (permutation.deviations.max() ?? 0), decimals: 1)) points. Red is lost, \
        blue is gained.
        """),
      scale: ColorScale(
        Axis("accuracy lost", unit: "points", range: -highest...highest), map: .diverging))
  }
}
