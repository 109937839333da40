package import Compute
package import Datasets
package import Models
package import Progress

extension Network {
  /// Computes attention maps of the images' size: for each method, one map per image.
  /// - Parameters:
  ///   - block: the block whose convolution is used, from 1; later blocks have more abstract features at a lower
  ///     resolution.
  ///   - labels: the class to explain in each image; nil for the predicted class
  ///   - seed: of the random baseline
  /// - Throws: see ``Network/mapFeatures(of:block:labels:on:progress:_:)``.
  package func attentionMaps(
    _ methods: [AttentionMethod], of images: LabeledImages, block: Int, labels: [UInt8]? = nil, seed: UInt64 = 0,
    on context: ComputeContext, progress: (FitProgress) -> Bool = { _ in true }
  ) throws -> [[AttentionMap]] {
    let shape = images.shape
    let modelBased = methods.filter { !$0.isBaseline }
    let explained =
      modelBased.isEmpty
      ? []
      : try mapFeatures(of: images, block: block, labels: labels, on: context, progress: progress) { features in
        modelBased.map { AttentionMap($0, features).resized(height: shape.height, width: shape.width) }
      }
    return methods.map { method in
      switch method {
      case .random:
        (0..<images.count).map { .random(height: shape.height, width: shape.width, image: $0, seed: seed) }
      case .sobel:
        (0..<images.count).map { .sobel(images.pixels[$0 * shape.count..<($0 + 1) * shape.count], shape) }
      default: explained.map { $0[modelBased.firstIndex(of: method)!] }
      }
    }
  }
}
