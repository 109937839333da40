/// The progress of a fit or a long prediction. It is passed to a closure that returns false to stop.
package struct FitProgress: Sendable, Equatable {
  /// The unit of `done` and `total`.
  package enum Unit: String, Sendable { case images, trees, nodes, queries, fits, pixels, iterations }

  package var done: Int
  /// 0 if it is not known, or if there is nothing to count.
  package var total: Int
  package var unit: Unit
  /// From 1; nil for models that are not trained in epochs.
  package var epoch: Int?
  package var epochs: Int?
  /// Mean training loss of the epoch so far.
  package var loss: Double?
  /// Accuracy on the validation set, at the end of an epoch.
  package var validationAccuracy: Double?

  package init(
    done: Int, total: Int, unit: Unit, epoch: Int? = nil, epochs: Int? = nil, loss: Double? = nil,
    validationAccuracy: Double? = nil
  ) {
    (self.done, self.total, self.unit, self.epoch, self.epochs) = (done, total, unit, epoch, epochs)
    (self.loss, self.validationAccuracy) = (loss, validationAccuracy)
  }
}
