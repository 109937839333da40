package import Compute
package import Datasets
package import Progress

/// The kind of a model to fit, and everything that the fit depends on besides the images.
package struct ModelSettings: Sendable, Equatable {
  package let kind: ModelKind
  package let values: any FamilySettings

  /// - Parameter values: settings of this kind's family
  package init(_ kind: ModelKind, _ values: any FamilySettings) { (self.kind, self.values) = (kind, values) }

  /// Reads settings. Those that are missing have their defaults.
  ///
  /// - Parameter text: the values by name
  /// - Throws: ``ModelError/badSettings(_:)``, which says what is allowed.
  package init(_ kind: ModelKind, _ text: [String: String]) throws(ModelError) {
    self = try kind.family.settings(text)
  }

  /// Reads settings that another process or an earlier run has written.
  /// - Throws: ``ModelError/badSettings(_:)`` if a setting is missing, unknown or invalid.
  package init(_ kind: ModelKind, complete text: [String: String]) throws(ModelError) {
    self = try kind.family.settings(complete: text)
  }

  package static func == (first: ModelSettings, second: ModelSettings) -> Bool {
    first.kind == second.kind && first.text == second.text
  }

  /// The settings as text, by name.
  package var text: [String: String] { values.text }

  /// Checks the settings against the images.
  /// - Throws: ``ModelError/badSettings(_:)``
  package func check(images count: Int, shape: ImageShape) throws(ModelError) {
    try kind.family.check(self, images: count, shape: shape)
  }

  /// Fits the model in this process.
  ///
  /// - Parameter progress: called with the progress of the fit; returns false to stop
  /// - Throws: ``ModelError/badSettings(_:)``; `CancellationError` if stopped.
  package func fit(
    _ images: LabeledImages, classCount: Int, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> any Classifier {
    try kind.family.fit(images, classCount: classCount, settings: self, on: context, progress: progress)
  }

  /// Estimates the memory of a fit.
  /// - Parameters:
  ///   - count: the number of training images
  ///   - queries: the number of images classified in one call
  ///   - threads: the number of threads of each computing process
  /// - Returns: an empty estimate for invalid settings, which the fit reports
  package func memory(
    images count: Int, of shape: ImageShape, classCount: Int, queries: Int, threads: Int
  ) -> MemoryEstimate {
    kind.family.memory(
      of: self, images: count, shape: shape, classCount: classCount, queries: queries, threads: threads)
  }

  /// How workers fit the model.
  package var distribution: FitDistribution { kind.family.distribution(of: self) }
}
