package import Compute
package import Datasets
internal import KernelInterface
package import Progress

/// A fitted convolutional network.
package struct Network: Classifier {
  package var kind: ModelKind { .cnn }

  package let configuration: NetworkSettings
  package let plan: NetworkPlan
  /// (plan.count), in the kernels' order.
  package let parameters: [Float]
  package let normalization: InputNormalization

  package init(
    _ configuration: NetworkSettings, plan: NetworkPlan, parameters: [Float], normalization: InputNormalization
  ) {
    precondition(parameters.count == plan.count)
    self.configuration = configuration
    self.plan = plan
    self.parameters = parameters
    self.normalization = normalization
  }

  package var imageShape: ImageShape { plan.input }
  package var classCount: Int { plan.classCount }
  package var settings: [String: String] { configuration.text }

  // MARK: Saved form

  package var tensors: [Tensor] {
    var tensors = plan.tensorLayouts.map { layout in
      Tensor(
        name: layout.slice.name, shape: layout.shape,
        (0..<layout.count).map { parameters[layout.place($0)] })
    }
    tensors.append(Tensor(name: "input.mean", shape: [imageShape.channels], normalization.mean))
    tensors.append(Tensor(name: "input.deviation", shape: [imageShape.channels], normalization.deviation))
    return tensors
  }

  package init(
    tensors: [Tensor], settings: [String: String], imageShape: ImageShape, classCount: Int
  ) throws(ModelError) {
    let configuration = try NetworkSettings(saved: settings)
    let plan: NetworkPlan
    do { plan = try NetworkPlan(configuration.layers, input: imageShape, classCount: classCount) } catch {
      throw .badModel(error.description)
    }
    func tensor(_ name: String, _ shape: [Int]) throws(ModelError) -> Tensor {
      guard let tensor = tensors.first(where: { $0.name == name }) else {
        throw .badModel("the tensor \(name) is missing")
      }
      guard tensor.shape == shape, tensor.elementType == .float32 else {
        throw .badModel(
          "the tensor \(name) has shape \(tensor.shape) of \(tensor.elementType.rawValue), expected \(shape) of F32")
      }
      return tensor
    }
    func elements(_ name: String, _ shape: [Int]) throws(ModelError) -> [Float] {
      let elements = try tensor(name, shape).elements(as: Float.self) ?? []
      guard elements.allSatisfy(\.isFinite) else {
        throw .badModel("the tensor \(name) has values that are not finite")
      }
      return elements
    }
    // Check all shapes before allocating, so that settings cannot ask for more memory than the file has tensors for.
    for layout in plan.tensorLayouts { _ = try tensor(layout.slice.name, layout.shape) }
    var parameters = [Float](repeating: 0, count: plan.count)
    for layout in plan.tensorLayouts {
      let values = try elements(layout.slice.name, layout.shape)
      for (index, value) in values.enumerated() { parameters[layout.place(index)] = value }
    }
    let channels = [imageShape.channels]
    let normalization = InputNormalization(
      mean: try elements("input.mean", channels), deviation: try elements("input.deviation", channels))
    guard normalization.deviation.allSatisfy({ $0 > 0 }) else {
      throw .badModel("the tensor input.deviation has a value that is not positive")
    }
    self.init(configuration, plan: plan, parameters: parameters, normalization: normalization)
  }

  // MARK: Prediction

  /// The number of images that one thread handles at once: as many as the rows of a matrix product that the kernels
  /// compute at once; fewer if they are large, because patches take most of the memory.
  private var blockImages: Int { max(1, min(14, (1 << 22) / plan.patchCount)) }

  package func probabilities(
    for images: LabeledImages, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> [Float] {
    try check(images.shape)
    let packed = PackedWeights(plan)
    let table = normalization.table
    var result = [Float](repeating: 0, count: images.count * classCount)
    let blockImages = blockImages
    let blocks = (images.count + blockImages - 1) / blockImages
    // By thread, allocated with its first block.
    var workspaces = [ShardWorkspace?](repeating: nil, count: context.team.count)
    // Blocks between two calls of `progress`.
    let blocksPerCall = 16 * context.team.count
    try parameters.withUnsafeBufferPointer { parameters in
      packed.update(from: parameters.baseAddress!, on: context)
      try workspaces.withUnsafeMutableBufferPointer { workspaces in
        try result.withUnsafeMutableBufferPointer { result in
          for firstBlock in stride(from: 0, to: blocks, by: blocksPerCall) {
            context.team.forEach(min(blocksPerCall, blocks - firstBlock)) { offset, thread in
              let workspace = workspaces[thread] ?? ShardWorkspace(plan, images: blockImages, forTraining: false)
              workspaces[thread] = workspace
              let first = (firstBlock + offset) * blockImages
              let pass = ShardPass(
                plan: plan, kernels: context.kernels, parameters: parameters.baseAddress!, packed: packed,
                workspace: workspace)
              predict(images, first..<min(first + blockImages, images.count), pass, table, result)
            }
            let done = min(images.count, (firstBlock + blocksPerCall) * blockImages)
            guard progress(FitProgress(done: done, total: images.count, unit: .images)) else {
              throw CancellationError()
            }
          }
        }
      }
    }
    return result
  }

  private func predict(
    _ images: LabeledImages, _ range: Range<Int>, _ pass: ShardPass, _ table: [Float],
    _ result: UnsafeMutableBufferPointer<Float>
  ) {
    forward(images, range, mirrored: false, pass, table)
    collect(range, pass) { place, probability in result[place] = probability }
    guard configuration.mirror else { return }
    forward(images, range, mirrored: true, pass, table)
    collect(range, pass) { place, probability in result[place] = (result[place] + probability) * 0.5 }
  }

  /// Computes the logits of a range of images in the pass's workspace.
  func forward(
    _ images: LabeledImages, _ range: Range<Int>, mirrored: Bool, _ pass: ShardPass, _ table: [Float]
  ) {
    let workspace = pass.workspace
    let row = plan.input.width * plan.input.channels
    for (place, image) in range.enumerated() {
      images.pixels.withUnsafeBufferPointer { pixels in
        let source = pixels.baseAddress! + image * plan.input.count
        workspace.pixels.pointer.update(from: source, count: plan.input.count)
        guard mirrored else { return }
        for y in 0..<plan.input.height {
          for x in 0..<row {
            let (column, channel) = x.quotientAndRemainder(dividingBy: plan.input.channels)
            workspace.pixels.pointer[y * row + x] =
              source[y * row + (plan.input.width - 1 - column) * plan.input.channels + channel]
          }
        }
      }
      table.withUnsafeBufferPointer { table in
        plan.writePatches(
          pixels: workspace.pixels.pointer, table: table.baseAddress!, normalized: workspace.normalized.pointer,
          patches: workspace.patches.pointer + place * plan.patchCount)
      }
    }
    pass.forward(images: range.count)
  }

  /// Calls `receive` with the probability of each class of each image, and its position in (images, classes).
  private func collect(_ range: Range<Int>, _ pass: ShardPass, _ receive: (_ place: Int, _ probability: Float) -> Void)
  {
    let layer = plan.lastDense
    for (place, image) in range.enumerated() {
      let probabilities = pass.workspace.probabilities.pointer + place * layer.paddedUnits
      _ = pass.kernels.softmax(
        classes: classCount, count: layer.paddedUnits,
        logits: pass.workspace.dense[plan.dense.count - 1].result.pointer + place * layer.paddedUnits,
        probabilities: probabilities)
      for label in 0..<classCount { receive(image * classCount + label, probabilities[label]) }
    }
  }
}
