internal import Compute
package import Datasets

/// An estimate of the peak memory of a fit, besides the images themselves, within a factor of about two. The size of
/// the trees of a forest depends on the images; the estimate assumes images as difficult as those of common data sets.
///
/// Numbers of bytes are `Double`, so that no setting makes them overflow.
package struct MemoryEstimate: Sendable {
  /// A part that grows with some of the settings.
  package struct Part: Sendable {
    package let bytes: Double
    /// The settings that determine it, as the user wrote them: `batch 65536`.
    package let cause: String
    /// The advice for reducing it: `lower --batch or --filters`.
    package let remedy: String
  }

  /// The parts in each process that computes.
  package var computing: [Part] = []
  /// The parts in the process that assembles the model, which also computes if there are no workers.
  package var collecting: [Part] = []

  package init() {}

  private static func sum(_ parts: [Part]) -> Double { parts.reduce(0) { $0 + $1.bytes } }

  /// The bytes in a process that does everything.
  package var bytes: Double { Self.sum(computing) + Self.sum(collecting) }

  /// Checks that the fit has enough memory.
  /// - Parameters:
  ///   - processes: the number of computing processes on this machine
  ///   - collects: whether the model is assembled on this machine
  ///   - available: bytes; nil: not known
  /// - Throws: ``ModelError/insufficientMemory(_:)``, which names the setting that needs the most memory.
  package func check(
    processes: Int = 1, collects: Bool = true, available: Int? = availableMemory()
  ) throws(ModelError) {
    guard let available else { return }
    let parts =
      computing.map { Part(bytes: $0.bytes * Double(processes), cause: $0.cause, remedy: $0.remedy) }
      + (collects ? collecting : [])
    let needed = Self.sum(parts)
    guard needed > Double(available), let largest = parts.max(by: { $0.bytes < $1.bytes }) else { return }
    throw .insufficientMemory(
      """
      this fit needs about \(Self.text(needed)) of memory, most of it for \(largest.cause)\
      \(processes > 1 ? " in \(processes) workers" : ""), but only \(Self.text(Double(available))) are available; \
      \(largest.remedy)
      """)
  }

  /// Returns a text such as `1.2 GiB`.
  private static func text(_ bytes: Double) -> String {
    var (value, unit) = (bytes / 1024, "KiB")
    for next in ["MiB", "GiB", "TiB"] where value >= 1024 { (value, unit) = (value / 1024, next) }
    let tenths = Int(min(value * 10, 1e15).rounded())
    return tenths < 1000 ? "\(tenths / 10).\(tenths % 10) \(unit)" : "\(tenths / 10) \(unit)"
  }
}

extension ModelSettings {
  /// Estimates the memory of a fit.
  /// - Parameters:
  ///   - count: the number of training images
  ///   - queries: the number of images classified in one call
  ///   - threads: the number of threads of each computing process
  /// - Returns: an empty estimate for invalid settings, which the fit reports
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
    // Rows and columns of the training table; for each thread, two lists of samples and the values of a small node.
    let table = count * ((features / 64).rounded(.up) * 64 + features)
    // Random cuts also need the values of 32 features.
    let byThread = count * (splitter == .random ? 52 : 20) + 6 * Double(1 << 20)
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

  private func exp2Bounded(_ depth: Int) -> Double { depth < 40 ? Double(1 << max(0, depth)) : .infinity }
}

// MARK: - Nearest neighbors

extension NeighborsSettings {
  fileprivate func memory(images: Int, of shape: ImageShape, queries: Int, threads: Int) -> MemoryEstimate {
    let (count, pixels) = (Double(images), Double(shape.count))
    let lists = Double(min(queries, 96 * 2 * threads) + 2 * queries)
    var estimate = MemoryEstimate()
    guard (try? check(images: images, shape: shape)) != nil else { return estimate }
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
