package import Compute
package import Datasets
package import Progress
internal import Text

/// What most families have in common: a fit is a single task, and answers one configuration.
extension ModelFamily {
  package static func summary(of settings: Settings) -> String { mainSettings(of: settings.text) }
  package static func title(of settings: [String: String]) -> String { title }
  package static var presets: [SettingsPreset<Settings>] { [] }
  package static var presetsHelp: String { presets.map(\.name).alternatives }
  package static var reference: ReferenceModel? { nil }
  package static var predictsOnWorkers: Bool { false }
  package static var predictionUnit: FitProgress.Unit { .images }

  package static func check(_ settings: Settings, images count: Int, shape: ImageShape) throws(ModelError) {
    try settings.check()
  }

  package static func memory(
    of settings: Settings, images count: Int, shape: ImageShape, classCount: Int, queries: Int, threads: Int
  ) -> MemoryEstimate { MemoryEstimate() }

  package static func distribution(of settings: Settings) -> FitDistribution { .tasks(count: 1, unit: .nodes) }

  package static func sharingKey(of settings: Settings) -> [String: String] { settings.text }

  package static func fitShared(
    _ members: [Settings], on images: LabeledImages, classCount: Int, context: ComputeContext,
    progress: @escaping (FitProgress) -> Bool
  ) throws -> SharedPredictor {
    // Settings with equal keys are equal.
    let model = try fit(images, classCount: classCount, settings: members[0], on: context, progress: progress)
    return { images in
      let probabilities = try model.probabilities(for: images, on: context, progress: progress)
      return members.map { _ in probabilities }
    }
  }

  package static func cost(of settings: Settings) -> Double { 1 }

  package static func warning(
    about model: Model, training: LabeledImages, on context: ComputeContext
  ) -> String? { nil }

  package static func outOfBagAccuracy(
    of model: Model, training: LabeledImages, on context: ComputeContext
  ) -> Double? { nil }

  package static func heldOutPredictions(
    of model: Model, training: LabeledImages, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> HeldOutPredictions {
    try companionPredictions(of: model, seed: 0, training: training, on: context, progress: progress)
  }

  package static func tasks(
    _ images: LabeledImages, classCount: Int, settings: Settings, on context: ComputeContext
  ) throws -> any FitTasks {
    WholeFit<Self>(images: images, classCount: classCount, settings: settings, context: context)
  }
}

extension ModelFamily where Part == Model {
  package static func part(
    _ tensors: [Tensor], of tasks: Range<Int>, settings: Settings, imageShape: ImageShape, classCount: Int
  ) throws(ModelError) -> Part {
    try model(tensors: tensors, settings: settings.text, imageShape: imageShape, classCount: classCount)
  }

  package static func model(
    joining parts: [Part], settings: Settings, imageShape: ImageShape, classCount: Int
  ) -> Model { parts[0] }
}

/// A fit that is a single task.
private struct WholeFit<Family: ModelFamily>: FitTasks {
  let images: LabeledImages
  let classCount: Int
  let settings: Family.Settings
  let context: ComputeContext

  func run(_ tasks: Range<Int>, progress: (Int) -> Bool) throws -> [Tensor] {
    try Family.fit(images, classCount: classCount, settings: settings, on: context) { _ in progress(0) }.tensors
  }
}
