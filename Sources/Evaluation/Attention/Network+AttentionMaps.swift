package import Compute
package import Datasets
package import Models

extension Network {
  /// Maps of attention of the images' size: a list for each method, with a map for each image.
  /// - Parameters:
  ///   - block: whose convolution is looked at: from 1; later ones know more and see coarser.
  ///   - labels: the class to explain in each image; nil for the class that the model predicts.
  ///   - seed: of the random baseline
  /// - Throws: as ``Network/mapFeatures(of:block:labels:on:progress:_:)``.
  package func attentionMaps(
    _ methods: [AttentionMethod], of images: LabeledImages, block: Int, labels: [UInt8]? = nil, seed: UInt64 = 0,
    on context: ComputeContext, progress: (FitProgress) -> Bool = { _ in true }
  ) throws -> [[AttentionMap]] {
    let shape = images.shape
    let explaining = methods.filter { !$0.isBaseline }
    let explained =
      explaining.isEmpty
      ? []
      : try mapFeatures(of: images, block: block, labels: labels, on: context, progress: progress) { features in
        explaining.map { AttentionMap($0, features).resized(height: shape.height, width: shape.width) }
      }
    return methods.map { method in
      switch method {
      case .random:
        (0..<images.count).map { .random(height: shape.height, width: shape.width, image: $0, seed: seed) }
      case .sobel:
        (0..<images.count).map { .sobel(images.pixels[$0 * shape.count..<($0 + 1) * shape.count], shape) }
      default: explained.map { $0[explaining.firstIndex(of: method)!] }
      }
    }
  }
}
