internal import Compute
package import Datasets

/// What a fit takes at its peak, beside the images themselves. An estimate, within a factor of about two; of a forest, whose trees depend on the
/// images, of images that are as hard to tell apart as those of common data sets.
///
/// Numbers of bytes are Doubles: no setting makes them overflow.
package struct MemoryEstimate: Sendable {
  /// A part that grows with some of the settings.
  package struct Part: Sendable {
    package let bytes: Double
    /// The settings that it comes from, as the user gave them: `batch 65536`.
    package let cause: String
    /// What makes it smaller: `lower --batch or --filters`.
    package let remedy: String
  }

  /// Of each process that computes.
  package var computing: [Part] = []
  /// Of the process that puts the model together, which is the same one without workers.
  package var collecting: [Part] = []

  package init() {}

  private static func sum(_ parts: [Part]) -> Double { parts.reduce(0) { $0 + $1.bytes } }

  /// Bytes in one process that does all.
  package var bytes: Double { Self.sum(computing) + Self.sum(collecting) }

  /// - Parameters:
  ///   - processes: that compute on this machine
  ///   - collects: whether the model is put together on this machine
  ///   - available: bytes; nil: not known
  /// - Throws: ``ModelError/badSettings(_:)`` with the setting that takes most, if that is more than there is
  package func check(
    processes: Int = 1, collects: Bool = true, available: Int? = availableMemory()
  ) throws(ModelError) {
    guard let available else { return }
    let parts =
      computing.map { Part(bytes: $0.bytes * Double(processes), cause: $0.cause, remedy: $0.remedy) }
      + (collects ? collecting : [])
    let needed = Self.sum(parts)
    guard needed > Double(available), let largest = parts.max(by: { $0.bytes < $1.bytes }) else { return }
    throw .badSettings(
      """
      this fit needs about \(Self.text(needed)) of memory, most of it for \(largest.cause)\
      \(processes > 1 ? " in \(processes) workers" : ""), but \(Self.text(Double(available))) are available; \
      \(largest.remedy)
      """)
  }

  /// For instance `1.2 GiB`.
  private static func text(_ bytes: Double) -> String {
    var (value, unit) = (bytes / 1024, "KiB")
    for next in ["MiB", "GiB", "TiB"] where value >= 1024 { (value, unit) = (value / 1024, next) }
    let tenths = Int(min(value * 10, 1e15).rounded())
    return tenths < 1000 ? "\(tenths / 10).\(tenths % 10) \(unit)" : "\(tenths / 10) \(unit)"
  }
}

extension ModelSettings {
  /// - Parameters:
  ///   - count: training images
  ///   - queries: images whose predictions are made at once
  ///   - threads: of each process that computes
  /// - Returns: nothing for settings that cannot be: the fit says why.
  package func memory(
    images count: Int, of shape: ImageShape, classCount: Int, queries: Int, threads: Int
  ) -> MemoryEstimate {
    switch self {
    case .cnn(let settings): settings.memory(images: count, of: shape, classCount: classCount, threads: threads)
    case .forest(let settings):
      settings.tree.memory(
        images: count, of: shape, classCount: classCount, trees: settings.trees, bootstrap: settings.bootstrap,
        threads: threads)
    case .tree(let settings):
      settings.memory(
        images: count, of: shape, classCount: classCount, trees: 1, bootstrap: false, threads: threads)
    case .knn(let settings): settings.memory(images: count, of: shape, queries: queries, threads: threads)
    }
  }
}

// MARK: - Trees

extension TreeSettings {
  fileprivate func memory(
    images: Int, of shape: ImageShape, classCount: Int, trees: Int, bootstrap: Bool, threads: Int
  ) -> MemoryEstimate {
    let (count, features) = (Double(images), Double(shape.count))
    // Rows and columns of the training table; by thread, two lists of samples, and the values of a small node.
    let table = count * ((features / 64).rounded(.up) * 64 + features)
    let byThread = count * 20 + 6 * Double(1 << 20)
    // Leaves for one image in so many, as measured on Fashion-MNIST; twelve bytes for each node and each class of a leaf.
    let imagesPerLeaf = 9.0
    let leaves = max(
      1, min(count / max(imagesPerLeaf, Double(minSamplesLeaf)), maxDepth.map { exp2Bounded($0) } ?? .infinity))
    let tree = leaves * (2 * 8 + 4 + 8)
    // Once as trees, and while they are saved as tensors and as a file.
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

  private func exp2Bounded(_ depth: Int) -> Double { depth < 40 ? Double(1 << max(0, depth)) : .infinity }
}

// MARK: - Nearest neighbors

extension NeighborsSettings {
  fileprivate func memory(images: Int, of shape: ImageShape, queries: Int, threads: Int) -> MemoryEstimate {
    let (count, pixels) = (Double(images), Double(shape.count))
    let lists = Double(min(queries, 96 * 2 * threads) + 2 * queries)
    var estimate = MemoryEstimate()
    estimate.computing = [
      .init(
        bytes: count * (pixels + 16), cause: "the index of the images", remedy: "use fewer or smaller images"),
      // A row number and a distance.
      .init(bytes: lists * Double(neighbors) * 16, cause: "neighbors \(neighbors)", remedy: "lower --neighbors"),
    ]
    guard let components else { return estimate }
    let projected = (2 * count + Double(queries)) * Double(components) * 4
    let analysis = 2 * count * pixels + 3 * pixels * pixels * 8
    estimate.collecting = [
      .init(
        bytes: max(projected, analysis), cause: "components \(components)",
        remedy: "lower --components, or use fewer or smaller images")
    ]
    return estimate
  }
}
