package import Compute

/// The state that the rest of a training depends on, besides its settings and images.
///
/// Tensors: `parameters` and the optimizer's vectors in the order of the kernels, the results of the epochs so far, and
/// the parameters of the best epoch.
extension NetworkTrainer {
  package var checkpoint: [Tensor] {
    func floats(_ name: String, _ values: [Float]) -> Tensor { Tensor(name: name, shape: [values.count], values) }
    func doubles(_ name: String, _ values: [Double]) -> Tensor { Tensor(name: name, shape: [values.count], values) }
    return [
      floats("parameters", Array(parameters.elements)),
      floats("optimizer.first", Array(optimizer.first.elements)),
      floats("optimizer.second", Array(optimizer.second.elements)),
      floats("average", Array(optimizer.average.elements)),
      floats("best.parameters", best?.parameters ?? []),
      Tensor(name: "counters", shape: [2], [Int64(step), Int64(best?.epoch ?? -1)]),
      doubles("epoch.sums", [lossSum, correctSum]),
      doubles("history.loss", history.map(\.loss)),
      doubles("history.training-accuracy", history.map(\.trainingAccuracy)),
      doubles("history.validation-accuracy", history.map { $0.validationAccuracy ?? -1 }),
    ]
  }

  /// Resumes from a checkpoint of a trainer with the same settings and images. The training ends with the same bits as
  /// without the interruption.
  /// - Throws: ``ModelError/badModel(_:)`` if the checkpoint does not match.
  package func resume(_ checkpoint: [Tensor]) throws(ModelError) {
    func elements<Element: TensorElement>(_ name: String, count: Int?) throws(ModelError) -> [Element] {
      guard let elements = checkpoint.first(where: { $0.name == name })?.elements(as: Element.self),
        count == nil || elements.count == count
      else {
        throw .badModel("tensor \(name) of the checkpoint does not match this network; it may have other settings")
      }
      return elements
    }
    let parameters: [Float] = try elements("parameters", count: plan.count)
    let first: [Float] = try elements("optimizer.first", count: optimizer.first.count)
    let second: [Float] = try elements("optimizer.second", count: optimizer.second.count)
    let average: [Float] = try elements("average", count: optimizer.average.count)
    let counters: [Int64] = try elements("counters", count: 2)
    let sums: [Double] = try elements("epoch.sums", count: 2)
    let losses: [Double] = try elements("history.loss", count: nil)
    let trainingAccuracies: [Double] = try elements("history.training-accuracy", count: losses.count)
    let validationAccuracies: [Double] = try elements("history.validation-accuracy", count: losses.count)
    let bestEpoch = Int(counters[1])
    let bestParameters: [Float] = try elements("best.parameters", count: bestEpoch < 0 ? 0 : plan.count)
    let epochs = losses.count
    guard epochs <= settings.epochs, bestEpoch < epochs, bestEpoch >= -1,
      counters[0] >= epochs * stepsPerEpoch, counters[0] <= (epochs + 1) * stepsPerEpoch
    else { throw .badModel("the counters of the checkpoint are inconsistent, or belong to other settings") }

    self.parameters.pointer.update(from: parameters, count: parameters.count)
    optimizer.first.pointer.update(from: first, count: first.count)
    optimizer.second.pointer.update(from: second, count: second.count)
    optimizer.average.pointer.update(from: average, count: average.count)
    step = Int(counters[0])
    (lossSum, correctSum) = (sums[0], sums[1])
    best = bestEpoch < 0 ? nil : (bestEpoch, bestParameters)
    history = (0..<epochs).map {
      EpochResult(
        loss: losses[$0], trainingAccuracy: trainingAccuracies[$0],
        validationAccuracy: validationAccuracies[$0] < 0 ? nil : validationAccuracies[$0])
    }
    refresh()
  }
}
