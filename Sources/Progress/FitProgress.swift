/// The progress of a fit or a long prediction. It is passed to a closure that returns false to stop.
package struct FitProgress: Sendable, Equatable {
  /// The unit of `done` and `total`.
  package struct Unit: Sendable, Hashable {
    /// In the plural.
    package let rawValue: String
    package let singular: String

    package init(_ plural: String, singular: String) { (rawValue, self.singular) = (plural, singular) }

    package static let images = Unit("images", singular: "image")
    package static let nodes = Unit("nodes", singular: "node")
    package static let queries = Unit("queries", singular: "query")
    package static let fits = Unit("fits", singular: "fit")
    package static let pixels = Unit("pixels", singular: "pixel")
    package static let trees = Unit("trees", singular: "tree")
  }

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

  /// Completed items over all epochs.
  package var doneInAllEpochs: Int { ((epoch ?? 1) - 1) * total + done }

  package init(
    done: Int, total: Int, unit: Unit, epoch: Int? = nil, epochs: Int? = nil, loss: Double? = nil,
    validationAccuracy: Double? = nil
  ) {
    (self.done, self.total, self.unit, self.epoch, self.epochs) = (done, total, unit, epoch, epochs)
    (self.loss, self.validationAccuracy) = (loss, validationAccuracy)
  }
}
