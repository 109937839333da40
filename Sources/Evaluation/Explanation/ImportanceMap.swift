internal import Datasets
package import Models

extension DecisionTree {
  /// How much each pixel's splits reduce impurity, channels added up: (height, width, 1), with the sum 1 (0 if the tree is one leaf).
  package var importanceMap: PixelMap { PixelMap(importances: featureImportances, of: imageShape) }
}

extension Forest {
  /// How much each pixel's splits reduce impurity, as a mean over trees, channels added up: (height, width, 1), with the sum 1.
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
