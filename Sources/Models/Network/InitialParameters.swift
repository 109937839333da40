internal import Compute

extension NetworkPlan {
  /// Returns the parameters before training: (count).
  ///
  /// Weights are uniform with standard deviation sqrt(2 / inputs) (He et al., 2015), or sqrt(1 / inputs) in the output
  /// layer. Biases, shifts and running means are 0, scales and running variances 1. Each weight is keyed by its
  /// position in the saved model, so padding does not change it.
  package func initialParameters(seed: UInt64) -> [Float] {
    var parameters = [Float](repeating: 0, count: count)
    for (number, tensor) in tensorLayouts.enumerated() {
      switch tensor.role {
      case .weight(let inputs):
        let gain: Float = tensor.slice == lastDense.weights ? 3 : 6
        let bound = (gain / Float(inputs)).squareRoot()
        for index in 0..<tensor.count {
          let words = Philox.words(
            seed: seed, .initialWeights, UInt32(number), UInt32(truncatingIfNeeded: index >> 2))
          parameters[tensor.place(index)] = (2 * Philox.uniform(words[index & 3]) - 1) * bound
        }
      case .one: for index in 0..<tensor.count { parameters[tensor.place(index)] = 1 }
      case .zero: break
      }
    }
    return parameters
  }
}
