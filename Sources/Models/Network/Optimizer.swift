package import Compute
package import KernelInterface

/// Changes the parameters by a gradient, and keeps what it remembers between steps.
package final class Optimizer {
  private let plan: NetworkPlan
  private let settings: NetworkSettings
  /// (trainable) each: the velocity, or Adam's two moments.
  package let first, second: AlignedBuffer<Float>
  /// Running average of all parameters: (count), or empty.
  package let average: AlignedBuffer<Float>

  // PyTorch's defaults.
  private static let momentum: Float = 0.9
  private static let beta1 = 0.9
  private static let beta2 = 0.999
  private static let epsilon: Float = 1e-8
  /// Weight of a step in the running batch statistics.
  private static let statisticsMomentum: Float = 0.1

  /// At the beginning of a training: nothing is remembered yet, and ``average`` waits to be filled with the first parameters.
  package init(_ plan: NetworkPlan, settings: NetworkSettings) {
    self.plan = plan
    self.settings = settings
    first = AlignedBuffer(count: plan.trainableCount)
    second = AlignedBuffer(count: settings.optimizer == .sgd ? 0 : plan.trainableCount)
    average = AlignedBuffer(count: settings.weightAverage > 0 ? plan.count : 0)
  }

  /// The factors of step number `step`, from 0, for a gradient summed over `images`.
  package func factors(step: Int, of steps: Int, images: Int) -> OptimizerStep {
    let rate = settings.schedule.rate(step: step, of: steps, peak: settings.peakLearningRate)
    return OptimizerStep(
      learningRate: rate, gradientScale: 1 / Float(images), momentum: Self.momentum, beta1: Float(Self.beta1),
      beta2: Float(Self.beta2), epsilon: Self.epsilon,
      firstCorrection: Float(1 / (1 - Self.power(Self.beta1, step + 1))),
      secondCorrection: Float(1 / (1 - Self.power(Self.beta2, step + 1))))
  }

  /// Changes `range` of the parameters: multiples of 16. Ranges do not depend on each other, so threads may share the work.
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
    // The average forgets the first steps quickly: its memory grows with the steps taken (as in TensorFlow's ExponentialMovingAverage).
    let past = min(settings.weightAverage, Float(1 + step) / Float(10 + step))
    kernels.moveAverage(
      count: range.count, average: average.pointer + range.lowerBound, values: parameters + range.lowerBound,
      weight: 1 - past)
  }

  private func change(
    _ part: Range<Int>, _ slice: ParameterSlice, _ factors: OptimizerStep, _ gradient: UnsafePointer<Float>,
    _ parameters: UnsafeMutablePointer<Float>, _ kernels: any KernelSet.Type
  ) {
    let (start, decay) = (part.lowerBound, slice.decays ? settings.weightDecay : 0)
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

  /// base^exponent by repeated squaring: the same bits everywhere.
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
