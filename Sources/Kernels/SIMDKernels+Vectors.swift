package import KernelInterface

extension SIMDKernels {
  package static func scale(count: Int, values: UnsafeMutablePointer<Float>, by factor: Float) {
    for place in stride(from: 0, to: count, by: 16) { values.store(values.lanes(at: place) * factor, at: place) }
  }

  package static func add(count: Int, values: UnsafePointer<Float>, to sum: UnsafeMutablePointer<Float>) {
    for place in stride(from: 0, to: count, by: 16) {
      sum.store(sum.lanes(at: place) + values.lanes(at: place), at: place)
    }
  }

  package static func moveAverage(
    count: Int, average: UnsafeMutablePointer<Float>, values: UnsafePointer<Float>, weight: Float
  ) {
    let weight = Lanes(repeating: weight)
    for place in stride(from: 0, to: count, by: 16) {
      let before = average.lanes(at: place)
      average.store(before.addingProduct(values.lanes(at: place) - before, weight), at: place)
    }
  }

  package static func descend(
    count: Int, step: OptimizerStep, weightDecay: Float, gradient: UnsafePointer<Float>,
    velocity: UnsafeMutablePointer<Float>, weights: UnsafeMutablePointer<Float>
  ) {
    let (scale, decay) = (Lanes(repeating: step.gradientScale), Lanes(repeating: weightDecay))
    let (momentum, rate) = (Lanes(repeating: step.momentum), Lanes(repeating: step.learningRate))
    for place in stride(from: 0, to: count, by: 16) {
      let weight = weights.lanes(at: place)
      let slope = (gradient.lanes(at: place) * scale).addingProduct(decay, weight)
      let speed = slope.addingProduct(momentum, velocity.lanes(at: place))
      velocity.store(speed, at: place)
      weights.store(weight.addingProduct(-rate, slope.addingProduct(momentum, speed)), at: place)
    }
  }

  package static func adam(
    count: Int, step: OptimizerStep, weightDecay: Float, decoupled: Bool, gradient: UnsafePointer<Float>,
    firstMoment: UnsafeMutablePointer<Float>, secondMoment: UnsafeMutablePointer<Float>,
    weights: UnsafeMutablePointer<Float>
  ) {
    let scale = Lanes(repeating: step.gradientScale)
    let coupledDecay = Lanes(repeating: decoupled ? 0 : weightDecay)
    let decoupledDecay = Lanes(repeating: decoupled ? 1 - step.learningRate * weightDecay : 1)
    let (beta1, beta2) = (Lanes(repeating: step.beta1), Lanes(repeating: step.beta2))
    let (rest1, rest2) = (Lanes(repeating: 1 - step.beta1), Lanes(repeating: 1 - step.beta2))
    let rate = Lanes(repeating: step.learningRate * step.firstCorrection)
    for place in stride(from: 0, to: count, by: 16) {
      let weight = weights.lanes(at: place)
      let slope = (gradient.lanes(at: place) * scale).addingProduct(coupledDecay, weight)
      let first = (slope * rest1).addingProduct(beta1, firstMoment.lanes(at: place))
      let second = (slope * slope * rest2).addingProduct(beta2, secondMoment.lanes(at: place))
      firstMoment.store(first, at: place)
      secondMoment.store(second, at: place)
      let deviation = (second * step.secondCorrection).squareRoot() + step.epsilon
      weights.store(weight * decoupledDecay - rate * first / deviation, at: place)
    }
  }
}
