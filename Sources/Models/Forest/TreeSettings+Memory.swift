internal import Datasets
internal import Text

extension TreeSettings {
  /// - Parameter isSingleTree: whether a ``DecisionTree`` is grown, which may need rows and columns at different times
  func memory(
    images: Int, of shape: ImageShape, classCount: Int, trees: Int, bootstrap: Bool, threads: Int,
    isSingleTree: Bool = false
  ) -> MemoryEstimate {
    let (count, features) = (Double(images), Double(shape.count))
    // Rows and columns of the training table; for each thread, two lists of samples and the values of a small node.
    let rows = (features / 64).rounded(.up) * 64
    let table = count * (isSingleTree && readsLayoutsApart(featureCount: shape.count) ? rows : rows + features)
    // Random cuts also need the values of 32 features, and groups of rows.
    let byThread = count * (splitter == .random ? 55 : 20) + 6 * Double(1 << 20)
    // The number of images for each leaf was measured on Fashion-MNIST. Nodes and classes of leaves take 12 bytes each.
    let imagesPerLeaf = splitter == .random ? 5.0 : 9.0
    let leaves = max(
      1, min(count / max(imagesPerLeaf, Double(minSamplesLeaf)), maxDepth.map { exp2Bounded($0) } ?? .infinity))
    let tree = leaves * (2 * 8 + 4 + 8)
    // As trees and, while they are saved, as tensors and as a file.
    let copies = 3.0
    var estimate = MemoryEstimate()
    estimate.computing = [
      .init(
        bytes: table, cause: "the images' values", remedy: "use fewer or smaller images"),
      .init(
        bytes: byThread * Double(trees == 1 ? 1 : threads), cause: counted(threads, "thread"),
        remedy: "lower --threads"),
    ]
    estimate.collecting = [
      .init(
        bytes: tree * copies * Double(trees), cause: "trees \(trees)",
        remedy: "lower --trees or --max-depth, or raise --min-samples-leaf")
    ]
    return estimate
  }

  /// Whether nodes read either rows or columns of the training table, depending on their size alone.
  func readsLayoutsApart(featureCount: Int) -> Bool {
    splitter == .best && maxFeatures.count(of: featureCount) == featureCount
  }

  private func exp2Bounded(_ depth: Int) -> Double { depth < 40 ? Double(1 << max(0, depth)) : .infinity }
}
