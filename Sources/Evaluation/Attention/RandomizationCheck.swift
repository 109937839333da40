package import Compute
package import Datasets
package import Models
package import Progress

/// A check of whether attention maps depend on the learned weights: the maps are compared with those of the network
/// with randomized layers, from the output layer down (Adebayo et al., "Sanity checks for saliency maps", 2018). A
/// method whose maps do not change shows the image, not what the network has learned.
package struct RandomizationCheck: Sendable, Equatable, Codable {
  /// A network with a number of random layers.
  package struct Stage: Sendable, Equatable, Codable {
    /// The names of the random layers, the output layer first.
    package let layers: [String]
    /// Spearman's rank correlation of the maps with those of the trained network: the mean over the images.
    package let correlation: Double
    /// The standard error of `correlation`; nil for a single image.
    package let correlationError: Double?
  }

  package let method: AttentionMethod
  package let images: Int
  /// From only a random output layer to an entirely random network.
  package let stages: [Stage]
}

extension Network {
  /// Compares attention maps with those of increasingly random networks, for the same classes; returns one check per
  /// method.
  /// - Parameters:
  ///   - block: see ``Network/attentionMaps(_:of:block:labels:seed:on:progress:)``
  ///   - labels: the class to explain in each image; nil for the class predicted by the trained network
  ///   - seed: of the random weights
  /// - Throws: ``ModelError/badSettings(_:)`` if there are no images, or no such block or class; `CancellationError` if
  ///   `progress` returns false.
  package func randomizationCheck(
    _ methods: [AttentionMethod], of images: LabeledImages, block: Int, labels: [UInt8]? = nil, seed: UInt64 = 0,
    on context: ComputeContext, progress: (FitProgress) -> Bool = { _ in true }
  ) throws -> [RandomizationCheck] {
    guard images.count > 0 else { throw ModelError.badSettings("there are no images to check attention maps on") }
    let labels = try labels ?? predictions(for: images, on: context)
    let layers = Array(layerNames.reversed())
    var done = 0
    func maps(_ network: Network) throws -> [[AttentionMap]] {
      defer { done += images.count }
      return try network.attentionMaps(
        methods, of: images, block: block, labels: labels, seed: seed, on: context
      ) { progress(FitProgress(done: done + $0.done, total: (layers.count + 1) * images.count, unit: .images)) }
    }
    let trained = try maps(self).map { maps in context.team.map(maps.count) { AttentionMap.Ranks(maps[$0]) } }
    var stages = [[RandomizationCheck.Stage]](repeating: [], count: methods.count)
    for count in 1...layers.count {
      let random = try maps(randomizing(Array(layers.prefix(count)), seed: seed))
      for method in methods.indices {
        let measured = MeanWithError(
          context.team.map(images.count) { trained[method][$0].correlation(with: .init(random[method][$0])) })
        stages[method].append(
          RandomizationCheck.Stage(
            layers: Array(layers.prefix(count)), correlation: measured.mean, correlationError: measured.error))
      }
    }
    return zip(methods, stages).map { RandomizationCheck(method: $0, images: images.count, stages: $1) }
  }
}
