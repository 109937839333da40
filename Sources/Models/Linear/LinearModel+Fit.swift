package import Compute
package import Datasets
package import Progress
internal import Text

/// A fitted linear model, with the result of its solver.
package struct LinearFit: Sendable {
  package let model: LinearModel
  package let iterations: Int
  /// Half the sum of the squared weights, plus C times the sum of the cross-entropies.
  package let objective: Double
  /// The largest derivative of the mean loss, with its penalty. The fit has converged if it is at most the tolerance.
  package let slope: Double
}

extension LinearModel {
  /// Fits the model.
  ///
  /// - Parameter progress: called with the number of iterations done and the mean loss; returns false to stop
  /// - Throws: ``ModelError/badSettings(_:)``; `CancellationError` if stopped.
  package static func fit(
    _ images: LabeledImages, classCount: Int, settings: LinearSettings, on context: ComputeContext,
    progress: (FitProgress) -> Bool
  ) throws -> LinearModel {
    try solve(images, classCount: classCount, settings: settings, on: context, progress: progress).model
  }

  /// Fits the model, and returns it with the result of the solver.
  ///
  /// For two classes, scikit-learn penalizes one vector of weights, the difference of the two here: the same model
  /// results there from twice the C.
  package static func solve(
    _ images: LabeledImages, classCount: Int, settings: LinearSettings, on context: ComputeContext,
    progress: (FitProgress) -> Bool
  ) throws -> LinearFit {
    try settings.check()
    guard images.count > 0, images.shape.count > 0 else {
      throw ModelError.badSettings("a linear model needs at least one training image")
    }
    guard images.labels.allSatisfy({ $0 < classCount }) else {
      throw ModelError.badSettings("the images have labels above their \(counted(classCount, "class", "classes"))")
    }
    func report(_ iterations: Int, _ loss: Double?) -> Bool {
      progress(FitProgress(done: iterations, total: settings.iterations, unit: .iterations, loss: loss))
    }
    let objective = try LinearObjective(of: images, strength: settings.inverseRegularization, on: context) {
      guard report(0, nil) else { throw CancellationError() }
    }
    var iterations = -1
    let start = [Double](repeating: 0, count: objective.count)
    let last = try LimitedMemoryBFGS.minimize(from: start, evaluate: objective.evaluate) { point in
      iterations += 1
      let scale = settings.inverseRegularization * Double(images.count)
      guard report(iterations, point.value / scale) else { throw CancellationError() }
      return objective.slope <= settings.tolerance || iterations == settings.iterations
    }
    let solution = objective.evaluate(last.position)
    let fitted = objective.model(at: solution.position)
    return LinearFit(
      model: LinearModel(
        configuration: settings, imageShape: images.shape, classCount: classCount, classes: objective.classes,
        fitted: fitted, iterations: iterations),
      iterations: iterations, objective: solution.value, slope: objective.slope)
  }

  /// Creates a model from the weights of the classes that training images have.
  private init(
    configuration: LinearSettings, imageShape: ImageShape, classCount: Int, classes: [Int],
    fitted: (weights: [Float], intercepts: [Float]), iterations: Int
  ) {
    let features = imageShape.count
    var weights = [Float](repeating: 0, count: classCount * features)
    var intercepts = [Float](repeating: -.infinity, count: classCount)
    for (place, label) in classes.enumerated() {
      weights.replaceSubrange(
        label * features..<(label + 1) * features, with: fitted.weights[place * features..<(place + 1) * features])
      intercepts[label] = fitted.intercepts[place]
    }
    self.init(
      configuration: configuration, imageShape: imageShape, classCount: classCount, weights: weights,
      intercepts: intercepts, iterations: iterations)
  }
}
