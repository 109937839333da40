package import Compute
package import Datasets
package import Progress

/// A family of models: everything that distinguishes its models from those of other families. A family is a folder of
/// `Models` and an entry of ``ModelFamilies``.
///
/// A fit consists of independent tasks (as many as the trees of a forest, or only one), or it is the training of a
/// network by all workers together, or it is too short to be distributed: see ``FitDistribution``.
package protocol ModelFamily: Sendable {
  associatedtype Settings: FamilySettings
  associatedtype Model: Classifier
  /// The result of some tasks of a fit.
  associatedtype Part: Sendable = Model

  /// The name in commands and files.
  static var kind: ModelKind { get }
  /// The name in reports: "Random forest".
  static var title: String { get }
  /// The name of a model with these settings in reports.
  static func title(of settings: [String: String]) -> String
  /// The name in sentences, with its article: "a random forest".
  static var noun: String { get }
  /// What a user should know about the family's training, and an example, for the help.
  static var discussion: String { get }
  /// An example of a search, for the help: the arguments after `atelier sweep NAME`.
  static var searchExample: String { get }
  /// The most important settings, for a cell of a table.
  static var mainSettings: [String] { get }
  /// The settings in a few words, for a cell of a table: "300 trees".
  static func summary(of settings: Settings) -> String
  /// Named settings that others modify: `--preset`.
  static var presets: [SettingsPreset<Settings>] { get }
  /// The presets in a clause, for the help.
  static var presetsHelp: String { get }
  /// The model of the reference study; nil if it has none of this family.
  static var reference: ReferenceModel? { get }

  // MARK: Fit

  /// Fits a model in this process.
  ///
  /// - Parameters:
  ///   - images: images whose labels are below `classCount`
  ///   - progress: called with the progress; returns false to stop
  /// - Throws: ``ModelError``; `CancellationError` if stopped
  static func fit(
    _ images: LabeledImages, classCount: Int, settings: Settings, on context: ComputeContext,
    progress: (FitProgress) -> Bool
  ) throws -> Model

  /// Checks settings against the images.
  /// - Throws: ``ModelError/badSettings(_:)``
  static func check(_ settings: Settings, images count: Int, shape: ImageShape) throws(ModelError)

  /// Estimates the memory of a fit.
  /// - Parameters:
  ///   - count: the number of training images
  ///   - queries: the number of images classified in one call
  ///   - threads: the number of threads of each computing process
  static func memory(
    of settings: Settings, images count: Int, shape: ImageShape, classCount: Int, queries: Int, threads: Int
  ) -> MemoryEstimate

  /// How workers fit a model with these settings.
  static func distribution(of settings: Settings) -> FitDistribution

  // MARK: Tasks of a fit

  /// Prepares the tasks of a fit, on a worker.
  /// - Throws: ``ModelError``
  static func tasks(
    _ images: LabeledImages, classCount: Int, settings: Settings, on context: ComputeContext
  ) throws -> any FitTasks

  /// Reads the result of some tasks.
  /// - Parameter tensors: as ``FitTasks/run(_:progress:)`` returned them; they may come from another process
  /// - Throws: ``ModelError/badModel(_:)``
  static func part(
    _ tensors: [Tensor], of tasks: Range<Int>, settings: Settings, imageShape: ImageShape, classCount: Int
  ) throws(ModelError) -> Part

  /// Returns the model that the results of all tasks give.
  /// - Parameter parts: in the order of the tasks
  static func model(joining parts: [Part], settings: Settings, imageShape: ImageShape, classCount: Int) -> Model

  // MARK: Searches

  /// The settings that fits must have in common so that one fit can answer them: those with equal keys are passed to
  /// ``fitShared(_:on:classCount:context:progress:)`` together.
  static func sharingKey(of settings: Settings) -> [String: String]

  /// Fits configurations with equal keys at once, with the results of separate fits.
  /// - Returns: a closure that computes the class probabilities of images by each of them: (images, classes)
  static func fitShared(
    _ members: [Settings], on images: LabeledImages, classCount: Int, context: ComputeContext,
    progress: @escaping (FitProgress) -> Bool
  ) throws -> SharedPredictor

  /// The time of a fit relative to others of the family on the same images. It affects only the order of tasks.
  static func cost(of settings: Settings) -> Double

  // MARK: Models

  /// Rebuilds a model. Predictions are bit-identical to those of the model that was saved.
  ///
  /// - Throws: ``ModelError`` if a tensor or setting is missing or does not match the others. No input crashes.
  static func model(
    tensors: [Tensor], settings: [String: String], imageShape: ImageShape, classCount: Int
  ) throws(ModelError) -> Model

  /// Whether predicting many images takes longer than sending the model to the workers.
  static var predictsOnWorkers: Bool { get }

  /// What the progress of a long prediction counts.
  static var predictionUnit: FitProgress.Unit { get }

  /// Returns what a user should know about a fit, such as that it has not converged; nil if there is nothing.
  static func warning(about model: Model, training: LabeledImages, on context: ComputeContext) -> String?

  /// Returns the out-of-bag accuracy: that on the training images, each classified by the parts of the model that were
  /// not fitted on it; nil if there are none.
  static func outOfBagAccuracy(of model: Model, training: LabeledImages, on context: ComputeContext) -> Double?

  /// Classifies training images by models, or parts of a model, that were not fitted on them.
  ///
  /// - Parameter training: the images that the model was fitted on, in the same order
  /// - Throws: `CancellationError` if stopped; errors of fits and predictions
  static func heldOutPredictions(
    of model: Model, training: LabeledImages, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> HeldOutPredictions
}

/// How a fit is distributed among the workers.
package enum FitDistribution: Sendable {
  /// Independent tasks. If there is only one, its worker fits the whole model.
  case tasks(count: Int, unit: FitProgress.Unit)
  /// All workers train a network together. Its model is a ``Network``, and its family is ``ModelKind/cnn``.
  case synchronous(NetworkSettings)
  /// The coordinator fits the model, which takes less time than sending the images.
  case coordinator
}

/// The tasks of one fit on one worker, with data that is prepared once for all of them.
package protocol FitTasks {
  /// Runs some tasks.
  ///
  /// - Parameter progress: called with the number of these tasks done; returns false to stop
  /// - Returns: tensors that ``ModelFamily/part(_:of:settings:imageShape:classCount:)`` reads
  /// - Throws: ``ModelError``; `CancellationError` if stopped
  func run(_ tasks: Range<Int>, progress: (Int) -> Bool) throws -> [Tensor]
}

/// Computes the class probabilities of images by several models: (images, classes) each.
package typealias SharedPredictor = (_ images: LabeledImages) throws -> [[Float]]

/// A named set of settings, which options modify.
package struct SettingsPreset<Settings: FamilySettings>: Sendable {
  package let name: String
  package let settings: Settings

  package init(_ name: String, _ settings: Settings) { (self.name, self.settings) = (name, settings) }
}

/// A model of the reference study, and its accuracy there on the test images of Fashion-MNIST.
package struct ReferenceModel: Sendable {
  package let settings: ModelSettings
  package let accuracy: Double
  /// The first digits of the digest that one process computes on Fashion-MNIST. Any number of workers gives the same.
  package let knownDigest: String
}
