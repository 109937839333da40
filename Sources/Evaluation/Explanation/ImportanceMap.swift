internal import Datasets
package import Models

extension DecisionTree {
  /// The impurity importance of each pixel, summed over the channels: (height, width, 1). The sum is 1, or 0 if the
  /// tree is a single leaf.
  package var importanceMap: PixelMap { PixelMap(importances: featureImportances, of: imageShape) }
}

extension Forest {
  /// The impurity importance of each pixel as a mean over the trees, summed over the channels: (height, width, 1). The
  /// sum is 1.
  package var importanceMap: PixelMap { PixelMap(importances: featureImportances, of: imageShape) }
}

extension PixelMap {
  /// - Parameter importances: (height, width, channels)
  fileprivate init(importances: [Double], of shape: ImageShape) {
    self.init(
      shape: ImageShape(height: shape.height, width: shape.width, channels: 1),
      values: stride(from: 0, to: shape.count, by: shape.channels).map { first in
        Float(importances[first..<first + shape.channels].reduce(0, +))
      })
  }
}
