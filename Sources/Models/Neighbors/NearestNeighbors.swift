package import Compute
package import Datasets
internal import KernelInterface
package import Progress
internal import Synchronization

/// k-nearest neighbors: the training images and a metric. Search is exact.
package struct NearestNeighbors: Classifier {
  package var kind: ModelKind { .knn }

  package let configuration: NeighborsSettings
  package let imageShape: ImageShape
  package let classCount: Int
  /// The training images; a row is one of them.
  package let training: LabeledImages
  let components: PrincipalComponents?

  package var settings: [String: String] { configuration.text }

  /// Stores the images, and computes their principal components if the settings ask for them.
  ///
  /// - Parameters:
  ///   - analysis: the principal component analysis of the same images, if it is known
  ///   - progress: called with the progress; returns false to stop
  /// - Throws: ``ModelError/badSettings(_:)``; `CancellationError` if stopped.
  package static func fit(
    _ images: LabeledImages, classCount: Int, settings: NeighborsSettings,
    analysis: PrincipalComponents.Analysis? = nil, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> NearestNeighbors {
    try settings.check(images: images.count, shape: images.shape)
    func report(_ done: FitProgress) throws {
      guard progress(done) else { throw CancellationError() }
    }
    let components = try settings.components.map { count in
      let analysis = try analysis ?? PrincipalComponents.Analysis(of: images, on: context, progress: report)
      return PrincipalComponents(analysis, components: count, whitening: settings.whitening)
    }
    try report(FitProgress(done: images.count, total: images.count, unit: .images))
    return NearestNeighbors(
      configuration: settings, imageShape: images.shape, classCount: classCount, training: images,
      components: components)
  }

  // MARK: Search

  /// Returns the number of queries that a thread handles at once: enough that the training rows are read few times, and
  /// few enough that they stay in the second-level cache and all threads have work.
  static func blockQueries(count: Int, length: Int, threads: Int) -> Int {
    min(max(96, min(512, (512 << 10) / length)), max(96, count / (4 * threads)))
  }

  /// Returns the `k` nearest training images of each of `images`, nearest first; of equally near images, the one with
  /// the lower index first.
  ///
  /// - Parameters:
  ///   - progress: called with the number of queries done; returns false to stop
  package func nearest(
    _ k: Int, to images: LabeledImages, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> [[Neighbor]] {
    try nearest(k, to: images, in: index(on: context), on: context, progress: progress)
  }

  private func index(on context: ComputeContext) -> NeighborIndex {
    NeighborIndex(
      rows(training, on: context), metric: configuration.metric, shape: components == nil ? imageShape : nil,
      on: context)
  }

  private func nearest(
    _ k: Int, to images: LabeledImages, in index: NeighborIndex, on context: ComputeContext,
    progress: (FitProgress) -> Bool
  ) throws -> [[Neighbor]] {
    try check(images.shape)
    let queries = rows(images, on: context)
    index.prepare(queries: images.count, on: context)
    let blockQueries = Self.blockQueries(
      count: images.count, length: queries.rowBytes, threads: context.team.count)
    let blocks = (images.count + blockQueries - 1) / blockQueries
    let results = Mutex([[[Neighbor]]](repeating: [], count: blocks))
    let blocksPerCall = 2 * context.team.count
    for firstBlock in stride(from: 0, to: blocks, by: blocksPerCall) {
      context.team.forEach(min(blocksPerCall, blocks - firstBlock)) { offset, _ in
        let block = firstBlock + offset
        let range = block * blockQueries..<min((block + 1) * blockQueries, images.count)
        let found = index.nearest(k, to: queries.part(range), kernels: context.kernels)
        results.withLock { $0[block] = found }
      }
      let done = min(images.count, (firstBlock + blocksPerCall) * blockQueries)
      guard progress(FitProgress(done: done, total: images.count, unit: .queries)) else { throw CancellationError() }
    }
    return results.withLock { $0.flatMap { $0 } }
  }

  private func rows(_ images: LabeledImages, on context: ComputeContext) -> NeighborIndex.Rows {
    guard let components else { return .bytes(images.pixels, length: imageShape.count) }
    return .floats(components.project(images, on: context), length: components.count)
  }

  package func probabilities(
    for images: LabeledImages, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> [Float] {
    try predictor(on: context)(images, progress)
  }

  package func predictor(on context: ComputeContext) -> Predictor {
    let index = index(on: context)
    return { images, progress in
      vote(of: try nearest(configuration.neighbors, to: images, in: index, on: context, progress: progress))
    }
  }

  /// Returns the class probabilities of images: (images, classCount).
  /// - Parameter found: of each image at least as many neighbors as vote, the nearest first
  package func vote(of found: [[Neighbor]]) -> [Float] {
    vote(of: found, neighbors: configuration.neighbors, weights: configuration.weights)
  }

  /// Returns the class probabilities of images by the votes of their `neighbors` nearest neighbors, summed from the
  /// nearest on: (images, classCount).
  /// - Parameter found: of each image at least as many neighbors as vote, the nearest first
  func vote(of found: [[Neighbor]], neighbors: Int, weights: Weighting) -> [Float] {
    found.flatMap { found in
      let voters = Array(found.prefix(neighbors))
      var votes = [Double](repeating: 0, count: classCount)
      for (voter, weight) in zip(voters, Self.voteWeights(voters, weights: weights)) {
        votes[Int(training.labels[voter.row])] += weight
      }
      let total = votes.reduce(0, +)
      return votes.map { Float($0 / total) }
    }
  }

  /// Returns the weight of each neighbor's vote.
  package static func voteWeights(_ neighbors: [Neighbor], weights: Weighting) -> [Double] {
    let hasDuplicate = weights == .distance && neighbors.contains { $0.distance == 0 }
    return neighbors.map { neighbor in
      switch weights {
      case .uniform: 1
      case .distance: hasDuplicate ? (neighbor.distance == 0 ? 1 : 0) : 1 / neighbor.distance
      }
    }
  }

  // MARK: Saved form

  package var tensors: [Tensor] {
    let pixels = imageShape.count
    var tensors = [
      Tensor(name: "images", shape: [training.count, pixels], training.pixels),
      Tensor(name: "labels", shape: [training.count], training.labels),
    ]
    if let components {
      tensors += [
        Tensor(name: "components.mean", shape: [pixels], components.mean),
        Tensor(name: "components.directions", shape: [components.count, pixels], components.directions),
        Tensor(name: "components.variances", shape: [components.count], components.variances),
      ]
    }
    return tensors
  }
}

extension NearestNeighbors {
  package init(
    tensors: [Tensor], settings: [String: String], imageShape: ImageShape, classCount: Int
  ) throws(ModelError) {
    func elements<Element: TensorElement>(_ name: String, _ shape: [Int]) throws(ModelError) -> [Element] {
      guard let tensor = tensors.first(where: { $0.name == name }) else {
        throw .badModel("the tensor \(name) is missing")
      }
      guard tensor.shape == shape, let elements = tensor.elements(as: Element.self) else {
        throw .badModel(
          "the tensor \(name) has shape \(tensor.shape) of \(tensor.elementType.rawValue), expected \(shape)")
      }
      return elements
    }
    let configuration = try NeighborsSettings(saved: settings)
    let count = tensors.first { $0.name == "labels" }?.shape.first ?? 0
    do { try configuration.check(images: count, shape: imageShape) } catch { throw .badModel(error.description) }
    let pixels: [UInt8] = try elements("images", [count, imageShape.count])
    let labels: [UInt8] = try elements("labels", [count])
    guard labels.allSatisfy({ Int($0) < classCount }) else {
      throw .badModel("the tensor labels has a label that is not below the number of classes, \(classCount)")
    }
    var components: PrincipalComponents?
    if let number = configuration.components {
      let mean: [Float] = try elements("components.mean", [imageShape.count])
      let directions: [Float] = try elements("components.directions", [number, imageShape.count])
      let variances: [Double] = try elements("components.variances", [number])
      guard (mean + directions).allSatisfy(\.isFinite) else {
        throw .badModel("the principal components have values that are not finite")
      }
      components = PrincipalComponents(mean: mean, directions: directions, variances: variances)
    }
    self.init(
      configuration: configuration, imageShape: imageShape, classCount: classCount,
      training: LabeledImages(shape: imageShape, pixels: pixels, labels: labels), components: components)
  }
}

extension NeighborIndex.Rows {
  /// Returns a range of the rows.
  func part(_ range: Range<Int>) -> NeighborIndex.Rows {
    switch self {
    case .bytes(let values, let length):
      .bytes(Array(values[range.lowerBound * length..<range.upperBound * length]), length: length)
    case .floats(let values, let length):
      .floats(Array(values[range.lowerBound * length..<range.upperBound * length]), length: length)
    }
  }
}
