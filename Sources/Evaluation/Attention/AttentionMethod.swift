package import Models

/// A method that computes attention maps.
package enum AttentionMethod: String, Sendable, CaseIterable, Codable {
  /// Selvaraju et al., "Grad-CAM: visual explanations from deep networks via gradient-based localization", 2017.
  case gradCAM = "grad-cam"
  /// Chattopadhay et al., "Grad-CAM++: generalized gradient-based visual explanations for deep convolutional networks",
  /// 2018.
  case gradCAMPlusPlus = "grad-cam++"
  /// Draelos and Carin, "Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional neural networks",
  /// 2020.
  case hiResCAM = "hires-cam"
  /// Baseline: random values.
  case random
  /// Baseline: the strength of the edges of the image, independent of the model.
  case sobel

  /// Whether the method ignores the model. A method that is not better than the baselines explains nothing.
  package var isBaseline: Bool { self == .random || self == .sobel }

  /// The three methods that depend on the model.
  package static var modelBased: [AttentionMethod] { allCases.filter { !$0.isBaseline } }
}

extension AttentionMap {
  /// Computes the map of a model-based method at the resolution of the convolution: max(0, sum over channels k of
  /// weight_k U_k).
  /// - Parameter method: not a baseline
  package init(_ method: AttentionMethod, _ features: FeatureMaps) {
    precondition(!method.isBaseline, "a baseline does not use feature maps")
    let pixels = features.height * features.width
    var sums = [Float](repeating: 0, count: pixels)
    for channel in 0..<features.channels {
      let plane = channel * pixels..<(channel + 1) * pixels
      let (values, gradient) = (features.values[plane], features.gradient[plane])
      if method == .hiResCAM {
        for pixel in 0..<pixels { sums[pixel] += gradient[plane.lowerBound + pixel] * values[plane.lowerBound + pixel] }
      } else {
        let weight = method == .gradCAM ? Self.meanGradient(gradient) : Self.positiveGradient(gradient, values)
        for pixel in 0..<pixels { sums[pixel] += weight * values[plane.lowerBound + pixel] }
      }
    }
    // Overflow in the network can make the sums infinite; the map stays finite.
    self.init(
      height: features.height, width: features.width,
      values: sums.map { $0 > 0 ? min($0, .greatestFiniteMagnitude) : 0 })
  }

  /// Grad-CAM's weight of a channel: the mean of the gradient.
  private static func meanGradient(_ gradient: ArraySlice<Float>) -> Float {
    gradient.reduce(0, +) / Float(gradient.count)
  }

  /// Grad-CAM++'s weight of a channel: the sum of a(y, x) max(0, g(y, x)) with a = g² / (2 g² + g³ sum of U), where g
  /// is the gradient of the logit. (The score in the paper is the exponential of the logit, which multiplies all
  /// weights by the same factor.) For positive g, a g = g / (2 + g sum of U), which never divides by zero.
  private static func positiveGradient(_ gradient: ArraySlice<Float>, _ values: ArraySlice<Float>) -> Float {
    let sum = values.reduce(0, +)
    return gradient.reduce(0) { $1 > 0 ? $0 + $1 / (2 + $1 * sum) : $0 }
  }
}
