internal import Compute

extension Network {
  /// The names of all layers, from the input to the output: block1, …, dense1, …, output.
  package var layerNames: [String] {
    plan.blocks.indices.map { "block\($0 + 1)" } + plan.dense.map { String($0.weights.name.prefix { $0 != "." }) }
  }

  /// Returns the network with all parameters of some layers, including running statistics, as before training.
  ///
  /// - Parameters:
  ///   - layers: names from ``layerNames``
  ///   - seed: the seed of the random weights. It is added to the seed of the training, so that the weights differ from
  ///     the initial ones, which the trained weights still resemble.
  package func randomizing(_ layers: [String], seed: UInt64) -> Network {
    let random = plan.initialParameters(seed: configuration.seed &+ 1 &+ seed)
    var parameters = parameters
    for slice in plan.slices where layers.contains(String(slice.name.prefix { $0 != "." })) {
      parameters.replaceSubrange(slice.range, with: random[slice.range])
    }
    return Network(configuration, plan: plan, parameters: parameters, normalization: normalization)
  }
}
