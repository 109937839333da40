internal import Compute

extension Network {
  /// The names of all layers, from the input to the output: block1, …, dense1, …, output.
  package var layerNames: [String] {
    plan.blocks.indices.map { "block\($0 + 1)" } + plan.dense.map { String($0.weights.name.prefix { $0 != "." }) }
  }

  /// The network with all parameters of some layers, running statistics included, as they are before training.
  /// - Parameters:
  ///   - layers: of ``layerNames``
  ///   - seed: of the random weights. The seed of the training counts too: the network still resembles the weights that it began with.
  package func randomizing(_ layers: [String], seed: UInt64) -> Network {
    let random = plan.initialParameters(seed: configuration.seed &+ 1 &+ seed)
    var parameters = parameters
    for slice in plan.slices where layers.contains(String(slice.name.prefix { $0 != "." })) {
      parameters.replaceSubrange(slice.range, with: random[slice.range])
    }
    return Network(configuration, plan: plan, parameters: parameters, normalization: normalization)
  }
}
