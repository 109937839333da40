package import Compute
package import KernelInterface

/// Updates the parameters by gradients. It owns the state that is kept between steps.
package final class Optimizer {
  private let plan: NetworkPlan
  private let settings: NetworkSettings
  /// (plan.trainableCount) each: the velocity (then `second` is empty), or Adam's two moments.
  package let first, second: AlignedBuffer<Float>
  /// (plan.count), the moving average of all parameters; empty without average.
  package let average: AlignedBuffer<Float>

  // PyTorch's defaults.
  private static let momentum: Float = 0.9
  private static let beta1 = 0.9
  private static let beta2 = 0.999
  private static let epsilon: Float = 1e-8
  /// The weight of a step in the running batch statistics.
  private static let statisticsMomentum: Float = 0.1

  /// Creates the state before the first step. The caller fills ``average``, if it is used, with the initial parameters.
  package init(_ plan: NetworkPlan, settings: NetworkSettings) {
    self.plan = plan
    self.settings = settings
    first = AlignedBuffer(count: plan.trainableCount)
    second = AlignedBuffer(count: settings.optimizer == .sgd ? 0 : plan.trainableCount)
    average = AlignedBuffer(count: settings.weightAverage > 0 ? plan.count : 0)
  }

  /// Returns the factors of step number `step`, counted from 0, for a gradient summed over `images`.
  package func factors(step: Int, of steps: Int, images: Int) -> OptimizerStep {
    let rate = settings.schedule.rate(step: step, of: steps, peak: settings.peakLearningRate)
    return OptimizerStep(
      learningRate: rate, gradientScale: 1 / Float(images), momentum: Self.momentum, beta1: Float(Self.beta1),
      beta2: Float(Self.beta2), epsilon: Self.epsilon,
      firstCorrection: Float(1 / (1 - Self.power(Self.beta1, step + 1))),
      secondCorrection: Float(1 / (1 - Self.power(Self.beta2, step + 1))))
  }

  /// Updates a range of the parameters, whose bounds are multiples of 16. Ranges are independent, so threads may share
  /// the work.
  package func apply(
    _ range: Range<Int>, factors: OptimizerStep, step: Int, gradient: UnsafePointer<Float>,
    parameters: UnsafeMutablePointer<Float>, kernels: any KernelSet.Type
  ) {
    for slice in plan.slices {
      let part = slice.range.clamped(to: range)
      if part.isEmpty { continue }
      if part.lowerBound < plan.trainableCount {
        change(part, slice, factors, gradient, parameters, kernels)
      } else if slice != plan.tally {
        for place in part {
          let value = gradient[place] * factors.gradientScale
          parameters[place] += (value - parameters[place]) * Self.statisticsMomentum
        }
      }
    }
    guard average.count > 0 else { return }
    // The decay grows with the number of steps, so that the average forgets the first steps quickly (as in TensorFlow's
    // ExponentialMovingAverage).
    let past = min(settings.weightAverage, Float(1 + step) / Float(10 + step))
    kernels.moveAverage(
      count: range.count, average: average.pointer + range.lowerBound, values: parameters + range.lowerBound,
      weight: 1 - past)
  }

  private func change(
    _ part: Range<Int>, _ slice: ParameterSlice, _ factors: OptimizerStep, _ gradient: UnsafePointer<Float>,
    _ parameters: UnsafeMutablePointer<Float>, _ kernels: any KernelSet.Type
  ) {
    let (start, decay) = (part.lowerBound, slice.hasWeightDecay ? settings.weightDecay : 0)
    switch settings.optimizer {
    case .sgd:
      kernels.descend(
        count: part.count, step: factors, weightDecay: decay, gradient: gradient + start,
        velocity: first.pointer + start, weights: parameters + start)
    case .adam, .adamw:
      kernels.adam(
        count: part.count, step: factors, weightDecay: decay, decoupled: settings.optimizer == .adamw,
        gradient: gradient + start, firstMoment: first.pointer + start, secondMoment: second.pointer + start,
        weights: parameters + start)
    }
  }

  /// Returns base^exponent by repeated squaring, with the same bits everywhere.
  private static func power(_ base: Double, _ exponent: Int) -> Double {
    var (result, square, rest) = (1.0, base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result *= square }
      square *= square
      rest >>= 1
    }
    return result
  }
}
