/// The change of the learning rate over the steps of a training.
package enum LearningRateSchedule: String, Sendable, CaseIterable {
  case constant
  /// Half a cosine from the peak to zero (Loshchilov and Hutter, "SGDR", 2017).
  case cosine
  /// A linear rise to the peak in the first quarter, then half a cosine to almost zero (Smith and Topin,
  /// "Super-convergence", 2018).
  case oneCycle = "one-cycle"

  /// Returns the learning rate of step number `step` of `steps`, counted from 0.
  package func rate(step: Int, of steps: Int, peak: Float) -> Float {
    let position = Double(step) / Double(max(steps, 1))
    switch self {
    case .constant: return peak
    case .cosine: return peak * Float(Self.halfCosine(position))
    case .oneCycle:
      let rise = 0.25
      if position < rise { return peak * Float(0.04 + 0.96 * (position / rise)) }
      return peak * Float(max(1e-4, Self.halfCosine((position - rise) / (1 - rise))))
    }
  }

  /// Returns (1 + cos(pi x)) / 2 for x in 0...1, by the Taylor series around 1/2, because libm's cosine differs between
  /// systems.
  static func halfCosine(_ x: Double) -> Double {
    let angle = Double.pi * (x - 0.5)
    var term = angle
    var sine = angle
    for order in stride(from: 3.0, through: 23, by: 2) {
      term *= -angle * angle / (order * (order - 1))
      sine += term
    }
    return (1 - sine) / 2
  }
}
