internal import Datasets
internal import Evaluation

/// Which pixels a tree or a forest relies on, measured in two ways.
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
        "Impurity importance is counted on the training images, and shared among pixels that tell the same. A block that can be exchanged without loss is one that this model does without; that does not mean that nothing can be seen there."
      ))
    return HTMLSection(gallery.identifier("importance"), title: "Which pixels matter", blocks)
  }

  /// The side that maps are brought to, in pixels.
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
          Wording.count(count),
          HTMLText(
            "of the \(Wording.count(values.count)) pixels do half of all the sorting of training images by class (impurity importance)."
          )))
    }
    if let permutation, let statement = statement(permutation) { statements.append(statement) }
    return statements
  }

  /// Fewer images that are no longer told rightly say nothing.
  private static let fewestLost = 10.0

  /// What the most needed block is worth; nil if it cannot be told from none.
  private func statement(_ permutation: PermutationImportance) -> HTMLStatement? {
    guard let block = permutation.drops.indices.max(by: { permutation.drops[$0] < permutation.drops[$1] }) else {
      return nil
    }
    let (drop, deviation) = (permutation.drops[block], permutation.deviations[block])
    // The images are few too: as a share that was counted, the drop has about this standard error, if it is of enough of them.
    let error = (drop * (1 - drop) / Double(permutation.accuracy.count)).squareRoot()
    guard drop * Double(permutation.accuracy.count) >= Self.fewestLost, drop > 2 * max(deviation, error) else {
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
        "points of accuracy are lost on \(permutation.accuracy.count) test images (from \(permutation.accuracy.percent)) if the block in rows \(range(row, permutation.shape.height)) and columns \(range(column, permutation.shape.width)) comes from another image: the block that is needed most."
      ))
  }

  private var impurityFigure: HTMLFigure {
    let (height, width) = (importance.shape.height, importance.shape.width)
    let values = importance.values.map { 100 * Double($0) }
    let range = 0...max(values.max() ?? 0, 1e-9)
    return HTMLFigure(
      gallery.identifier("impurity"),
      Picture(values: values, height: height, width: width, range: range).thumbnail(Self.side),
      alternative: "Impurity importance of each pixel",
      caption: "How much the splits at each pixel sort the training images by class. All pixels together are 100 %.",
      scale: ColourScale(Axis("share of the impurity taken away", unit: "%", range: range), map: .viridis))
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
        "How much accuracy on \(permutation.accuracy.count) test images falls if a block of \(size)x\(size) pixels comes from another image: the mean over \(repeats) exchanges. Red blocks are needed; pale ones are not."
      ),
      scale: ColourScale(
        Axis("accuracy lost", unit: "points", range: -highest...highest), map: .diverging))
  }
}
