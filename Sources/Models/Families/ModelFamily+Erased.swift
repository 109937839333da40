package import Compute
package import Datasets
package import Progress
internal import Text

/// The same operations for callers that know a family only by its name.
extension ModelFamily {
  package static var settingsType: any FamilySettings.Type { Settings.self }

  /// The names of the presets.
  package static var presetNames: [String] { presets.map(\.name) }

  /// Returns settings, of which those without a value have that of a preset.
  /// - Parameters:
  ///   - text: the values by name
  ///   - preset: the name of a preset; nil for the default settings
  /// - Throws: ``ModelError/badSettings(_:)``, which says what is allowed
  package static func settings(
    _ text: [String: String], preset name: String? = nil
  ) throws(ModelError) -> ModelSettings {
    guard let name else { return ModelSettings(kind, try Settings(text)) }
    guard let preset = presets.first(where: { $0.name == name }) else {
      throw .badSettings("preset must be \(presetNames.alternatives), not \"\(name.prefix(200))\"")
    }
    var base = preset.settings
    base.prepare(for: text)
    return ModelSettings(kind, try Settings(text, base: base))
  }

  package static func settings(complete text: [String: String]) throws(ModelError) -> ModelSettings {
    ModelSettings(kind, try Settings(complete: text))
  }

  /// Whether workers train the model together, as a network.
  package static var isSynchronous: Bool {
    if case .synchronous = distribution(of: Settings()) { true } else { false }
  }

  /// Whether a training that was stopped can be resumed.
  package static var isResumable: Bool {
    switch distribution(of: Settings()) {
    case .synchronous: true
    case .tasks(let count, _): count > 1
    case .coordinator: false
    }
  }

  private static func typed(_ settings: ModelSettings) -> Settings {
    guard let typed = settings.values as? Settings else { fatalError("these settings are not of \(kind.rawValue)") }
    return typed
  }

  package static func fit(
    _ images: LabeledImages, classCount: Int, settings: ModelSettings, on context: ComputeContext,
    progress: (FitProgress) -> Bool
  ) throws -> any Classifier {
    try fit(images, classCount: classCount, settings: typed(settings), on: context, progress: progress)
  }

  package static func check(_ settings: ModelSettings, images count: Int, shape: ImageShape) throws(ModelError) {
    try check(typed(settings), images: count, shape: shape)
  }

  package static func memory(
    of settings: ModelSettings, images count: Int, shape: ImageShape, classCount: Int, queries: Int, threads: Int
  ) -> MemoryEstimate {
    memory(
      of: typed(settings), images: count, shape: shape, classCount: classCount, queries: queries, threads: threads)
  }

  package static func distribution(of settings: ModelSettings) -> FitDistribution { distribution(of: typed(settings)) }

  package static func tasks(
    _ images: LabeledImages, classCount: Int, settings: ModelSettings, on context: ComputeContext
  ) throws -> any FitTasks {
    try tasks(images, classCount: classCount, settings: typed(settings), on: context)
  }

  package static func sharingKey(of settings: ModelSettings) -> [String: String] { sharingKey(of: typed(settings)) }

  package static func fitShared(
    _ members: [ModelSettings], on images: LabeledImages, classCount: Int, context: ComputeContext,
    progress: @escaping (FitProgress) -> Bool
  ) throws -> SharedPredictor {
    try fitShared(
      members.map(typed), on: images, classCount: classCount, context: context, progress: progress)
  }

  package static func summary(of settings: ModelSettings) -> String { summary(of: typed(settings)) }

  package static func cost(of settings: ModelSettings) -> Double { cost(of: typed(settings)) }

  package static func classifier(
    tensors: [Tensor], settings: [String: String], imageShape: ImageShape, classCount: Int
  ) throws(ModelError) -> any Classifier {
    try model(tensors: tensors, settings: settings, imageShape: imageShape, classCount: classCount)
  }

  private static func typed(_ model: any Classifier) -> Model {
    guard let typed = model as? Model else { fatalError("\(type(of: model)) is not a model of \(kind.rawValue)") }
    return typed
  }

  package static func warning(
    about model: any Classifier, training: LabeledImages, on context: ComputeContext
  ) -> String? {
    warning(about: typed(model), training: training, on: context)
  }

  package static func outOfBagAccuracy(
    of model: any Classifier, training: LabeledImages, on context: ComputeContext
  ) -> Double? {
    outOfBagAccuracy(of: typed(model), training: training, on: context)
  }

  package static func heldOutPredictions(
    of model: any Classifier, training: LabeledImages, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> HeldOutPredictions {
    try heldOutPredictions(of: typed(model), training: training, on: context, progress: progress)
  }

  /// The most important settings with their values, except for those with the value `none`.
  package static func mainSettings(of settings: [String: String]) -> String {
    mainSettings.compactMap { name in settings[name].flatMap { $0 == "none" ? nil : "\(name) \($0)" } }
      .joined(separator: ", ")
  }
}
